"""Submit to score, beside nbgrader and Otter-Grader with the same exercises and the same checks.

Ours is the real service of a running course. It is also measured alone: with up to 200 submissions
at once, and with exercises of the flagship course.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

from cloudlab.progress import step
from cloudlab.workspace import REPOSITORY
from courseware import course as courses

from bench import Comparison, answers, meter
from bench.answers import Answer
from bench.baselines import Baseline, converted
from bench.baselines.nbgrader import Nbgrader
from bench.baselines.otter import Otter
from bench.brought_up import FLAGSHIP, brought_up, names
from bench.burst import Participants

QUICK, SIGNALS = REPOSITORY / "tests" / "courses" / "bench", "signals"
INTRODUCTION = "introduction"
NEST = ("rheobase", "fi_curve", "psp_peak", "balance")
FEW, MANY, MOST = 10, 40, 200  # submissions at once
REPEATS = 3
MB = 10**6
NOTES = [
    "Ours grades one exercise a submission, each in a container that is used once. The others grade"
    " a notebook with all three exercises, without isolation, as the user who runs them.",
    "Of ten at once, nbgrader grades all in one autograde, Otter in ten runs, one after another.",
    "otter grade, which uses containers, needs a base image from a registry: not measured.",
    "The others are as pip installs them. For nbgrader that includes rfc3987-syntax, which takes"
    " over a second to import at each start, and which Syllab's own environments leave out.",
    "Overhead is processor time less what cells and checks take by themselves in a new Python: the"
    " others' commands with all they start; for ours that of the whole machine, but for those who"
    " submit, until it is quiet again and new containers wait.",
]


@dataclass(frozen=True)
class Measured:
    """The seconds until each score, and the processor time (s) of each, cells and checks aside."""

    seconds: list[float]
    overhead: float

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]

    @property
    def a_minute(self) -> float:
        return 60 * len(self.seconds) / max(self.seconds)


def run() -> Comparison:
    """Seconds, submissions a minute and overhead, of one submission and of many at once."""
    quick = courses.load(QUICK)
    given = answers.of(quick, SIGNALS)
    nest = answers.of(courses.load(FLAGSHIP), INTRODUCTION)
    result = Comparison("Syllab's grader, submit to score", {}, notes=[*NOTES])
    with tempfile.TemporaryDirectory() as folder:
        tools: list[Baseline] = []
        for kind in (Nbgrader, Otter):
            with step(f"Getting {kind.package} ready"):
                tools.append(kind(Path(folder) / kind.name, quick, SIGNALS))
        result.baselines |= {each.name: f"{each.package} {each.version}" for each in tools}
        theirs = [_theirs(tool, given) for tool in tools]
    with brought_up("course", QUICK, MOST) as course:
        _quick(Participants(course, names(MOST)), given, theirs, result)
    with brought_up("flagship", FLAGSHIP, MANY) as course:
        _nest(Participants(course, names(MANY)), {name: nest[name] for name in NEST}, result)
    return result


def _theirs(tool: Baseline, given: dict[str, list[Answer]]) -> tuple[float, Measured]:
    """The seconds of one submission, and how several go."""
    right, wrong = ([some[number] for some in given.values()] for number in (0, -1))
    cost = converted.cost(tool.course, tool.tutorial, right)

    def grade(submissions: list[list[Answer]]) -> list[float]:
        graded = tool.grade(submissions)
        for each, submission in zip(graded, submissions, strict=True):
            for answer in submission:
                answer.hold(*each.points[answer.exercise])
        return [each.seconds for each in graded]

    with step(f"Grading by {tool.package}"):
        [alone] = grade([right])
        seconds, cpu = meter.of_children(lambda: grade([right, wrong] * (FEW // 2)))
    return alone, Measured(seconds, cpu / FEW - cost)


def _quick(
    ours: Participants,
    given: dict[str, list[Answer]],
    theirs: list[tuple[float, Measured]],
    result: Comparison,
) -> None:
    course = courses.load(QUICK)
    cost = statistics.mean(converted.cost(course, SIGNALS, some[:1]) for some in given.values())
    with step("Grading by Syllab, one after the other"):
        alone = ours.one_by_one(_mixed(given, FEW))
        memory = ours.pool_memory()
    result.add("alone: median", "s", statistics.median(alone), *(each for each, _ in theirs))
    for count in (FEW, MANY, MOST):
        with step(f"Grading by Syllab, {count} at once"):
            many = partial(ours.at_once, _mixed(given, count))
            seconds, cpu, others = meter.of_machine(many)
        result.notes.append(f"Other work took {others:.2f} processors before {count} at once.")
        mine = Measured(seconds, cpu / count - cost)
        _add(f"{count} at once", [mine, *(few for _, few in theirs if count == FEW)], result)
    result.add("memory of the containers that wait", "MB", memory / MB)


def _add(what: str, measured: list[Measured], result: Comparison) -> None:
    result.add(f"{what}: median", "s", *(each.median for each in measured))
    result.add(f"{what}: 95th percentile", "s", *(each.p95 for each in measured))
    result.add(f"{what}: a minute", "", *(each.a_minute for each in measured))
    result.add(f"{what}: overhead each", "CPU s", *(each.overhead for each in measured))


def _nest(ours: Participants, given: dict[str, list[Answer]], result: Comparison) -> None:
    with step("Grading the flagship course's exercises"):
        for exercise, (right, *_) in given.items():
            seconds = ours.one_by_one([right] * REPEATS)
            result.add(f"NEST, {exercise}, alone: median", "s", statistics.median(seconds))
        seconds = ours.at_once(_mixed(given, FEW))
    names = ", ".join(given)
    result.add(f"NEST, {FEW} at once: median", "s", statistics.median(seconds))
    result.add(f"NEST, {FEW} at once: last", "s", max(seconds))
    result.notes.append(f"NEST: the flagship's introduction: {names}, right and wrong answers.")


def _mixed(given: dict[str, list[Answer]], count: int) -> list[Answer]:
    """So many answers, of the exercises in turn; of each, the right one and then the wrong ones."""
    turns = [cycle(some) for some in given.values()]
    return [next(turns[number % len(turns)]) for number in range(count)]
