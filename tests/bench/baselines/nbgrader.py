"""nbgrader: a course with one assignment; `autograde` grades all that was handed in."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import nbformat
from courseware.grading.cells import exercises
from nbformat import NotebookNode

from bench.answers import Answer
from bench.baselines import Baseline, Graded, converted

ASSIGNMENT = "bench"
POINTS = """
import json, sys
from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as gradebook:
    for student in sys.argv[2:]:
        [notebook] = gradebook.find_submission(sys.argv[1], student).notebooks
        points = {}
        for grade in notebook.grades:
            exercise = grade.name.rpartition("-")[0]
            before = points.get(exercise, (0, 0))
            points[exercise] = (before[0] + grade.auto_score, before[1] + grade.max_score)
        print(json.dumps(points))
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
        said = self.run(self.program("python"), "-c", POINTS, ASSIGNMENT, *students)
        points = map(json.loads, said.splitlines())
        return [Graded(each, at - started) for each, at in zip(points, ended, strict=True)]

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
