"""Otter-Grader: `otter run` grades one notebook, without a container."""

from __future__ import annotations

import json
import time
from itertools import groupby
from operator import attrgetter

from bench.answers import Answer
from bench.baselines import Baseline, Graded, converted

TEST_FILE = """\
from otter.test_files import test_case

OK_FORMAT = False
name = {exercise!r}
points = None
{cases}"""
CASE = """

{code}

@test_case(name={name!r}, points={points}, hidden=True)
def case_{name}(env):
    {name}(Lab(env))
"""


class Otter(Baseline):
    name, package = "otter", "otter-grader"

    def set_up(self) -> None:
        self.notebook = converted.handed_out(self.course, self.tutorial)
        tests = self.folder / "tests"
        tests.mkdir()
        checks = converted.checks(self.course, self.tutorial)
        for exercise, few in groupby(checks, attrgetter("exercise")):
            cases = "".join(CASE.format(**vars(check)) for check in few)
            text = TEST_FILE.format(exercise=exercise, cases=cases)
            (tests / f"{exercise}.py").write_text(text)
        self.run(self.program("otter"), "generate", "--tests-dir", tests)

    def grade(self, submissions: list[list[Answer]]) -> list[Graded]:
        started = time.monotonic()
        return [self._graded(answers, started) for answers in submissions]

    def _graded(self, answers: list[Answer], started: float) -> Graded:
        file = self.folder / f"{self.tutorial}.ipynb"
        file.write_text(converted.answered(self.notebook, answers))
        self.run(self.program("otter"), "run", "--no-logo", file)
        seconds = time.monotonic() - started
        results = json.loads((self.folder / "results.json").read_bytes())
        points = {
            each["name"]: (each["score"], each["max_score"])
            for each in results["tests"]
            if "score" in each
        }
        return Graded(points, seconds)
