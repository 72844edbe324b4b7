"""Participants who log in at once, beside stock JupyterHub with DockerSpawner and the same image.

Each comes as by a browser: login form, waiting page, JupyterLab with all that it loads, a kernel
and the first result of a first cell.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

import psutil
from cloudlab.progress import step
from running_course import RunningCourse

from bench import Comparison, crowd, meter, page_loads, place
from bench.baselines import stock_hub
from bench.brought_up import FLAGSHIP, brought_up, names
from bench.burst import await_pool
from bench.crowd import Arrival, share
from bench.page_loads import Loads
from bench.place import Place
from bench.visitor import PATIENCE, Visit

COLD = (Arrival(1), Arrival(10), Arrival(40), Arrival(40, 60))
WARM = (Arrival(40, 60), Arrival(40))
MOST, LAB = 150, 100 * 10**6  # people without a cell, if there is that much memory for each
LOGINS = Arrival(200, 60)
SEATS = 1 + sum(each.people for each in (*COLD, *WARM, LOGINS)) + MOST
MB = 10**6
MS = 1000
NOTES = [
    "* marks the rows to judge by: 95th percentile and last of all who came, and who failed.",
    "Seconds count from each one's arrival. page: JupyterLab's page is there; ready: with all that"
    " Chromium was seen to load of it; result: a first cell has printed what NEST simulated.",
    f"Who met an error or had waited {PATIENCE} s has failed and counts as the slowest. never: so"
    " many failed that there is no such percentile.",
    "Everybody comes for the first time, with an empty home. cold: no lab runs before; warmed: an"
    " organiser has started all labs before.",
    "CPU each is that of the whole machine, until it is quiet again, but for the participants'"
    " side: for the lab's start, page, kernel and simulation. Hub and proxy are part of it.",
    "The participants are simulated on the same machine and take processor time, too:"
    " the same for both.",
    "Stock's logins compare with one password in plain text; ours verify a hash of each's own.",
]


@dataclass
class Side:
    """A place, those of its participants who have not come yet, and what its page loads."""

    place: Place
    loads: Loads
    fresh: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.fresh = iter(self.place.passphrases)


@dataclass(frozen=True)
class Measured:
    """What became of those who came, and what it cost."""

    visits: list[Visit]
    cpu: float  # seconds of the machine, of each
    programs: float  # seconds of hub and proxy
    memory: list[int]  # bytes of each lab that ran at the end
    others: float  # processors that other work took before


def run() -> Comparison:
    """Seconds to page, lab and first result, failures, memory and processor time."""
    result = Comparison("Syllab's hub, from login to first result", {}, notes=[*NOTES])
    with brought_up("herd", FLAGSHIP, SEATS, capacity=MOST) as course:
        result.baselines["stock"] = stock_hub.versions()
        with stock_hub.running(course, names(SEATS)) as theirs:
            ours, stock = (side_of(each) for each in (place.of(course), theirs))
            for arrival in COLD:
                both = [measured(course, side, arrival, "cold") for side in (ours, stock)]
                _add(f"cold, {arrival}", both, result)
            for arrival in WARM:
                _add(f"warmed, {arrival}", [measured(course, ours, arrival, "warmed")], result)
            _most(course, ours, result)
            _logins(course, (ours, stock), result)
    return result


def side_of(where: Place) -> Side:
    """A place where nobody has come yet. Its first participant's lab shows what a page loads."""
    with step(f"What JupyterLab's page loads at {where.address}"):
        side = Side(where, page_loads.learn(where, next(iter(where.passphrases))))
        next(side.fresh)  # the one whose lab it was
        return side


def measured(
    course: RunningCourse, side: Side, arrival: Arrival, how: str, *, cell: bool = True
) -> Measured:
    """Let the next ones come when the machine is quiet; their labs are gone afterwards."""
    some = list(islice(side.fresh, arrival.people))
    where = side.place
    with _labs_of(where, some), step(f"{arrival}, {how}, at {where.address}") as current:
        if how == "warmed":
            where.start(some)
        await_pool(course)

        def work() -> tuple[list[Visit], float]:
            before = where.cpu()
            return crowd.come(where, some, arrival, side.loads, cell=cell), where.cpu() - before

        (visits, programs), cpu, others = meter.of_machine(work)
        failed = [each.failure for each in visits if each.failure]
        current.outcome = f"{len(failed)} failed: {failed[0]}" if failed else "all got there"
        return Measured(visits, cpu / arrival.people, programs, where.memory(), others)


@contextmanager
def _labs_of(where: Place, some: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        where.stop(some)


def _add(what: str, sides: list[Measured], result: Comparison, last: str = "result") -> None:
    """Add rows; `last` is the stage that it is all about."""
    stages = [each for each in ("page", "ready", "result") if each != "result" or last == each]
    alone = len(sides[0].visits) == 1
    for stage in stages:
        if alone:
            _share(f"{what}: {stage}", stage, 1, sides, result, marked=stage == last)
            continue
        judged = stage != "page"
        _share(f"{what}: {stage}, median", stage, 0.5, sides, result)
        _share(f"{what}: {stage}, 95th percentile", stage, 0.95, sides, result, marked=judged)
        if judged:
            _share(f"{what}: {stage}, last", stage, 1, sides, result, marked=True)
    failed = (sum(each.failure is not None for each in side.visits) for side in sides)
    result.add(f"{what}: failed", "", *failed, marked=True)
    result.add(f"{what}: CPU each", "CPU s", *(side.cpu for side in sides))
    result.add(f"{what}: hub and proxy", "CPU s", *(side.programs for side in sides))
    result.add(f"{what}: memory of a lab", "MB", *(_memory(side) for side in sides))
    if (others := max(side.others for side in sides)) > meter.QUIET:
        result.notes.append(f"{what}: not quiet, other work took {others:.2f} processors before.")


def _share(
    what: str, stage: str, part: float, sides: list[Measured], result: Comparison, *,
    marked: bool = False,
) -> None:  # fmt: skip
    values = (share(side.visits, stage, part) for side in sides)
    result.add(what, "s", *values, marked=marked)


def _memory(side: Measured) -> float | None:
    return statistics.median(side.memory) / MB if side.memory else None


def _most(course: RunningCourse, ours: Side, result: Comparison) -> None:
    people = min(MOST, psutil.virtual_memory().available // LAB)
    arrival = Arrival(people)
    found = measured(course, ours, arrival, "cold, without a cell", cell=False)
    _add(f"cold, {arrival}, no cell", [found], result, last="ready")


def _logins(course: RunningCourse, sides: tuple[Side, ...], result: Comparison) -> None:
    """Logins alone: nobody opens a lab."""
    what, found = f"logins, {LOGINS}", []
    for side in sides:
        some = list(islice(side.fresh, LOGINS.people))
        with step(f"{what}, at {side.place.address}"):
            await_pool(course)
            meter.settled()
            before = side.place.cpu()
            visits, answers = crowd.log_in(side.place, some, LOGINS, side.loads)
            found.append((visits, sorted(answers), side.place.cpu() - before))
    p95 = [_ms(share(visits, "login", 0.95)) for visits, *_ in found]
    result.add(f"{what}: 95th percentile", "ms", *p95, marked=True)
    hub = [MS * statistics.quantiles(answers, n=20)[-1] for _, answers, _ in found]
    result.add(f"{what}: hub's answer meanwhile, 95th percentile", "ms", *hub, marked=True)
    failed = (sum(each.failure is not None for each in visits) for visits, *_ in found)
    result.add(f"{what}: failed", "", *failed, marked=True)
    result.add(f"{what}: hub and proxy", "CPU s", *(cpu for *_, cpu in found))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else MS * seconds
