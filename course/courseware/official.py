"""A tutorial's official checks and wrong answers, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CourseError, Problem, suggest

if TYPE_CHECKING:
    from .course import Course
    from .course import Tutorial as Entry
    from .tutorial import Tutorial


@dataclass(frozen=True)
class Mark:
    """One function of the file: what it is for, and where."""

    function: str
    exercise: str
    points: float
    line: int


def checks_file(course: Course, tutorial: str) -> Path:
    """Where a tutorial's official checks are, if it has any."""
    return course.folder / "checks" / f"test_{tutorial}.py"


def wrong_file(course: Course, tutorial: str) -> Path:
    """Where plausible wrong answers to a tutorial's exercises are, if it has any."""
    return course.folder / "checks" / f"wrong_{tutorial}.py"


def marks(path: Path, mark: str) -> list[Mark]:
    """The functions marked `@exercise(...)` or `@wrong(...)`, as `mark` says, in their order.

    Raises CourseError when the file can't be read.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except (SyntaxError, ValueError) as error:
        line, what = getattr(error, "lineno", None), f"is not valid Python: {error}"
        raise CourseError([Problem(str(path), line, "", what, "correct it")]) from None
    return list(_marked(tree, mark))


def check(tutorial: Tutorial, course: Course, entry: Entry) -> None:
    """Note what doesn't fit between a tutorial, its entry in course.yml and its official files."""
    path, wrong = checks_file(course, tutorial.id), wrong_file(course, tutorial.id)
    try:
        checks = _fitting(tutorial, path, "exercise", "check") if path.is_file() else None
        if wrong.is_file():
            _fitting(tutorial, wrong, "wrong", "wrong answer")
    except CourseError as error:
        tutorial.problems += error.problems
        return
    if checks is not None:
        _check_points(tutorial, path, checks, entry)


def _check_points(tutorial: Tutorial, path: Path, checks: list[Mark], entry: Entry) -> None:
    """Every exercise has a check, every check gives points, all of them what course.yml says."""
    tested = {mark.exercise for mark in checks}
    for name in tutorial.exercises():
        if name not in tested:
            what = f"'{name}' has no official check"
            remedy = f"add a test marked @exercise({name!r}, points=...) to {path}"
            tutorial.wrong(tutorial.line_of(name), "syllab.exercise", what, remedy)
    for mark in checks:
        if not mark.points > 0:
            what = f"{mark.function} gives {mark.points:g} points"
            _note(tutorial, path, mark, "points", what, "give a number above 0, such as points=2")
    total = sum(mark.points for mark in checks)
    if entry.points is not None and entry.points != total:
        what = f"the checks give {total:g} points in all, course.yml says {entry.points:g}"
        remedy = f"correct them, or `points:` of the tutorial '{entry.id}' in course.yml"
        tutorial.problems.append(Problem(str(path), None, "points", what, remedy))


def _fitting(tutorial: Tutorial, path: Path, mark: str, kind: str) -> list[Mark]:
    """The marks of a file; those that name no exercise, or stand twice, are noted.

    Raises CourseError when the file can't be read.
    """
    names, first = tutorial.exercises(), dict[str, int]()
    found = marks(path, mark)
    for each in found:
        if each.exercise not in names:
            what = f"a {kind} for '{each.exercise}', which is not an exercise of {tutorial.file}"
            remedy = suggest(each.exercise, names, "name one of its exercises")
            _note(tutorial, path, each, mark, what, remedy)
        if each.function in first:
            what = f"a second {each.function}: the first is on line {first[each.function]}"
            _note(tutorial, path, each, "", what, "rename one of them: the first is never run")
        first.setdefault(each.function, each.line)
    return found


def _note(tutorial: Tutorial, path: Path, mark: Mark, key: str, what: str, remedy: str) -> None:
    tutorial.problems.append(Problem(str(path), mark.line, key, what, remedy))


def _marked(tree: ast.Module, mark: str) -> Iterator[Mark]:
    for node in tree.body:
        for call in getattr(node, "decorator_list", []):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == mark:
                name = getattr(call.args[0] if call.args else None, "value", None)
                yield Mark(node.name, str(name), _points(call), call.lineno)  # type: ignore[attr-defined]


def _points(call: ast.Call) -> float:
    """The points that a mark gives: 1 when it doesn't say, 0 for what isn't a number."""
    for keyword in call.keywords:
        if keyword.arg == "points":
            value = getattr(keyword.value, "value", None)
            return float(value) if isinstance(value, (int, float)) else 0.0
    return 1.0
