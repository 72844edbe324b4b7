"""A course brought up for a benchmark, beside any other on this machine."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudlab.workspace import REPOSITORY
from running_course import RunningCourse, free_ports

FLAGSHIP = REPOSITORY / "course" / "cns2024"
ORGANISER = "olga"
EXECUTED = Path("notebooks") / "executed"


def names(count: int) -> list[str]:
    """The usernames of so many participants."""
    return [f"p{number:03}" for number in range(1, count + 1)]


@contextmanager
def brought_up(
    name: str, folder: Path, count: int, capacity: int | None = None
) -> Iterator[RunningCourse]:
    """A course that is running for so many participants; it is taken away again.

    `capacity` is that of a copy of the course, where it has to be another.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if capacity is not None:
            folder = _with_capacity(folder, Path(scratch), capacity)
        file = Path(scratch) / "roster.csv"
        _write_roster(file, names(count))
        var = REPOSITORY / "var" / "bench" / name
        course = RunningCourse(var=var, port=free_ports(), course=folder, roster=file)
        course.syllab("clean", "--yes")  # what an interrupted run may have left
        if folder.name == FLAGSHIP.name and (REPOSITORY / "var" / EXECUTED).is_dir():
            shutil.copytree(REPOSITORY / "var" / EXECUTED, var / EXECUTED)  # saves minutes
        try:
            course.up(show=True)
            yield course
        finally:
            course.syllab("clean", "--yes")


def _with_capacity(folder: Path, scratch: Path, capacity: int) -> Path:
    copy = scratch / folder.name
    shutil.copytree(folder, copy)
    file = copy / "course.yml"
    text, count = re.subn(r"(?m)^capacity: .*$", f"capacity: {capacity}", file.read_text("utf-8"))
    assert count == 1, f"{folder / 'course.yml'}: no capacity to change"
    file.write_text(text, "utf-8")
    return copy


def _write_roster(path: Path, participants: list[str]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("username", "name", "role"))
        rows.writerow((ORGANISER, ORGANISER, "organiser"))
        rows.writerows((name, name, "participant") for name in participants)
