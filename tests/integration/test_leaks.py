"""No line of a solution or an official check is in anything that a student or a reader gets."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from bs4 import BeautifulSoup
from courseware import course as courses
from courseware import tutorial
from running_course import RunningCourse
from sites import Website

SHORTEST = 12  # letters of a line that says something


def lines(text: str) -> set[str]:
    found = {" ".join(line.split()) for line in text.splitlines()}
    return {line for line in found if len(line) >= SHORTEST}


def secrets(folder: Path) -> set[str]:
    """The lines of solutions and official files that stand nowhere in what students see."""
    course = courses.load(folder)
    cells = [cell for source in tutorial.read_all(course) for cell in source.cells]
    shown = " ".join(" ".join(c.node.source.split()) for c in cells if c.part != "solution")
    hidden = {line for c in cells if c.part == "solution" for line in lines(c.node.source)}
    for file in (folder / "checks").glob("*.py"):
        hidden |= lines(file.read_text())
    return {line for line in hidden if line not in shown}


def text(name: str, content: bytes) -> str:
    """What a file says, on one line, markup aside."""
    said = content.decode(errors="replace")
    if name.endswith(".html"):
        said = BeautifulSoup(said, "html.parser").get_text()
    if name.endswith(".ipynb"):
        said = re.sub(r'\\n",?\s*"?', " ", said).replace('\\"', '"')
    return " ".join(said.split())


def files_of_image(image: str) -> Iterator[tuple[str, bytes]]:
    """All that the course can have put into its image."""
    container = docker.from_env().containers.create(image)
    try:
        for folder in ("/usr/local/share", "/tmp", "/home", "/root", "/var/tmp"):
            stream, _ = container.get_archive(folder)
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
                for entry in filter(tarfile.TarInfo.isfile, archive):
                    yield entry.name, archive.extractfile(entry).read()
    finally:
        container.remove()


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    return ((str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def leaks(found: Iterator[tuple[str, bytes]], hidden: set[str]) -> list[tuple[str, str]]:
    texts = {name: text(name, content) for name, content in found}
    assert texts
    return [(name, line) for name, said in texts.items() for line in hidden if line in said]


@pytest.fixture(scope="module")
def hidden(running_course: RunningCourse) -> set[str]:
    found = secrets(running_course.course)
    assert len(found) > 50
    return found


def test_the_search_finds_what_it_looks_for(running_course, hidden):
    solved = files_below(running_course.var / "notebooks" / "solution")
    checks = files_below(running_course.var / "notebooks" / "checks")
    assert len({line for _, line in leaks(solved, hidden)}) > 20
    assert len({line for _, line in leaks(checks, hidden)}) > 20


def test_student_notebooks_hide_them(running_course, hidden):
    assert leaks(files_below(running_course.var / "notebooks" / "student"), hidden) == []


def test_the_image_hides_them(running_course, hidden):
    assert leaks(files_of_image(running_course.settings["image"]), hidden) == []


def test_the_website_hides_them(flagship: Website, hidden):
    assert leaks(files_below(flagship.folder), hidden) == []


def test_another_courses_website_hides_them(night_school: Website):
    hidden = secrets(night_school.course)
    assert hidden == {"three = 1 + 2 # the secret"}
    assert leaks(files_below(night_school.folder), hidden) == []
