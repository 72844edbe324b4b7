"""Compiled NESTML models, kept: `generate_nest_target(...)` returns at once for a model it knows.

Takes the place of NESTML's function of the same name (`nest_lab.hook` sees to that). What is kept
is the finished module alone, nothing of the model's text or the generated code, in two folders:

- the image's, read-only in a lab: the one that NEST_MODULE_CACHE names, or `IMAGE`. While an image
  is built it is writable, and what is compiled with that variable set is put there;
- the user's own, `cache` in the folder that NEST_MODULES names.

A file's name is a hash of all that shapes the module, and a hash of its content, by which a
damaged file is noticed.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pynestml

IMAGE = "/usr/local/share/nest-modules"
# Strings, which may hold a #, are matched to be kept.
_STRING_OR_COMMENT = re.compile(r'("(?:\\[\s\S]|[^"\\\r\n])*")|#[^\r\n]*')
# Options that say how to compile, and not what.
_WITHOUT_EFFECT = {"max_n_compiler_processes", "redirect_build_output", "build_output_dir"}


def generate_nest_target(
    input_path: str | Sequence[str],
    target_path: str | None = None,
    install_path: str | None = None,
    logging_level: str = "ERROR",
    module_name: str | None = None,
    store_log: bool = False,
    suffix: str = "",
    dev: bool = False,
    codegen_opts: Mapping[str, Any] | None = None,
) -> None:
    """Generates and compiles models for NEST, unless that was done before.

    The arguments are those of NESTML's function, which does the work and raises its exceptions.
    With `install_path`, `store_log`, `dev` or own templates it always does the work.
    """
    arguments = {
        "input_path": input_path,
        "target_path": target_path,
        "install_path": install_path,
        "logging_level": logging_level,
        "module_name": module_name,
        "store_log": store_log,
        "suffix": suffix,
        "dev": dev,
        "codegen_opts": codegen_opts,
    }
    name = "nestmlmodule" if module_name is None else module_name
    options = dict(codegen_opts or {})
    always = install_path or store_log or dev or "templates" in options
    try:
        key = None if always else _key(_texts(input_path), name, suffix, options)
        if key:
            Path("target" if target_path is None else target_path).mkdir(exist_ok=True)
    except (OSError, TypeError, ValueError):
        key = None  # NESTML says what is wrong
    if key is None:
        _nestml(name, arguments)
    elif not _install(key, name):
        with _one_at_a_time():
            # Another kernel may have compiled it by now.
            if not _install(key, name):
                _compile(key, name, arguments)


def _own() -> Path:
    return Path(os.environ["NEST_MODULES"], "cache")


def _image() -> Path:
    return Path(os.environ.get("NEST_MODULE_CACHE", IMAGE))


def _install(key: str, name: str) -> bool:
    """Puts the module that is kept for `key` where NEST finds it; whether there is one."""
    module = _find(key)
    if module is None:
        return False
    _write(_installed(name), module)
    print(f"{name}: compiled before")
    return True


def _installed(name: str) -> Path:
    return Path(os.environ["NEST_MODULES"], "lib", "nest", f"{name}.so")


def _nestml(name: str, arguments: dict[str, Any]) -> bool:
    """NESTML's own work, when it is this lab's turn; whether a model had errors."""
    with _turn():
        # Takes a second to import.
        from pynestml.frontend.frontend_configuration import FrontendConfiguration
        from pynestml.frontend.pynestml_frontend import generate_target

        from nest_lab.building import timed

        FrontendConfiguration.install_path = None  # NESTML would use that of an earlier call
        with timed(name):
            return bool(generate_target(target_platform="NEST", **arguments))


def _turn() -> contextlib.AbstractContextManager[None]:
    """Where labs share a machine, the wait until this one may compile."""
    try:
        from courseware.lab.turn import turn
    except ImportError:  # an environment without the course's package
        return contextlib.nullcontext()
    return turn()


def _compile(key: str, name: str, arguments: dict[str, Any]) -> None:
    with _modules_elsewhere():
        failed = _nestml(name, arguments)
        built = _installed(name)
        module = built.read_bytes() if built.exists() else None
    if module:
        _write(_installed(name), module)
        if not failed:  # otherwise a model is missing in it, and NESTML shall say so again
            _keep(key, module)


def _texts(input_path: str | Sequence[str]) -> list[str]:
    """What counts of the models' files and folders: no comments, no space at lines' ends."""
    files: list[str] = []
    for path in [input_path] if isinstance(input_path, str) else input_path:
        inside = glob.glob(os.path.join(path, "**", "*.nestml"), recursive=True)
        files += inside if os.path.isdir(path) else [path]
    return sorted(_normal(Path(file).read_text(encoding="utf-8")) for file in files)


def _normal(text: str) -> str:
    bare = _STRING_OR_COMMENT.sub(lambda match: match[1] or "", text)
    return "\n".join(filter(None, map(str.rstrip, bare.splitlines())))


def _key(texts: list[str], name: str, suffix: str, options: Mapping[str, Any]) -> str:
    """The hash of all that shapes a module. Raises OSError where there is no compiler."""
    options = {name: value for name, value in options.items() if name not in _WITHOUT_EFFECT}
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False)
    tools = [
        pynestml.__version__,
        Path(sys.prefix, "bin", "nest-config").read_text(),  # NEST's version and all flags
        compiler.stdout,
        os.uname().machine,
    ]
    known = json.dumps([texts, name, suffix, options, tools], sort_keys=True, default=repr)
    return _hash(known.encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]


def _find(key: str) -> bytes | None:
    """The content of the module that is kept for `key`, if there is one."""
    for folder in (_image(), _own()):
        for path in folder.glob(f"{key}-*.so"):
            content = path.read_bytes()
            if path.name == f"{key}-{_hash(content)}.so":
                return content
    return None


def _keep(key: str, module: bytes) -> None:
    """Writes a module where it is found again; says so when it can't, since it is of use anyway."""
    folder = _image() if _builds_image() else _own()
    try:
        _write(folder / f"{key}-{_hash(module)}.so", module)
    except OSError as error:
        print(f"The module works, but can't be kept for the next time: {error}", file=sys.stderr)


def _builds_image() -> bool:
    if "NEST_MODULE_CACHE" not in os.environ:
        return False
    with contextlib.suppress(OSError):
        _image().mkdir(parents=True, exist_ok=True)
    return os.access(_image(), os.W_OK)


def _write(path: Path, content: bytes) -> None:
    """Writes a new file and gives it the name: what NEST has loaded of an old one stays as it is,
    and nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(new, 0o644)  # an image is read by other users
        os.replace(new, path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Waits for the user's other kernels: a lab may lack the memory for two compilations."""
    _own().mkdir(parents=True, exist_ok=True)
    with open(_own() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _modules_elsewhere() -> Iterator[None]:
    """Has NESTML install into a new folder, so that what is in it is whole and from this call."""
    usual = os.environ["NEST_MODULES"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NEST_MODULES"] = folder
        try:
            yield
        finally:
            os.environ["NEST_MODULES"] = usual
