"""Processor time of a piece of work, wherever on this machine it is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

LOOK = 1.0  # seconds
QUIET = 0.15  # processors
LONGEST_UNREST = 30  # seconds

Done = TypeVar("Done")


class Meter:
    """Counts what all processes take but this one. Best when nothing else goes on.

    `others` is how many processors were taken at most before a measurement began.
    """

    def __init__(self) -> None:
        self.others = 0.0

    def measure(self, work: Callable[[], Done]) -> tuple[Done, float]:
        """What the work gives, and its seconds of processor time.

        Those count, too, that are spent after it until the machine is quiet: for what was put off.
        """
        self.others = max(self.others, _settled())
        before = _busy()
        done = work()
        _settled()
        return done, _busy() - before


def _settled() -> float:
    """The processors that are taken when the machine is quiet, or still after half a minute."""
    until = time.monotonic() + LONGEST_UNREST
    while True:
        before = _busy()
        time.sleep(LOOK)
        rate = (_busy() - before) / LOOK
        if rate < QUIET or time.monotonic() > until:
            return rate


def _busy() -> float:
    """Seconds for which processors worked for others than this process, since any moment."""
    times = psutil.cpu_times()
    worked = times.user + times.nice + times.system + times.irq + times.softirq
    return worked - time.process_time()
