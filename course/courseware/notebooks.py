"""Makes a course's notebooks: the student's, the solution's, and the bundle of official checks."""

from __future__ import annotations

import copy
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat

from . import official, tutorial
from .course import Course
from .tutorial import Cell, Tutorial

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HASHES = "checks.sha256"
MADE = ("student", "solution", "prebuild", "checks")


def build(course: Course, out: Path) -> None:
    """Write `student/`, `solution/` (a notebook a tutorial), `prebuild/` and `checks/` below `out`.

    The same course gives the same bytes. `checks/checks.sha256` lists the hashes of the checks
    (`sha256sum -c` reads it); its own hash names the bundle. Raises CourseError with every
    mistake in the tutorials; nothing is written then.
    """
    files = make(course)
    for folder in MADE:
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)


def make(course: Course) -> dict[str, bytes]:
    """What `build` writes, as path below `out` -> content."""
    files: dict[str, bytes] = {}
    for source in tutorial.read_all(course):
        files[f"student/{source.id}.ipynb"] = student(course, source)
        files[f"solution/{source.id}.ipynb"] = solution(course, source)
        for cell in source.cells:
            kinds = ("solution",) if cell.part == "solution" else ("student", "solution")
            for name in [] if cell.only_on_slides else cell.files:
                content = (Path(source.file).parent / name).read_bytes()
                files |= {f"{kind}/{name}": content for kind in kinds}
        script = prebuild(source)
        if script:
            files[f"prebuild/{source.id}.py"] = script
        checks = official.checks_file(course, source.id)
        if checks.is_file():
            files[f"checks/{checks.name}"] = checks.read_bytes()
    return files | {f"checks/{HASHES}": _hashes(files)}


def student(course: Course, source: Tutorial) -> bytes:
    """The notebook that participants get: exercises as they are, no solutions."""
    shown = [c for c in source.cells if c.part != "solution" and not c.only_on_slides]
    return _notebook(course, source, [c.node for c in shown])


def solution(course: Course, source: Tutorial) -> bytes:
    """The solved notebook: each solution stands in its exercise's cell, with the same id."""
    answers = _answers(source)
    cells = [
        _solved(c, answers[c.exercise]) if c.part == "exercise" else c.node
        for c in source.cells
        if not (c.part == "solution" and c.is_code) and not c.only_on_slides
    ]
    return _notebook(course, source, cells)


def prebuild(source: Tutorial) -> bytes:
    """The script that runs when the image is built; empty when the tutorial needs none.

    It is the cells tagged `prebuild`, after those tagged `setup` and the solutions of the
    exercises that they need. What it leaves in the recipe's caches is in every lab.
    """
    cells = [c for c in source.cells if tutorial.PREBUILD in c.tags]
    if not cells:
        return b""
    needs = {n for c in cells for n in c.node.metadata.get("syllab", {}).get("needs", [])}
    answers = _answers(source)
    script = [
        answers[c.exercise].node.source if c.part == "exercise" else c.node.source
        for c in source.cells
        if c in cells or "setup" in c.tags or (c.part == "exercise" and c.exercise in needs)
    ]
    return ("\n\n".join(script) + "\n").encode()


def _answers(source: Tutorial) -> dict[str | None, Cell]:
    """The solutions' code by exercise."""
    return {c.exercise: c for c in source.cells if c.part == "solution" and c.is_code}


def _solved(exercise: Cell, answer: Cell) -> nbformat.NotebookNode:
    node = copy.deepcopy(exercise.node)
    node.source = answer.node.source
    node.metadata.tags = [*node.metadata.tags, "solution"]
    return node


def _notebook(course: Course, source: Tutorial, cells: list[nbformat.NotebookNode]) -> bytes:
    metadata: dict[str, Any] = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "syllab": {"course": course.id, "tutorial": source.id},
    }
    notebook = nbformat.v4.new_notebook(cells=copy.deepcopy(cells), metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()  # with sorted keys


def _hashes(files: dict[str, bytes]) -> bytes:
    checks = sorted((Path(name).name, data) for name, data in files.items() if "checks/" in name)
    return "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in checks).encode()
