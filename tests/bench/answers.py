"""Right and wrong answers to a course's exercises, as participants submit them."""

from __future__ import annotations

import runpy
from dataclasses import dataclass

import nbformat
from courseware import notebooks, official, tutorial
from courseware.course import Course
from courseware.grading.cells import exercises


@dataclass(frozen=True)
class Answer:
    """The source of an exercise's own cell, by its id `cell`."""

    tutorial: str
    exercise: str
    cell: str
    source: str
    right: bool

    def hold(self, points: float, maximum: float) -> None:
        """Raise RuntimeError unless a right answer gets all points, and a wrong one doesn't."""
        if self.right != (points == maximum):
            kind = "right" if self.right else "wrong"
            got = f"{points:g} of {maximum:g} points"
            raise RuntimeError(f"a {kind} answer to {self.exercise} gets {got}:\n{self.source}")


def of(course: Course, name: str) -> dict[str, list[Answer]]:
    """By exercise of the tutorial `name`: the right answer, then the wrong ones."""
    source = next(each for each in tutorial.read_all(course) if each.id == name)
    solved = nbformat.reads(notebooks.solution(course, source).decode(), as_version=4)
    found = {
        exercise: [Answer(name, exercise, cell.id, cell.source, right=True)]
        for exercise, cell in exercises(solved).items()
    }
    for change in runpy.run_path(str(official.wrong_file(course, name))).values():
        if exercise := getattr(change, "wrong_answer_to", None):
            right = found[exercise][0]
            wrong = change(right.source)
            found[exercise].append(Answer(name, exercise, right.cell, wrong, right=False))
    return found
