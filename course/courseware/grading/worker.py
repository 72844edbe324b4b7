"""Runs official checks against one lab, in a process of its own: pytest isn't re-entrant.

    python -m courseware.grading.worker   < job.json > results.json

The job: {"checks": file, "exercise": name, "cells": [sources to run first], "seeds": [numbers],
"read": descriptor, "write": descriptor, "seconds": for all answers}; the descriptors lead to
`courseware.lab.answer`. The answer is a `Grading` as JSON.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from ..checks import Exercise
from .lab import Channel, Gone, Lab, printable

# Of pytest's own plugins those that report, or guard what this process isn't: they would take
# two thirds of its time.
LEFT_OUT = (
    "cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging",
    "pastebin", "setuponly", "setupplan", "stepwise", "subtests", "terminal", "threadexception",
    "unittest", "unraisableexception",
)  # fmt: skip


@dataclass
class Result:
    """How one check went with one seed. `message` is for the participant.

    For the course's author only: `detail` is what the participant's code said, `broken` the error
    that the check itself raised.
    """

    check: str
    points: float
    hint: str
    seed: int
    passed: bool = False
    message: str = ""
    detail: str = ""
    broken: str = ""
    cpu: float = 0.0
    numbers: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Grading:
    """The results; there are none when a cell `failed` or the checks are `broken`: these say why.

    `cpu` (s) is what the cells took before the checks, `memory` (bytes) the peak of all.
    """

    results: list[Result] = field(default_factory=list)
    failed: str = ""
    broken: str = ""
    cpu: float = 0.0
    memory: float = 0.0


class Plugin:
    """Gives each check of the exercise its lab, once for each seed, and notes how it went."""

    def __init__(self, channel: Channel, exercise: str, seeds: list[int]) -> None:
        self.channel, self.exercise, self.seeds = channel, exercise, seeds
        self.results: list[Result] = []
        self.broken = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        report: Any = yield
        if report.failed:  # its last line names the error
            self.broken = str(report.longrepr).strip().split("\n")[-1].removeprefix("E").strip()
        return report  # type: ignore[no-any-return] # what a hook wrapper gives on

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # the quickest: nobody reads the tracebacks

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "lab" in metafunc.fixturenames:
            metafunc.parametrize("lab", self.seeds, indirect=True)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _exercise(item).name == self.exercise]

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Iterator[Lab]:
        marked, seed = _exercise(request.node), request.param
        before = used(self.channel)["cpu"]
        lab = Lab(self.channel, seed)
        result = Result(request.function.__name__, marked.points, marked.hint, seed)
        self.results.append(result)
        yield lab
        result.numbers = lab.numbers
        result.cpu = used(self.channel)["cpu"] - before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        report = yield
        if call.when == "call":
            result = self.results[-1]
            result.passed = call.excinfo is None
            if call.excinfo is not None:
                result.message, result.broken = _told(call.excinfo.value)
                result.detail = " ".join(getattr(call.excinfo.value, "__notes__", []))
        return report  # type: ignore[return-value] # what a hook wrapper gives on


def used(channel: Channel) -> dict[str, float]:
    """What the lab says it took so far, "cpu" (s) and "memory" (bytes); zeros when it is gone."""
    nothing = {"cpu": 0.0, "memory": 0.0}
    try:
        value = channel.ask("used")["value"]
        told = {name: float(value[name]) for name in nothing}
    except (Gone, KeyError, TypeError, ValueError, OverflowError):
        return nothing
    return told if all(map(math.isfinite, told.values())) else nothing


def grade(job: dict[str, Any]) -> Grading:
    """Run the cells, then the checks."""
    channel = Channel(job["read"], job["write"], job["seconds"])
    for source in job["cells"]:
        try:
            answer = channel.ask("run", source=source)
        except Gone as error:
            return Grading(failed=str(error))
        if "raised" in answer:
            return Grading(failed=printable(f"{answer['raised']}: {answer.get('message')}"))
    grading = Grading(cpu=used(channel)["cpu"])
    plugin = Plugin(channel, job["exercise"], job["seeds"])
    # Plain assertions: pytest's own would tell the participant the values that were compared.
    # Folders above the checks may not be ours to list.
    rootdir = f"--rootdir={os.path.dirname(job['checks'])}"
    options = ["--assert=plain", rootdir, "-c", os.devnull, "--disable-plugin-autoload"]
    left_out = [option for name in LEFT_OUT for option in ("-p", f"no:{name}")]
    code = pytest.main([*options, *left_out, job["checks"]], plugins=[plugin])
    grading.results, grading.broken = plugin.results, plugin.broken
    if not (grading.results or grading.broken):
        grading.broken = f"no check was run (exit code {int(code)} of pytest)"
    grading.memory = used(channel)["memory"]
    return grading


def _exercise(item: Any) -> Exercise:
    found = getattr(getattr(item, "function", None), "exercise", None)
    return found if isinstance(found, Exercise) else Exercise("", 0, "")


def _told(error: BaseException) -> tuple[str, str]:
    """What the participant is told, and for the author an error that the check didn't expect."""
    if isinstance(error, AssertionError):
        return str(error), ""
    if isinstance(error, Gone):
        return f"Your code could not be asked to the end: {error}.", ""
    broken = f"{type(error).__name__}: {error}"
    return "It gives something else than what is asked for.", broken


def main() -> None:
    """Read the job, grade, print the results."""
    out, sys.stdout = sys.stdout, sys.stderr  # what checks print must not be among the results
    json.dump(asdict(grade(json.load(sys.stdin))), out)


if __name__ == "__main__":
    main()
