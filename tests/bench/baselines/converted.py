"""The exercises and official checks of a course, for graders that run them in one process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import nbformat
from courseware import notebooks, official, tutorial
from courseware.course import Course
from courseware.grading.cells import exercises
from nbformat import NotebookNode

from bench.answers import Answer

# What official checks are given, with the participant's functions at hand.
LAB = """\
import numpy as np


class Lab:
    def __init__(self, names):
        self.names, self.rng = names, np.random.default_rng(1)

    def number(self, name, *arguments):
        return float(self.names[name](*arguments))

    def array(self, name, *arguments, shape):
        found = np.asarray(self.names[name](*arguments), dtype=float)
        assert found.shape == shape, f"an array of shape {found.shape}, not {shape}"
        return found
"""


@dataclass(frozen=True)
class Check:
    """One official check; `code` defines `Lab`, and the function `name` that takes one."""

    name: str
    exercise: str
    points: float
    code: str

    @property
    def cell(self) -> str:
        """The check as a cell below the answers."""
        return f"{self.code}\n\n{self.name}(Lab(globals()))"


def checks(course: Course, name: str) -> list[Check]:
    """The official checks of a tutorial, without what marks them."""
    path = official.checks_file(course, name)
    text = path.read_text("utf-8")
    code = {
        node.name: f"{LAB}\n\n{ast.get_source_segment(text, node)}\n"
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }
    return [
        Check(mark.function, mark.exercise, mark.points, code[mark.function])
        for mark in official.marks(path, "exercise")
    ]


def handed_out(course: Course, name: str) -> NotebookNode:
    """The notebook that participants get."""
    source = next(each for each in tutorial.read_all(course) if each.id == name)
    return nbformat.reads(notebooks.student(course, source).decode(), as_version=4)


def answered(notebook: NotebookNode, answers: Iterable[Answer]) -> str:
    """That notebook as it is handed in, with these answers."""
    notebook = nbformat.from_dict(notebook)
    for answer in answers:
        exercises(notebook)[answer.exercise].source = answer.source
    return nbformat.writes(notebook)


def cost(course: Course, name: str, answers: list[Answer]) -> float:
    """Seconds of processor time for the `setup` cells, right answers and their checks, alone."""
    cells = handed_out(course, name).cells
    setup = [cell.source for cell in cells if "setup" in cell.metadata.get("tags", [])]
    wanted = {answer.exercise for answer in answers}
    asked = [check.cell for check in checks(course, name) if check.exercise in wanted]
    code = "\n\n".join([*setup, *(answer.source for answer in answers), *asked])
    timed = f"from time import process_time as now\nstarted = now()\n{code}\nprint(now() - started)"
    done = subprocess.run([sys.executable, "-c", timed], stdout=subprocess.PIPE, check=True)
    return float(done.stdout)
