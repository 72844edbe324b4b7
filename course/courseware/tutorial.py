"""A tutorial's source: one MyST file, read into cells of which each knows its part."""

from __future__ import annotations

import copy
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from jupytext.myst import MystMetadataParsingError, myst_to_notebook
from nbformat import NotebookNode, ValidationError

from . import links, myst, official
from .errors import CourseError, Problem, suggest
from .schedule import slug

if TYPE_CHECKING:
    from .course import Course

PARTS = ("exercise", "solution", "check")
KEYS = ("exercise", "needs", "slow")
PREBUILD = "prebuild"  # the tag of cells that run when the image is built
SLIDE = "slide"  # the tag of texts that stand on slides only, and of code whose figures do too
EXERCISE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass
class Cell:
    """A cell, its line in the source, and its part in an exercise, if it has one.

    A text's `node` has the plain Markdown that notebooks show, `myst` what the author wrote;
    `files` are those that it shows or links to, relative to the source's folder.
    """

    node: NotebookNode
    line: int
    myst: str = ""
    files: list[str] = field(default_factory=list)
    part: str | None = None
    exercise: str | None = None

    @property
    def tags(self) -> list[str]:
        """The cell's tags."""
        return list(self.node.metadata.get("tags", []))

    @property
    def is_code(self) -> bool:
        """Whether it is code, not text."""
        return bool(self.node.cell_type == "code")

    @property
    def only_on_slides(self) -> bool:
        """Whether neither notebooks nor the page show it."""
        return not self.is_code and SLIDE in self.tags


@dataclass
class Tutorial:
    """The cells of a tutorial's source, and what is wrong with it."""

    id: str
    file: str
    cells: list[Cell] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int, key: str, what: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.file, line, key, what, remedy))

    def exercises(self) -> list[str]:
        """The names of the exercises, in order."""
        return [c.exercise for c in self.cells if c.part == "exercise" and c.exercise]

    def line_of(self, exercise: str) -> int:
        """The line of an exercise's cell."""
        return next(c.line for c in self.cells if (c.part, c.exercise) == ("exercise", exercise))


def read_all(course: Course) -> list[Tutorial]:
    """The course's tutorials in their order.

    Raises CourseError with every mistake in them and in what names their exercises.
    """
    others = {(course.folder / each.path).resolve(): each.id for each in course.tutorials}
    tutorials, problems = [], []
    for each in course.tutorials:
        try:
            found = read(each.id, course.folder / each.path, others)
        except CourseError as error:
            problems += error.problems
            continue
        official.check(found, course, each)
        problems += found.problems
        tutorials.append(found)
    if problems:
        raise CourseError(problems)
    return tutorials


def read(name: str, path: Path, others: Mapping[Path, str] | None = None) -> Tutorial:
    """Read a tutorial, its cells with stable ids and plain Markdown; its problems are noted.

    `others` maps the sources of the course's tutorials to their ids: it may link to them.
    Raises CourseError when the file can't be parsed at all.
    """
    tutorial = Tutorial(name, str(path))
    notebook, lines = _parse(path)
    for node, line in zip(notebook.cells, lines, strict=True):
        if node.cell_type == "markdown":
            tutorial.cells += _texts(tutorial, node, line, others or {})
        else:
            tutorial.cells.append(_cell(tutorial, node, line))
    _check_exercises(tutorial)
    _give_ids(tutorial)
    return tutorial


def _texts(
    tutorial: Tutorial, node: NotebookNode, first_line: int, others: Mapping[Path, str]
) -> Iterator[Cell]:
    """A text as one cell for each heading."""
    for offset, section in myst.sections(node.source.split("\n")):
        line = first_line + offset
        text = myst.plain(section, line)
        for problem in text.problems:
            tutorial.wrong(problem[0], "", *problem[1:])
        part = copy.deepcopy(node)
        part.source = "\n".join(text.lines).strip("\n")
        if part.source:
            cell = _cell(tutorial, part, line)
            cell.myst = section
            _link(tutorial, cell, others)
            yield cell


def _link(tutorial: Tutorial, cell: Cell, others: Mapping[Path, str]) -> None:
    """Links to other tutorials become links to their notebooks; other files go along.

    What isn't there is a problem.
    """
    folder = Path(tutorial.file).parent
    for target in links.targets(cell.node.source):
        if target.path is None:
            continue
        file = (folder / target.path).resolve()
        if file in others and not target.image:
            old, new = f"]({target.address}", f"]({others[file]}.ipynb"
            cell.node.source = cell.node.source.replace(old, new)
            cell.myst = cell.myst.replace(old, new)
        elif file.is_relative_to(folder.resolve()) and file.is_file():
            cell.files.append(os.path.relpath(file, folder.resolve()))
        elif target.image:
            remedy = f"put it into {folder}, or correct the path"
            tutorial.wrong(cell.line + target.line, "", f"no image {target.path}", remedy)
        else:
            known = [os.path.relpath(other, folder.resolve()) for other in others]
            remedy = suggest(target.path, known, "link to another tutorial's source or to the web")
            what = f"nothing to link to at {target.path}"
            tutorial.wrong(cell.line + target.line, "", what, remedy)


def _parse(path: Path) -> tuple[NotebookNode, list[int]]:
    def fail(line: int | None, what: str, remedy: str) -> CourseError:
        return CourseError([Problem(str(path), line, "", what, remedy)])

    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise fail(None, "is not UTF-8", "save it as UTF-8") from None
    except OSError as error:
        raise fail(None, f"can't be read ({error.strerror})", "check the path") from None
    line = myst.unclosed(text)
    if line:
        raise fail(line, "this fence is never closed", "end it with a line of as many marks")
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as error:
        match = re.search(r"at line (\d+)", str(error))
        what = f"is not valid MyST: {str(error).splitlines()[0]}"
        remedy = "check the options at the top of this cell: YAML between two lines of ---"
        raise fail(int(match[1]) if match else 1, what, remedy) from None
    except ValidationError as error:
        what = f"has options that a cell can't have: {error.message}"
        raise fail(None, what, "tags are a list: tags: [exercise]") from None
    written = text.split("\n")
    return notebook, [_first_line(written, n) for n in notebook.metadata.pop("source_map")]


def _first_line(written: list[str], start: int) -> int:
    """The line (from 1) where a cell's text begins; jupytext counts the blank ones before it."""
    blank = (n for n, line in enumerate(written[start:]) if line.strip())
    return start + next(blank, 0) + 1


def _cell(tutorial: Tutorial, node: NotebookNode, line: int) -> Cell:
    tags = node.metadata.get("tags", [])
    parts = [part for part in PARTS if part in tags]
    syllab = node.metadata.get("syllab", {})
    if not isinstance(syllab, dict):
        tutorial.wrong(line, "syllab", "must be a group of keys", "write syllab: {exercise: name}")
        return Cell(node, line)
    for key in syllab:
        if key not in KEYS:
            remedy = suggest(key, KEYS, f"the keys are {', '.join(KEYS)}")
            tutorial.wrong(line, f"syllab.{key}", "is not a key that belongs here", remedy)
    name = syllab.get("exercise")
    if not isinstance(syllab.get("needs", []), list):
        what = "must be a list of names"
        tutorial.wrong(line, "syllab.needs", what, "write it as needs: [name]")
        node.metadata.syllab = {"exercise": name}
    if not isinstance(syllab.get("slow", False), bool):
        what = "must be true or false"
        tutorial.wrong(line, "syllab.slow", what, "write slow: true if grading takes over 5 s")
    if name is None and not parts and PREBUILD in tags:
        return Cell(node, line)
    if len(parts) > 1:
        tutorial.wrong(line, "tags", f"a cell can't be {' and '.join(parts)}", "keep one of them")
    elif parts and name is None:
        remedy = "add to its options: syllab: {exercise: name}"
        tutorial.wrong(line, "syllab", f"this {parts[0]} cell doesn't name its exercise", remedy)
    elif name is not None and not parts:
        remedy = f"add to its options one of: {', '.join(f'tags: [{p}]' for p in PARTS)}"
        tutorial.wrong(line, "tags", f"a cell of '{name}' has no part in it", remedy)
    elif parts and not (isinstance(name, str) and EXERCISE.fullmatch(name)):
        remedy = "use up to 40 of a-z, 0-9, '-' and '_', a letter first"
        tutorial.wrong(line, "syllab.exercise", f"'{name}' can't be a name", remedy)
    elif parts:
        return Cell(node, line, part=parts[0], exercise=name)
    return Cell(node, line)


def _check_exercises(tutorial: Tutorial) -> None:
    """Each exercise has one cell, then one solution of code; checks and needs name exercises."""
    names = tutorial.exercises()
    first: dict[tuple[str, str], int] = {}
    for cell in tutorial.cells:
        name, part = cell.exercise, cell.part
        for needed in cell.node.metadata.get("syllab", {}).get("needs", []):
            if needed not in names:
                remedy = suggest(str(needed), names, "name an exercise of this tutorial")
                tutorial.wrong(cell.line, "syllab.needs", f"'{needed}' is not an exercise", remedy)
        if name is None or part is None:
            continue
        key = "syllab.exercise"
        if name not in names:
            otherwise = f"add an exercise cell named '{name}' before it"
            what = f"a {part} for '{name}', which is not an exercise here"
            tutorial.wrong(cell.line, key, what, suggest(name, names, otherwise))
        elif part == "solution" and ("exercise", name) not in first:
            what = f"the solution of '{name}' stands before the exercise"
            tutorial.wrong(cell.line, key, what, "move it below the exercise")
        if part in _single(cell):
            if (part, name) in first:
                what = f"'{name}' has a second {part}: the first is on line {first[part, name]}"
                tutorial.wrong(cell.line, key, what, "rename or remove one of them")
            first.setdefault((part, name), cell.line)
    for name in names:
        if ("solution", name) not in first:
            what = f"'{name}' has no solution"
            remedy = "add a code cell tagged solution below it"
            tutorial.wrong(first["exercise", name], "syllab.exercise", what, remedy)


def _single(cell: Cell) -> tuple[str, ...]:
    """The parts of which an exercise has exactly one, for a cell of this type.

    Explanations in Markdown may be tagged `solution`, too; there can be any number of them.
    """
    return ("exercise", "solution") if cell.is_code else ()


def _give_ids(tutorial: Tutorial) -> None:
    """Ids that survive edits: named after the exercise, after the heading, or by the content.

    None depends on the cells around it, but where two are alike: then the later gets a number.
    """
    seen: Counter[str] = Counter()
    for cell in tutorial.cells:
        base = _id(cell)
        seen[base] += 1
        cell.node.id = base if seen[base] == 1 else f"{base}-{seen[base]}"


def _id(cell: Cell) -> str:
    heading = re.match(r"#+\s+(.*)", cell.node.source)
    if cell.exercise:
        return f"{cell.exercise}-{cell.part}"
    if not cell.is_code and heading:
        return f"{'slide' if cell.only_on_slides else 'text'}-{slug(heading[1])}"
    content = f"{cell.node.cell_type}\n{cell.node.source}"
    return f"{cell.node.cell_type}-{sha256(content.encode()).hexdigest()[:12]}"
