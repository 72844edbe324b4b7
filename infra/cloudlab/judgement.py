"""What the gradings of an exercise's answers say: whether it can be graded, and the table's row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from courseware import official
from courseware.course import Tutorial as Entry
from courseware.errors import Problem
from courseware.grading import cells
from courseware.grading.worker import Grading, Result
from courseware.tutorial import Tutorial
from nbformat import NotebookNode

from cloudlab import execution

SEEDS = [1, 2, 3, 4, 5]
# Seconds of processor time for grading an exercise that isn't declared slow. Authors are told 5;
# a machine that is half as fast, or shared, must not refuse a course that kept to that.
QUICK = 10.0
LONGEST_CELL = 30  # seconds of processor time of a cell that shows no progress
RIGHT, STARTER = "solution", "starter"  # the other answers are wrong ones, by their names


@dataclass(frozen=True)
class Gate:
    """A tutorial, solved, beside its official checks and wrong answers."""

    source: Tutorial
    notebook: Path
    checks: Path
    wrong: Path
    made_from: str

    @property
    def solved(self) -> NotebookNode:
        """The solved notebook."""
        return nbformat.read(self.notebook, as_version=4)


@dataclass
class Row:
    """What was seen of one exercise.

    `cpu` is the least and the most processor time (s) of a grading over the seeds, `memory` its
    peak (bytes), `values` the least and greatest number that each function returned, `wrong` the
    wrong answers with the checks that caught them.
    """

    tutorial: str
    exercise: str
    slow: bool
    points: float
    cpu: tuple[float, float] = (0.0, 0.0)
    memory: float = 0.0
    values: dict[str, tuple[float, float]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)


def over_budget(source: Tutorial, entry: Entry, executed: NotebookNode) -> Iterator[Problem]:
    """What the run of a solved notebook took that it shouldn't."""
    used = executed.metadata["syllab"]["used"]
    file, cpu = source.file, sum(used["cpu"])
    if cpu > entry.cpu:
        what = f"takes {cpu:.0f} s of processor time, {entry.cpu:g} s are allowed"
        remedy = f"make it shorter, or say more in course.yml: cpu: of the tutorial '{entry.id}'"
        yield Problem(file, None, "", what, remedy)
    if used["memory"] > entry.memory_bytes:
        what = f"needs {used['memory'] / 2**20:.0f} MB of memory, {entry.memory} are allowed"
        remedy = f"make it need less, or raise memory: of the tutorial '{entry.id}' in course.yml"
        yield Problem(file, None, "", what, remedy)
    for cell, seconds in zip(executed.cells, used["cpu"], strict=True):
        progress = any("\r" in output.get("text", "") for output in cell.get("outputs", []))
        if seconds > LONGEST_CELL and not progress:
            what = f"a cell that takes {seconds:.0f} s shows no progress"
            remedy = f"show a progress bar, or make it shorter than {LONGEST_CELL} s"
            yield Problem(file, execution.line_of(source, cell.id, None), "", what, remedy)


def judged(gate: Gate, exercise: str, gradings: dict[str, Grading]) -> Iterator[Problem]:
    """What isn't as it should be in the gradings of an exercise's answers, by their names."""
    marks = official.marks(gate.checks, "exercise")
    lines = {mark.function: mark.line for mark in marks}
    here, line = gate.source.file, gate.source.line_of(exercise)

    def check(result: Result, what: str, remedy: str) -> Problem:
        return Problem(str(gate.checks), lines.get(result.check), result.check, what, remedy)

    own = [mark for mark in marks if mark.exercise == exercise]
    ran = {result.check for result in gradings[RIGHT].results}
    broken = gradings[RIGHT].broken
    if broken and all(mark.function.startswith("test_") for mark in own):
        yield Problem(str(gate.checks), None, "", f"can't be run: {broken}", "correct it")
        return
    for mark in own:
        if mark.function not in ran and not gradings[RIGHT].failed:
            remedy = "give it a name that begins with test_, and the argument lab"
            yield Problem(str(gate.checks), mark.line, mark.function, "is never run", remedy)
    caught = set()
    for name, grading in gradings.items():
        answer = f"the {name} of" if name in (RIGHT, STARTER) else f"{name}, an answer to"
        if grading.failed:
            what = f"{answer} '{exercise}' can't be run: {grading.failed}"
            yield Problem(here, line, "", what, "make all its cells run")
        for result in grading.results:
            if result.broken:
                what = f"raises {result.broken} for {answer} '{exercise}'"
                yield check(result, what, "lab.number and lab.array tell of unexpected values")
            elif name == RIGHT and not result.passed:
                said = f" ({result.detail})" if result.detail else ""
                what = f"fails for the solution with seed {result.seed}: {result.message}{said}"
                yield check(result, what, "correct the solution, or the check")
            elif name == STARTER and result.passed:
                what = f"passes for the starter of '{exercise}'"
                yield check(result, what, "check more, or start with less")
            elif not result.passed and not result.message:
                what = f"fails without a message for {answer} '{exercise}'"
                yield check(result, what, "say in its assertions what to look at")
            elif not result.passed and name not in (RIGHT, STARTER):
                caught.add(result.check)
        if name not in (RIGHT, STARTER) and not grading.failed:
            failing = {result.seed for result in grading.results if not result.passed}
            if lucky := {result.seed for result in grading.results} - failing:
                what = f"{name} loses no point with seed {min(lucky)}"
                yield Problem(str(gate.wrong), None, exercise, what, "make a check fail for it")
    for result in gradings[RIGHT].results:
        if result.check not in caught and result.seed == SEEDS[0]:
            what = f"fails for none of the wrong answers to '{exercise}'"
            yield check(result, what, f"add one for which it does to {gate.wrong}")
    slow, cpu = cells.is_slow(gate.solved, exercise), max(_cpu(gradings[RIGHT]))
    if cpu > QUICK and not slow:
        what = f"grading '{exercise}' takes {cpu:.1f} s of processor time"
        yield Problem(here, line, "syllab", what, "add slow: true, or stay below 5 s")


def row(gate: Gate, exercise: str, gradings: dict[str, Grading]) -> Row:
    """What the table says of an exercise."""
    solution = gradings[RIGHT]
    values: dict[str, list[float]] = {}
    for result in solution.results:
        for function, value in result.numbers:
            values.setdefault(function, []).append(value)
    points = {result.check: result.points for result in solution.results}
    return Row(
        tutorial=gate.source.id,
        exercise=exercise,
        slow=cells.is_slow(gate.solved, exercise),
        points=sum(points.values()),
        cpu=(min(_cpu(solution)), max(_cpu(solution))),
        memory=solution.memory,
        values={function: (min(found), max(found)) for function, found in values.items()},
        wrong={
            name: sorted({result.check for result in grading.results if not result.passed})
            for name, grading in gradings.items()
            if name not in (RIGHT, STARTER)
        },
    )


def table(rows: list[Row], runs: dict[str, NotebookNode]) -> str:
    """The tables of exercises, and of tutorials with their solved notebooks' runs, in Markdown."""
    text = (
        f"Processor time and memory of grading: from its first cell to its last check, over"
        f" {len(SEEDS)} seeds. Values: what functions returned, over all seeds and inputs.\n\n"
        "| Tutorial | Exercise | Points | CPU s | MB | Values | Wrong answers caught |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    for each in rows:
        seconds = f"{each.cpu[0]:.1f} to {each.cpu[1]:.1f}{', slow' if each.slow else ''}"
        values = "; ".join(f"{f} {low:.4g} to {high:.4g}" for f, (low, high) in each.values.items())
        caught = sum(1 for checks in each.wrong.values() if checks)
        text += (
            f"| {each.tutorial} | {each.exercise} | {each.points:g} | {seconds}"
            f" | {each.memory / 2**20:.0f} | {values} | {caught} of {len(each.wrong)} |\n"
        )
    text += (
        "\nThe solved notebooks, from top to bottom:\n\n"
        "| Tutorial | Points | CPU s | Longest cell, CPU s | MB |\n|---|---|---|---|---|\n"
    )
    for name, run in runs.items():
        used = run.metadata["syllab"]["used"]
        points = sum(each.points for each in rows if each.tutorial == name)
        text += (
            f"| {name} | {points:g} | {sum(used['cpu']):.1f} | {max(used['cpu']):.1f}"
            f" | {used['memory'] / 2**20:.0f} |\n"
        )
    return text


def _cpu(grading: Grading) -> list[float]:
    """The processor time (s) of grading with each seed, the cells among it."""
    seeds = {result.seed for result in grading.results}
    return [
        grading.cpu + sum(result.cpu for result in grading.results if result.seed == seed)
        for seed in seeds
    ] or [0.0]
