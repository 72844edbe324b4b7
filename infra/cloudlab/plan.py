"""How large a course's machines must be: `suggest` says which it wants, `judge` whether those that
are there will do, `show` is the plan as an organiser reads it.

Memory is counted so that no lab is ever ended for lack of it, unless the course says `overcommit`;
then by what its tutorials may need. Cores are shared, and counted for two moments: when everybody
comes at once, and when everybody works. With fewer it is slow, and nothing worse.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from courseware import schedule
from courseware.course import Course
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from cloudlab.preflight import MEMORY_FOR_HOST

GIB = 2**30
GB = 10**9

# Measured (Debian 12, 2 cores): an idle lab's memory, and the processor time of a start, which is
# JupyterLab's and the engine's.
IDLE = 53 * 2**20  # bytes
START = 0.75 + 0.5  # s
PATIENCE = 30  # seconds for all labs to start when everybody comes at once
# Where no session says how long a tutorial takes: the default budget of 120 s, in 20 minutes.
WORK = 0.1  # cores for each lab
A_BRIDGE = 1000  # labs; the kernel's bridges have 1,024 ports (BR_MAX_PORTS)
# Estimated: operating system, engine, the hub's image, journals, websites.
DISK_FOR_SYSTEM = 10 * GB
IMAGE = 1 * GB  # of the labs, before it is built; the flagship's is 0.8 GB (measured)
# What most providers have; larger courses are spread over workers.
MEMORIES = (4, 8, 16, 32, 64)  # GiB
CORES = (2, 4, 8, 16, 32)
GRADED_AT_ONCE = 4  # exercises, by a manager without labs
WAITING = 1 / 8  # of the manager's memory at most: containers that wait for submissions (local.py)


@dataclass(frozen=True)
class Size:
    """A machine's memory and disk in bytes, and its cores."""

    memory: int
    cores: int
    disk: int


LARGEST = Size(MEMORIES[-1] * GIB, CORES[-1], 10_000 * GB)


@dataclass(frozen=True)
class Machine:
    """One machine of a plan, and how many labs it has."""

    role: Literal["manager", "worker"]
    labs: int
    size: Size


@dataclass(frozen=True)
class Plan:
    """The machines, what they were counted from, and what is to be said about them.

    With a problem the course can't run so; with a warning it runs less well.
    """

    machines: list[Machine]
    basis: list[str]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Need:
    """What a course's labs need. `image` is the size of their image in bytes, None before it is
    built; homes that are `pinned` are on the labs' machines, others on the manager."""

    def __init__(self, course: Course, image: int | None, *, pinned: bool) -> None:
        self.lab, self.image = course.lab, image or IMAGE
        self.memory = course.lab.memory_bytes
        if course.lab.overcommit:
            most = max((each.memory_bytes for each in course.tutorials), default=0)
            self.memory = min(self.memory, IDLE + most)
        self.work = min(course.lab.cpus, _work(course))
        self.cores = max(START / PATIENCE, self.work)
        self.home, self.distant = course.lab.disk_bytes, 0
        if not pinned:
            self.home, self.distant = self.distant, self.home

    def of(self, labs: int) -> Size:
        """What a machine with so many labs needs. While it is updated it has two images."""
        return Size(
            memory=MEMORY_FOR_HOST + labs * self.memory,
            cores=max(CORES[0], ceil(round(labs * self.cores, 6))),
            disk=DISK_FOR_SYSTEM + 2 * self.image + labs * self.home,
        )

    def of_manager(self, homes: int) -> Size:
        """What a manager needs that has no labs but, unless they are pinned, so many homes."""
        memory = MEMORY_FOR_HOST + GRADED_AT_ONCE * self.lab.memory_bytes
        disk = self.of(0).disk + homes * self.distant
        return Size(ceil(memory / (1 - WAITING)), GRADED_AT_ONCE, disk)

    def held(self, size: Size) -> int:
        """How many labs a machine of that size can have."""
        bare = self.of(0)
        limits = [
            A_BRIDGE,
            (size.memory - bare.memory) // self.memory,
            int(round(size.cores / self.cores, 6)),
        ]
        if self.home:
            limits.append((size.disk - bare.disk) // self.home)
        return max(0, min(limits))

    def told(self, labs: int) -> list[str]:
        """What the numbers come from, in words."""
        lab = self.lab
        which = "what a tutorial needs at most (overcommit)" if lab.overcommit else "its limit"
        return [
            f"A lab may use {_gib(lab.memory_bytes)} of memory, {lab.cpus:g} core(s) and "
            f"{lab.pids} processes; its home may take {_gib(lab.disk_bytes)}.",
            f"Memory: {_gib(self.memory)} for each lab, {which}, and {_gib(MEMORY_FOR_HOST)} for "
            "each machine itself.",
            f"Cores: {labs * START / PATIENCE:.1f} for all to start within {PATIENCE} s "
            f"({START:g} s of processor time each, measured); {labs * self.work:.1f} for all to "
            "work (the tutorials' budgets of processor time, in the time that they are given).",
            f"Disk: {_gb(DISK_FOR_SYSTEM)} for the system (estimated), twice the labs' image of "
            f"{_gb(self.image)}, and homes that are full.",
        ]


def suggest(
    course: Course,
    labs: int,
    *,
    size: Size | None = None,
    image: int | None = None,
    pinned: bool = True,
) -> Plan:
    """The machines that so many labs want, of sizes that are usual; `size` is that of the machines
    that have labs, if it is settled. `image`, `pinned`: see Need."""
    alone = Need(course, image, pinned=True)
    if alone.held(size or LARGEST) >= labs:
        machine = Machine("manager", labs, size or _usual(alone.of(labs)))
        return Plan([machine], alone.told(labs))
    need = Need(course, image, pinned=pinned)
    held = need.held(size or LARGEST)
    if not held:
        problem = (
            f"A machine of {_words(size or LARGEST)} can't have a single lab: that takes "
            f"{_words(need.of(1))} -> choose larger ones, or lower lab.memory in course.yml"
        )
        return Plan([], need.told(labs), [problem])
    shares = _spread(labs, [1] * ceil(labs / held))
    each = size or _usual(need.of(shares[0]))
    manager = Machine("manager", 0, _usual(need.of_manager(labs)))
    workers = [Machine("worker", share, each) for share in shares]
    return Plan([manager, *workers], need.told(labs))


def judge(
    course: Course,
    labs: int,
    manager: Size,
    workers: list[Size],
    *,
    image: int | None = None,
    pinned: bool = True,
) -> Plan:
    """Whether these machines will do for so many labs. Without workers the manager has them.
    `image`, `pinned`: see Need."""
    need = Need(course, image, pinned=pinned or not workers)
    hosts = workers or [manager]
    shares = _spread(labs, [size.memory for size in hosts])
    role: Literal["manager", "worker"] = "worker" if workers else "manager"
    machines = [Machine(role, *each) for each in zip(shares, hosts, strict=True)]
    if workers:
        machines.insert(0, Machine("manager", 0, manager))
    plan = Plan(machines, need.told(labs))
    _judge_memory(plan, need, labs, hosts)
    _judge_cores(plan, need, labs, hosts)
    for machine in machines:
        _judge_disk(plan, need, machine, homes=labs if machine.role == "manager" else 0)
    if max(shares) > A_BRIDGE:
        plan.problems.append(f"A machine can have {A_BRIDGE} labs at most -> add workers")
    return plan


def _judge_memory(plan: Plan, need: Need, labs: int, hosts: list[Size]) -> None:
    held = sum(max(0, size.memory - MEMORY_FOR_HOST) // need.memory for size in hosts)
    what = f"{labs} labs of {_gib(need.memory)}, and the machines' memory holds {held}"
    more = "take larger machines or more of them"
    if held < labs and need.lab.overcommit:
        plan.warnings.append(
            f"course.yml: lab.overcommit: {what} when all run the largest tutorial -> {more}, or "
            "be ready to see labs ended"
        )
    elif held < labs:
        plan.problems.append(
            f"course.yml: capacity: {what} -> {more}, lower capacity or lab.memory, or say "
            "lab.overcommit: true if labs rarely use it all"
        )
    wanted, manager = need.of_manager(0).memory, plan.machines[0]
    if not manager.labs and manager.size.memory < wanted:
        plan.warnings.append(
            f"The manager has {_gib(manager.size.memory)} of memory -> {_gib(wanted)}, so that "
            f"{GRADED_AT_ONCE} exercises can be graded at once"
        )


def _judge_cores(plan: Plan, need: Need, labs: int, hosts: list[Size]) -> None:
    cores = sum(size.cores for size in hosts)
    if min(size.cores for size in hosts) < need.lab.cpus:
        plan.warnings.append(
            f"course.yml: lab.cpus: {need.lab.cpus:g} is more than a machine has -> lower it"
        )
    if (seconds := labs * START / cores) > PATIENCE:
        plan.warnings.append(
            f"When everybody comes at once, the last lab is ready after {seconds:.0f} s -> "
            "more cores, or have people come earlier"
        )
    if (slower := labs * need.work / cores) > 1:
        plan.warnings.append(
            f"When everybody works, tutorials may take {slower:.1f} times as long as is planned -> "
            "more cores, or lower the tutorials' cpu in course.yml if they need less"
        )


def _judge_disk(plan: Plan, need: Need, machine: Machine, homes: int) -> None:
    bare = need.of(0).disk
    full = need.of(machine.labs).disk + homes * need.distant
    there = f"The {machine.role} has {_gb(machine.size.disk)} of disk"
    if machine.size.disk < bare:
        plan.problems.append(f"{there}, the system and the images take {_gb(bare)} -> more")
    elif machine.size.disk < full:
        plan.warnings.append(
            f"{there}, and {_gb(full)} would be used if all homes were full -> more, or lower "
            "lab.disk in course.yml"
        )


def show(plan: Plan) -> Group:
    """The plan for a terminal: a table of the machines, and below it all there is to say."""
    table = Table("Machine", box=None, pad_edge=False, header_style="bold")
    for head in ("Labs", "Memory", "Cores", "Disk"):
        table.add_column(head, justify="right")
    alike = Counter(plan.machines)
    for machine, count in alike.items():
        name = machine.role if count == 1 else f"{count} {machine.role}s, each"
        size = machine.size
        cells = [_gib(size.memory), str(size.cores), _gb(size.disk)]
        table.add_row(name, str(machine.labs or "none"), *cells)
    told = [f"[red]✗[/] {escape(each)}" for each in plan.problems]
    told += [f"[yellow]![/] {escape(each)}" for each in plan.warnings]
    machines: list[RenderableType] = [table, ""] if plan.machines else []
    return Group(*machines, *plan.basis, *told)


def _work(course: Course) -> float:
    """The cores that one participant keeps busy in the most demanding tutorial."""
    budgets = {each.id: each.cpu for each in course.tutorials}
    shares = [
        budgets[entry.session.tutorial] / (entry.end_utc - entry.start_utc).total_seconds()
        for entry in schedule.resolve(course)
        if entry.session.tutorial
    ]
    return max(shares, default=WORK)


def _spread(labs: int, weights: list[int]) -> list[int]:
    """So many labs over machines by weight; the largest share first where all weigh the same."""
    shares = [labs * weight // sum(weights) for weight in weights]
    for number in range(labs - sum(shares)):
        shares[number] += 1
    return shares


def _usual(size: Size) -> Size:
    """The next size that providers have."""
    memory = next((step * GIB for step in MEMORIES if step * GIB >= size.memory), size.memory)
    cores = next((step for step in CORES if step >= size.cores), size.cores)
    return Size(memory, cores, ceil(size.disk / (10 * GB)) * 10 * GB)


def _words(size: Size) -> str:
    return f"{_gib(size.memory)} of memory, {size.cores} cores and {_gb(size.disk)} of disk"


def _gib(size: int) -> str:
    return f"{size / GIB:.1f}".removesuffix(".0") + " GiB"


def _gb(size: int) -> str:
    return f"{size / GB:.1f}".removesuffix(".0") + " GB"
