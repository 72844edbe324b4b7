"""Runs a notebook in a container of the course's image, locked in like a lab, without a network."""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from pathlib import Path
from typing import Any, TypeVar

import docker
import nbformat
from courseware.course import Lab
from docker.models.containers import Container
from docker.models.images import Image
from docker.types import LogConfig
from nbformat import NotebookNode

RUNNER = Path(__file__).with_name("run_notebook.py")
LABEL = "syllab.notebooks"  # its value is the owner's
HOME = "/home/lab"
TIME_LIMIT = 30 * 60  # seconds for one notebook
TIMED_OUT = 124  # the exit code of timeout(1)
Item = TypeVar("Item")
Answer = TypeVar("Answer")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class CellFailure(Exception):
    """A notebook stopped: at which cell (from 0), at which of its lines (from 1), and why.

    `cell` is None when none was reached, `line` when it isn't known. `log` tells all there is.
    """

    def __init__(
        self, cell: int | None, what: str, remedy: str, log: str, line: int | None = None
    ) -> None:
        super().__init__(what)
        self.cell, self.what, self.remedy, self.log, self.line = cell, what, remedy, log, line


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
    """The notebook with its outputs. Its container is gone at the end, however that comes.

    `owner` says for whom it runs; `doing` is told which cell it is at. Raises CellFailure at the
    first cell that fails, unless `allow_errors` is set.
    """
    # The limit is in the container, so that none runs on for ever when this program is killed.
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


def in_parallel(
    client: docker.DockerClient,
    owner: str,
    job: Callable[[Item], Answer],
    items: Iterable[Item],
) -> Iterator[tuple[Item, Future[Answer]]]:
    """Do the job for each item, as many at a time as there are processors; yields what is done.

    Jobs that run containers of that owner end early, and their containers with them, when the
    consumer stops.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(job, item): item for item in items}
        try:
            for done in as_completed(jobs):
                yield jobs[done], done
        finally:
            for each in jobs:
                each.cancel()
            while wait(jobs, timeout=0.2).not_done:
                sweep(client, owner)


def sweep(client: docker.DockerClient, owner: str) -> None:
    """Remove the containers that an owner's command has left because it was killed."""
    left = {"label": f"{LABEL}={owner}"}
    for container in client.containers.list(all=True, filters=left, ignore_removed=True):
        container.remove(force=True, v=True)


def confinement(lab: Lab) -> dict[str, Any]:
    """The engine's settings for a run: those of a participant's lab, but no network at all."""
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
        "volumes": [HOME],  # without a name: it goes with the container
        "environment": {"OMP_NUM_THREADS": str(max(1, int(lab.cpus)))},
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
    }


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
        remedy = "make it need less, or raise lab.memory in course.yml"
        return CellFailure(number, "needs more than the memory of a lab", remedy, log)
    if status == TIMED_OUT:
        what = f"still runs when the {TIME_LIMIT // 60} minutes for a notebook are over"
        return CellFailure(number, what, "make it shorter", log)
    cell = NotebookNode() if result is None or number is None else result.cells[number]
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return _error(number, cell.execution_count, output)
    last = log.split("\n")[-1] or f"exit code {status}"
    return CellFailure(number, f"fails: {last}", "correct it", log)


def _error(number: int | None, execution_count: int, output: NotebookNode) -> CellFailure:
    """The failure that an exception's traceback tells of, in words like "Cell In[3], line 7"."""
    traceback = _COLOUR.sub("", "\n".join(output.traceback))
    lines = re.findall(rf"Cell In\[{execution_count}\], line (\d+)", traceback)
    what = f"fails with {output.ename}: {output.evalue.strip().split(chr(10))[-1]}"
    missing = output.ename == "ModuleNotFoundError"
    remedy = "correct it, or add the package to course.yml's image" if missing else "correct it"
    return CellFailure(number, what, remedy, traceback, int(lines[-1]) if lines else None)
