"""Processor time of a piece of work, and memory of containers."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil
from docker.errors import NotFound
from docker.models.containers import Container

LOOK = 1.0  # seconds
QUIET = 0.15  # processors
LONGEST_UNREST = 30  # seconds

Done = TypeVar("Done")


def of_children(work: Callable[[], Done]) -> tuple[Done, float]:
    """What the work gives, and the seconds of the commands it waited for and all they started."""
    before = _children()
    return work(), _children() - before


def of_machine(work: Callable[[], Done]) -> tuple[Done, float, float]:
    """What the work gives, and the seconds of all this machine's processes but this one.

    Those count, too, that are spent after it until the machine is quiet: for what was put off.
    Last, how many processors other work took before.
    """
    others = settled()
    before = _machine()
    done = work()
    settled()
    return done, _machine() - before, others


def memory(containers: Iterable[Container]) -> list[int]:
    """The bytes of each that still runs, as `docker stats` counts them."""
    found = []
    for each in containers:
        with suppress(NotFound):
            stats = each.stats(stream=False, one_shot=True)["memory_stats"]
            if stats:  # else it has just ended
                found.append(stats["usage"] - stats["stats"]["inactive_file"])
    return found


def of_processes(processes: Iterable[psutil.Process]) -> float:
    """The seconds that they have taken so far, without what they started."""
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system for each in times)


def settled() -> float:
    """The processors that are taken when the machine is quiet, or still after half a minute."""
    until = time.monotonic() + LONGEST_UNREST
    while True:
        before = _machine()
        time.sleep(LOOK)
        rate = (_machine() - before) / LOOK
        if rate < QUIET or time.monotonic() > until:
            return rate


def _machine() -> float:
    """Since any moment."""
    times = psutil.cpu_times()
    worked = times.user + times.nice + times.system + times.irq + times.softirq
    return worked - time.process_time()


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
