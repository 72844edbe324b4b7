"""The course's environment as a Jupyter kernel, for a JupyterHub that is there already.

A computing centre has neither containers nor root for its users. `write` makes a folder to hand
out there: the packages that the course's image pins, an installer for an ordinary user, and a
README for participants and for the centre's staff.

What only a recipe knows is in its folder of `images/`: `kernel.sh needs` prints what a machine
must have, as a Markdown list, and `kernel.sh install` prepares an environment. It finds the
recipe's own folders beside itself.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from courseware.course import Course
from courseware.errors import UserError
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloudlab.digest import SKIPPED, inputs_sha256
from cloudlab.workspace import REPOSITORY

IMAGES = REPOSITORY / "images"
COURSEWARE = REPOSITORY / "course" / "courseware"
TEMPLATES = Path(__file__).with_name("kernel")
# Of the lab's packages a kernel needs these and what they need. setuptools builds the packages
# that come as source only, as in the image (see images/lab/bin/pip-install).
BUILDS = "setuptools"
OF_THE_LAB = ("ipykernel", BUILDS)

_FIRST_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==", re.MULTILINE)
_VIA = re.compile(r"^ +# +(?:via )?([A-Za-z0-9][\w.-]*)$", re.MULTILINE)


def write(course: Course, folder: Path) -> None:
    """Write the kernel's files into `folder`, which must not exist.

    The same course gives the same bytes. Nothing in it is secret: no solution, no official check.
    Raises UserError when the recipe's hook fails.
    """
    folder.mkdir(parents=True)
    pins = merged_lock(course)
    (folder / "requirements.txt").write_text("".join(pins[name] for name in sorted(pins)))
    (folder / "build.txt").write_text(pins[BUILDS])
    shutil.copy(TEMPLATES / "install.sh", folder)
    shutil.copy(IMAGES / "lab" / "ipython_kernel_config.py", folder)
    (folder / "courseware").mkdir()
    shutil.copy(COURSEWARE / "__init__.py", folder / "courseware")
    _copy(COURSEWARE / "lab", folder / "courseware" / "lab")
    needs = _add_recipe(IMAGES / course.image.recipe, folder / "recipe")
    settings = {
        "name": course.id,
        "title": course.title,
        "threads": str(max(1, int(course.lab.cpus))),
        "version": inputs_sha256([folder], course.title, str(course.lab.cpus))[:12],
    }
    # After the version: a README's change makes nobody install anew.
    (folder / "README.md").write_text(_readme(course, needs), encoding="utf-8")
    lines = [f"{key}={shlex.quote(value)}\n" for key, value in settings.items()]
    (folder / "course.sh").write_text("".join(lines), encoding="utf-8")


def merged_lock(course: Course) -> dict[str, str]:
    """The lines of each package that the kernel needs, hashes included, by the package's name.

    A later lock counts where several name a package: lab, recipe, course, as in the image.
    """
    lab = _entries((IMAGES / "lab" / "requirements.txt").read_text())
    merged = {name: lab[name] for name in _needed(lab)}
    locks = [IMAGES / course.image.recipe / "requirements.txt"]
    if course.image.lock:
        locks.append(course.folder / course.image.lock)
    for lock in locks:
        if lock.exists():
            merged |= _entries(lock.read_text())
    return {name: _without_comments(lines) for name, lines in merged.items()}


def _entries(lock: str) -> dict[str, str]:
    """A lock's lines for each package, as uv or pip-compile wrote them."""
    starts = list(_FIRST_LINE.finditer(lock))
    ends = [start.start() for start in starts[1:]] + [len(lock)]
    return {_plain(s[1]): lock[s.start() : end] for s, end in zip(starts, ends, strict=True)}


def _needed(lock: dict[str, str]) -> set[str]:
    """OF_THE_LAB and all that they need: the lock says at each package what it is there for."""
    wanted_by = {name: {_plain(p) for p in _VIA.findall(text)} for name, text in lock.items()}
    needed = set(OF_THE_LAB)
    while more := {name for name, by in wanted_by.items() if by & needed} - needed:
        needed |= more
    return needed


def _plain(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _without_comments(lines: str) -> str:
    return re.sub(r"^\s*#.*\n?", "", lines, flags=re.MULTILINE)


def _add_recipe(recipe: Path, folder: Path) -> str:
    """Copy the recipe's hook and its own folders, if it has a hook; what it says it needs."""
    if not (recipe / "kernel.sh").exists():
        return ""
    folder.mkdir()
    shutil.copy(recipe / "kernel.sh", folder)
    for each in recipe.iterdir():
        if each.is_dir() and each.name not in SKIPPED:
            _copy(each, folder / each.name)
    hook = ["sh", str(folder / "kernel.sh"), "needs"]
    done = subprocess.run(hook, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"{recipe}/kernel.sh needs: {done.stderr.strip()} -> correct the recipe")
    return done.stdout.strip()


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*SKIPPED))


def _readme(course: Course, needs: str) -> str:
    environment = Environment(  # noqa: S701 (Markdown, not HTML)
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("README.md.j2")
    return template.render(course=course, needs=needs)
