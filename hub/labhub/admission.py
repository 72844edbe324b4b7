"""The line in which labs wait for their start: few start at once, in order of asking."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

FIRST_GUESS = 2.0  # seconds that a start takes, until the first one has shown it
RECENT = 20  # starts from which the next one's time is guessed


class Ticket:
    """Somebody's place in the line."""

    def __init__(self, line: Admission) -> None:
        self._line = line
        self._since = 0.0
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def ahead(self) -> int | None:
        """How many wait ahead; None for who was admitted."""
        return None if self.admitted.done() else self._line.waiting.index(self)

    @property
    def seconds(self) -> float:
        """The seconds that it may take until this one has started, by how long others took."""
        typical = self._line.typical
        if self.ahead is None:
            return max(0.0, typical - (time.monotonic() - self._since))
        # Those who start now are halfway through on average.
        return typical * (self.ahead / self._line.at_once + 1.5)

    def admit(self) -> None:
        """Let this one start."""
        self._since = time.monotonic()
        self.admitted.set_result(None)

    def took(self) -> float:
        """Seconds since it was admitted."""
        return time.monotonic() - self._since


class Admission:
    """Lets `at_once` in at the same time; all at once, each would take as long as all together."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.waiting: deque[Ticket] = deque()
        self._inside: set[Ticket] = set()
        self._recent: deque[float] = deque(maxlen=RECENT)

    @property
    def typical(self) -> float:
        """Seconds that a start takes at present."""
        return fmean(self._recent) if self._recent else FIRST_GUESS

    @contextmanager
    def join(self) -> Iterator[Ticket]:
        """A place in the line, which is given up at the end, whatever the reason.

        Whoever has it awaits `admitted` before the work itself.
        """
        ticket = Ticket(self)
        self.waiting.append(ticket)
        self._admit()
        try:
            yield ticket
            self._recent.append(ticket.took())
        finally:
            if ticket in self._inside:
                self._inside.remove(ticket)
            else:
                self.waiting.remove(ticket)
            self._admit()

    def _admit(self) -> None:
        while self.waiting and len(self._inside) < self.at_once:
            ticket = self.waiting.popleft()
            self._inside.add(ticket)
            if not ticket.admitted.cancelled():
                ticket.admit()
