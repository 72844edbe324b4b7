"""Makes `generate_nest_target(...)` and `nest.Install(...)` work with NEST's wheel.

    python -m nest_lab.toolchain

prepares the environment whose Python runs it, once; no root is needed if that is the user's own.
Four things are wrong in the wheel, and each is mended where it is read:

- `nest-config` answers with paths of the machine that built the wheel: replaced by ours;
- `nest.build_info["prefix"]` names that machine too, and NESTML looks for `nest-config` there:
  NESTML's default is set when it is imported (`nest_lab.hook`);
- NEST looks for compiled models in that prefix only: the loader's path is set when Python starts;
- some headers can't be included twice, as they are when a module is compiled as one file: guarded.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PTH = "nest_lab.pth"
_ONCE = "#pragma once\n"


class ToolchainError(Exception):
    """The environment can't be prepared; the message says why and what to do."""


def nest_folder() -> Path:
    """The folder of the installed `nest` package, found without importing it.

    Raises ToolchainError when NEST isn't installed.
    """
    spec = find_spec("nest")
    if spec is None or spec.origin is None:
        raise ToolchainError(f"no nest-simulator in {sys.prefix} -> install requirements.txt")
    return Path(spec.origin).parent


def write_nest_config(prefix: Path) -> Path:
    """Writes the corrected `nest-config` into `prefix`/bin and returns its path."""
    template = (Path(__file__).parent / "nest-config").read_text(encoding="utf-8")
    text = template.replace("@NEST@", str(nest_folder()))
    target = prefix / "bin" / "nest-config"
    target.write_text(text.replace("@VERSION@", version("nest-simulator")), encoding="utf-8")
    target.chmod(0o755)
    return target


def write_startup() -> Path:
    """Writes the file by which every Python of this environment starts `nest_lab.hook`."""
    target = Path(sysconfig.get_path("purelib")) / PTH
    text = f"import nest_lab.hook; nest_lab.hook.start({version('nest-simulator')!r})\n"
    target.write_text(text, encoding="utf-8")
    return target


def guard_headers() -> int:
    """Has a compiler read each of NEST's headers once; returns how many had no such guard."""
    bare = 0
    for header in (nest_folder() / "include" / "nest").glob("*.h"):
        text = header.read_text(encoding="utf-8")
        if "#ifndef" not in text and _ONCE not in text:
            header.write_text(_ONCE + text, encoding="utf-8")
            bare += 1
    return bare


def missing_tools() -> list[str]:
    """What compiling needs and this machine lacks, as names of Debian packages."""
    tools = {"g++": "g++", "make": "make"}
    missing = [package for tool, package in tools.items() if not shutil.which(tool)]
    headers = {
        "gsl/gsl_errno.h": "libgsl-dev",
        "boost/tuple/tuple.hpp": "libboost-dev",
        "ltdl.h": "libltdl-dev",
    }
    roots = [Path("/usr/include"), Path("/usr/local/include")]
    for header, package in headers.items():
        if not any((root / header).exists() for root in roots):
            missing.append(package)
    return missing


def main() -> int:
    """Prepares this environment; returns the exit code."""
    prefix = Path(sys.prefix)
    try:
        print(f"toolchain: wrote {write_nest_config(prefix)}")
        print(f"toolchain: wrote {write_startup()}")
        print(f"toolchain: guarded {guard_headers()} of NEST's headers")
    except (ToolchainError, OSError) as error:
        print(f"toolchain: {error}", file=sys.stderr)
        return 1
    if missing := missing_tools():
        print(f"toolchain: NESTML can't compile without: {' '.join(missing)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
