"""Who is next: a line in which nobody is held up by what another sends much of."""

from __future__ import annotations

import time
from collections import Counter

from .gradebook import Waiting

HALF_LIFE = 300.0  # seconds after which half of somebody's use is forgotten


class Line:
    """The waiting jobs of a lane.

    Next is who used the lane least of late, and of them who came first; each participant has one
    job at a time. What an organiser asked for again comes when nobody else waits.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._running: set[str] = set()
        self._used: dict[str, tuple[float, float]] = {}  # seconds, and when that was so
        self._places: dict[int, int] = {}  # of attempts; empty when they have to be found anew

    def add(self, job: Waiting) -> None:
        """Put a job into the line."""
        self._waiting[job.job] = job
        self._places = {}

    def take(self) -> Waiting | None:
        """The next job, which is then running; None if none may start now."""
        for job in self._order():
            if job.participant not in self._running:
                del self._waiting[job.job]
                self._places = {}
                self._running.add(job.participant)
                return job
        return None

    def done(self, job: Waiting, seconds: float) -> None:
        """A job that was taken has ended after that time."""
        self._running.discard(job.participant)
        self._used[job.participant] = (self._use(job.participant) + seconds, time.monotonic())
        self._places = {}

    def place(self, attempt: int) -> int | None:
        """How many-th in the line an attempt is, from 1; None if it isn't there."""
        if not self._places:  # everybody who waits asks
            self._places = {job.attempt: place for place, job in enumerate(self._order(), 1)}
        return self._places.get(attempt)

    def of(self, participant: str) -> int:
        """How many of a participant's jobs wait."""
        return sum(job.participant == participant for job in self._waiting.values())

    def __len__(self) -> int:
        return len(self._waiting)

    def _use(self, participant: str) -> float:
        seconds, when = self._used.get(participant, (0.0, 0.0))
        return seconds * 0.5 ** ((time.monotonic() - when) / HALF_LIFE)

    def _order(self) -> list[Waiting]:
        waiting = sorted(self._waiting.values(), key=lambda job: job.job)
        turn, turns = {}, Counter[str]()  # the first of everybody, then the second of everybody
        for job in waiting:
            turn[job.job] = turns[job.participant]
            turns[job.participant] += 1
        use = {participant: self._use(participant) for participant in turns}
        # In steps: who used next to nothing isn't behind who used nothing.
        return sorted(
            waiting, key=lambda job: (job.again, use[job.participant] // 10, turn[job.job], job.job)
        )
