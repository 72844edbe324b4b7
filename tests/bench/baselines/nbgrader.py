"""nbgrader: a course with one assignment; `autograde` grades all that was handed in."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import nbformat
from courseware.grading.cells import exercises
from nbformat import NotebookNode

from bench.answers import Answer
from bench.baselines import Baseline, Graded, converted

ASSIGNMENT = "bench"
POINTS = """
SELECT base_cell.name, grade.auto_score, grade_cells.max_score
FROM grade JOIN base_cell ON base_cell.id = grade.cell_id
JOIN grade_cells ON grade_cells.id = grade.cell_id
JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
WHERE submitted_assignment.student_id = ?
"""


class Nbgrader(Baseline):
    name = package = "nbgrader"

    def set_up(self) -> None:
        self.file, self.students = f"{self.tutorial}.ipynb", 0
        source = self.folder / "source" / ASSIGNMENT / self.file
        source.parent.mkdir(parents=True)
        source.write_text(nbformat.writes(self._assignment()))
        self.run(self.program("nbgrader"), "generate_assignment", ASSIGNMENT)
        released = self.folder / "release" / ASSIGNMENT / self.file
        self.released = nbformat.read(released, as_version=4)

    def grade(self, submissions: list[list[Answer]]) -> list[Graded]:
        shutil.rmtree(self.folder / "submitted", ignore_errors=True)
        students = [f"s{self.students + number:03}" for number in range(len(submissions))]
        self.students += len(students)  # it skips whom it has graded before
        for student, answers in zip(students, submissions, strict=True):
            path = self._of(student, "submitted")
            path.parent.mkdir(parents=True)
            path.write_text(converted.answered(self.released, answers))
        started = time.time()
        self.run(self.program("nbgrader"), "autograde", ASSIGNMENT)
        # Written when the scores are in the gradebook.
        ended = [self._of(student, "autograded").stat().st_mtime for student in students]
        return [
            Graded(self._points(student), at - started)
            for student, at in zip(students, ended, strict=True)
        ]

    def _points(self, student: str) -> dict[str, tuple[float, float]]:
        """From the gradebook: nbgrader's own interface to it takes a second to start."""
        points: dict[str, tuple[float, float]] = {}
        with closing(sqlite3.connect(self.folder / "gradebook.db")) as gradebook:
            for cell, got, most in gradebook.execute(POINTS, [student]):
                exercise = cell.rpartition("-")[0]
                before = points.get(exercise, (0.0, 0.0))
                points[exercise] = (before[0] + got, before[1] + most)
        return points

    def _of(self, student: str, step: str) -> Path:
        return self.folder / step / student / ASSIGNMENT / self.file

    def _assignment(self) -> NotebookNode:
        """The notebook with nbgrader's metadata, and a cell for each check at its end."""
        notebook = converted.handed_out(self.course, self.tutorial)
        for exercise, cell in exercises(notebook).items():
            cell.metadata["nbgrader"] = _metadata(exercise, grade=False)
        for check in converted.checks(self.course, self.tutorial):
            cell = nbformat.v4.new_code_cell(check.cell)
            name = f"{check.exercise}-{check.name}"
            cell.metadata["nbgrader"] = _metadata(name, grade=True, points=check.points)
            notebook.cells.append(cell)
        return notebook


def _metadata(name: str, *, grade: bool, **more: float) -> dict[str, object]:
    return {
        "schema_version": 3, "grade_id": name, "grade": grade, "locked": grade,
        "solution": not grade, "task": False, **more,
    }  # fmt: skip
