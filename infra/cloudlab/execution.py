"""Runs the tutorials in the course's image, locked in like a lab.

Their outputs are for the website, which never executes anything. What was run is kept, with the
digest of what it was made from, and is run again only when that has changed.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import nbformat
from courseware import tutorial
from courseware.course import Course, Lab
from courseware.errors import CourseError, Problem
from courseware.tutorial import Cell, Tutorial
from docker.models.containers import Container
from docker.models.images import Image
from docker.types import LogConfig
from nbformat import NotebookNode

from cloudlab import system
from cloudlab.digest import inputs_sha256
from cloudlab.progress import step
from cloudlab.workspace import Workspace

RUNNER = Path(__file__).with_name("run_notebook.py")
LABEL = "syllab.notebooks"  # its value is the folder for which a container runs
HOME = "/home/lab"
TIME_LIMIT = 30 * 60  # seconds for one notebook
TIMED_OUT = 124  # the exit code of timeout(1)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class CellFailure(Exception):
    """A notebook stopped: at which cell (from 0), at which of its lines (from 1), and why.

    `cell` is None when none was reached, `line` when it isn't known. `log` tells all there is.
    """

    def __init__(self, cell: int | None, line: int | None, what: str, log: str) -> None:
        super().__init__(what)
        self.cell, self.line, self.what, self.log = cell, line, what, log


def ensure(
    course: Course, workspace: Workspace, client: docker.DockerClient, image: Image
) -> None:
    """Leave the executed solutions in var/notebooks/executed/<tutorial>.ipynb.

    Each is whole and up to date, or as it was before. Raises CourseError that names the line of
    each tutorial that fails.
    """
    folder = workspace.notebooks / "executed"
    system.private_folder(folder)
    for path in folder.iterdir():
        if path.name not in {f"{each.id}.ipynb" for each in course.tutorials}:
            path.unlink()
    system.hand_over(folder)
    sweep(client, workspace)
    ran, problems = 0, []
    with step("Running the tutorials") as current:
        for each in course.tutorials:
            notebook = workspace.notebooks / "solution" / f"{each.id}.ipynb"
            digest = made_from(notebook, course.lab, image)
            if _made_from(folder / notebook.name) == digest:
                continue
            current.doing(each.id)
            owner = str(workspace.var)
            try:
                run = execute(
                    client, image, course.lab, notebook, owner=owner, doing=current.doing
                )
            except CellFailure as failure:
                source = tutorial.read(each.id, course.folder / each.path)
                problems.append(_problem(source, notebook, failure, workspace))
            else:
                _write(folder / notebook.name, finished(run, digest))
                ran += 1
        if problems:
            raise CourseError(problems)
        current.outcome = f"{ran} run" if ran else "all as they were"


def sweep(client: docker.DockerClient, workspace: Workspace) -> None:
    """Remove the containers that a command which was killed has left running."""
    left = {"label": f"{LABEL}={workspace.var}"}
    for container in client.containers.list(all=True, filters=left, ignore_removed=True):
        container.remove(force=True, v=True)


def confinement(lab: Lab) -> dict[str, Any]:
    """The engine's settings for a run: those of a participant's lab, but without any network."""
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": lab.memory_bytes,
        "memswap_limit": lab.memory_bytes,  # memory and swap together: so no swap
        "cpu_period": 100_000,  # nano_cpus would refuse more than this machine has
        "cpu_quota": int(lab.cpus * 100_000),
        "pids_limit": lab.pids,
        "init": True,
        "tmpfs": {"/tmp": f"exec,nosuid,nodev,mode=1777,size={lab.memory_bytes // 2}"},  # noqa: S108
        "volumes": [HOME],  # one that goes with the container
        "environment": {"OMP_NUM_THREADS": str(max(1, int(lab.cpus)))},
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
    }


def made_from(notebook: Path, lab: Lab, image: Image) -> str:
    """The digest of a notebook and of what it runs in."""
    # The last layer has the student notebooks of all tutorials; see images/course/Dockerfile.
    layers = image.attrs["RootFS"]["Layers"][:-1]
    settings = json.dumps([confinement(lab), image.attrs["Config"]["Env"]], sort_keys=True)
    return inputs_sha256([notebook, RUNNER], *layers, settings)


def execute(
    client: docker.DockerClient,
    image: Image,
    lab: Lab,
    notebook: Path,
    *,
    owner: str,
    allow_errors: bool = False,
    doing: Callable[[str], None] = lambda what: None,
) -> NotebookNode:
    """Run a notebook in a container of its own, which is gone at the end, however it ends.

    `owner` labels it; `doing` is told which cell runs. Raises CellFailure at the first cell that
    fails, unless `allow_errors` is set.
    """
    command = ["timeout", str(TIME_LIMIT), "python", "-c", RUNNER.read_text(), "in", "out"]
    command += ["allow-errors"] if allow_errors else []
    labels = {LABEL: owner}
    container = client.containers.create(image.id, command, labels=labels, **confinement(lab))
    try:
        container.put_archive(HOME, _archive("in", notebook.read_bytes()))
        container.start()
        cell, cells = None, len(nbformat.read(notebook, as_version=4).cells)
        for line in container.logs(stream=True, follow=True, stderr=False):
            cell = int(line)
            doing(f"{notebook.stem}, cell {cell + 1} of {cells}")
        status = container.wait()["StatusCode"]
        result = _result(container)
        if status or result is None:
            raise _failure(container, status, cell, result)
        return result
    finally:
        container.remove(force=True, v=True)


def finished(notebook: NotebookNode, digest: str) -> bytes:
    """An executed notebook as it is kept: the same run gives the same bytes."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
    notebook.metadata["syllab"]["made_from"] = digest
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def line_of(source: Tutorial, cell_id: str, line: int | None) -> int:
    """Where the line of a solved notebook's cell stands in the tutorial's source.

    In the cell of an exercise, that is its solution. The cell's first line if `line` is None.
    """
    cell = next(c for c in source.cells if c.node.id == cell_id)
    if cell.part == "exercise":
        cell = next(c for c in source.cells if _solves(c, cell))
    code = cell.node.source.split("\n")
    text = Path(source.file).read_text(encoding="utf-8-sig").splitlines()
    starts = (n for n in range(cell.line - 1, len(text)) if text[n : n + len(code)] == code)
    start = next(starts, None)
    return cell.line if start is None or line is None else start + line


def _solves(cell: Cell, exercise: Cell) -> bool:
    named = cell.part == "solution" and cell.exercise == exercise.exercise
    return named and bool(cell.node.cell_type == "code")


def _made_from(executed: Path) -> str | None:
    try:
        return str(json.loads(executed.read_bytes())["metadata"]["syllab"]["made_from"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    system.hand_over(new)
    os.replace(new, path)


def _archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _result(container: Container) -> NotebookNode | None:
    """The notebook with its outputs; None when the run was killed before it was written."""
    try:
        chunks, _ = container.get_archive(f"{HOME}/out")
    except docker.errors.NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        content = archive.extractfile("out")
        assert content is not None  # noqa: S101 - it is a file
        return nbformat.reads(content.read().decode(), as_version=4)


def _failure(
    container: Container, status: int, number: int | None, result: NotebookNode | None
) -> CellFailure:
    container.reload()
    log = container.logs(stdout=False).decode(errors="replace").strip()
    if container.attrs["State"]["OOMKilled"]:
        return CellFailure(number, None, "needs more than the memory of a lab", log)
    if status == TIMED_OUT:
        what = f"still runs when the notebook's {TIME_LIMIT // 60} minutes are over"
        return CellFailure(number, None, what, log)
    cell = NotebookNode() if result is None or number is None else result.cells[number]
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return _error(number, cell.execution_count, output)
    last = log.split("\n")[-1] or f"exit code {status}"
    return CellFailure(number, None, f"fails: {last}", log)


def _error(number: int | None, execution_count: int, output: NotebookNode) -> CellFailure:
    """What an exception's traceback says, such as "Cell In[3], line 7"."""
    traceback = _COLOUR.sub("", "\n".join(output.traceback))
    lines = re.findall(rf"Cell In\[{execution_count}\], line (\d+)", traceback)
    last = output.evalue.strip().split("\n")[-1]
    what = f"fails with {output.ename}: {last}"
    return CellFailure(number, int(lines[-1]) if lines else None, what, traceback)


def _problem(
    source: Tutorial, notebook: Path, failure: CellFailure, workspace: Workspace
) -> Problem:
    line = None
    if failure.cell is not None:
        cell = nbformat.read(notebook, as_version=4).cells[failure.cell]
        line = line_of(source, cell.id, failure.line)
    system.private_folder(workspace.log)  # solutions are in it
    log = workspace.log / f"notebook-{source.id}.log"
    log.write_text(failure.log + "\n", encoding="utf-8")
    system.hand_over(workspace.log)
    remedy = f"correct it, or course.yml's image or lab, and try again (all about it: {log})"
    return Problem(source.file, line, "", failure.what, remedy)


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs with a printed text in one piece: it comes in as many as time would have it."""
    merged: list[NotebookNode] = []
    for output in outputs:
        before = merged[-1] if merged else NotebookNode()
        if output.output_type == "stream" and output.name == before.get("name"):
            before.text += output.text
        else:
            merged.append(output)
    return merged
