"""Runs the solved tutorials in the course's image, for their outputs: the website runs nothing.

What was run is kept with the digest of what it was made from, and run again only when that changed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import docker
import nbformat
from courseware import tutorial
from courseware.course import Course, Lab
from courseware.errors import CourseError, Problem
from courseware.tutorial import Tutorial
from docker.models.images import Image
from nbformat import NotebookNode

from cloudlab import lab_run, system
from cloudlab.digest import inputs_sha256
from cloudlab.lab_run import CellFailure
from cloudlab.progress import step
from cloudlab.workspace import Workspace


def ensure(course: Course, workspace: Workspace, client: docker.DockerClient, image: Image) -> None:
    """Leave the executed solutions in var/notebooks/executed/<tutorial>.ipynb.

    Each is whole and up to date, or as it was before. Raises CourseError that names the line of
    each tutorial that fails.
    """
    folder, owner = workspace.notebooks / "executed", str(workspace.var)
    _prepare(folder, {f"{each.id}.ipynb" for each in course.tutorials})
    lab_run.sweep(client, owner)
    digests = {
        each.id: made_from(_solution(workspace, each.id), course.lab, image)
        for each in course.tutorials
    }
    changed = [name for name, digest in digests.items() if _made_from(folder, name) != digest]
    problems = []
    with step("Running the tutorials") as current:

        def run(name: str) -> NotebookNode:
            notebook = _solution(workspace, name)
            return lab_run.execute(
                client, image, course.lab, notebook, owner=owner, doing=current.doing
            )

        for name, done in lab_run.in_parallel(client, owner, run, changed):
            try:
                notebook = done.result()
            except CellFailure as failure:
                problems.append(_problem(course, name, failure, workspace))
            else:
                _write(folder / f"{name}.ipynb", finished(notebook, digests[name]))
        if problems:
            raise CourseError(problems)
        current.outcome = f"{len(changed)} run" if changed else "all as they were"


def made_from(notebook: Path, lab: Lab, image: Image) -> str:
    """The digest of a notebook and of what it runs in."""
    # The last layer has the student notebooks of all tutorials; see images/course/Dockerfile.
    layers = image.attrs["RootFS"]["Layers"][:-1]
    settings = [lab_run.confinement(lab), image.attrs["Config"]["Env"]]
    words = json.dumps(settings, sort_keys=True)
    return inputs_sha256([notebook, lab_run.RUNNER], *layers, words)


def finished(notebook: NotebookNode, digest: str) -> bytes:
    """An executed notebook as it is kept: the same run gives the same bytes, `used` aside."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
    notebook.metadata["syllab"]["made_from"] = digest
    notebook.metadata["syllab"]["used"] = notebook.metadata.pop("used")
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def line_of(source: Tutorial, cell_id: str, line: int | None) -> int:
    """Where a line (from 1) of a solved notebook's cell stands in the tutorial's source.

    The code in an exercise's cell is that of its solution. Without a line, where the cell begins.
    """
    cell = next(c for c in source.cells if c.node.id == cell_id)
    if cell.part == "exercise":
        named = [c for c in source.cells if (c.part, c.exercise) == ("solution", cell.exercise)]
        cell = next(c for c in named if c.node.cell_type == "code")
    code = cell.node.source.split("\n")
    text = Path(source.file).read_text(encoding="utf-8-sig").splitlines()
    starts = (n for n in range(cell.line - 1, len(text)) if text[n : n + len(code)] == code)
    start = next(starts, None)
    return cell.line if start is None or line is None else start + line


def _solution(workspace: Workspace, name: str) -> Path:
    return workspace.notebooks / "solution" / f"{name}.ipynb"


def _prepare(folder: Path, wanted: set[str]) -> None:
    system.private_folder(folder)  # solutions are in it
    for path in folder.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    system.hand_over(folder)


def _made_from(folder: Path, name: str) -> str | None:
    """The digest that an executed notebook bears; None where there is none."""
    try:
        return str(
            json.loads((folder / f"{name}.ipynb").read_bytes())["metadata"]["syllab"]["made_from"]
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    system.hand_over(new)
    os.replace(new, path)


def _problem(course: Course, name: str, failure: CellFailure, workspace: Workspace) -> Problem:
    entry = next(each for each in course.tutorials if each.id == name)
    source = tutorial.read(name, course.folder / entry.path)
    line = None
    if failure.cell is not None:
        cell = nbformat.read(_solution(workspace, name), as_version=4).cells[failure.cell]
        line = line_of(source, cell.id, failure.line)
    system.private_folder(workspace.log)
    log = workspace.log / f"notebook-{name}.log"
    log.write_text(failure.log + "\n", encoding="utf-8")
    system.hand_over(workspace.log)
    return Problem(source.file, line, "", failure.what, f"{failure.remedy} (more is in {log})")


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs, what was printed in one piece: it comes in as many as time would have it."""
    merged: list[NotebookNode] = []
    for output in outputs:
        before = merged[-1] if merged else NotebookNode()
        if output.output_type == "stream" and output.name == before.get("name"):
            before.text += output.text
        else:
            merged.append(output)
    return merged
