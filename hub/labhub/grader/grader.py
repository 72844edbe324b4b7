"""The grader's day: takes what waits in the gradebook, has it run and checked, notes the outcome.

What waits and what is done stands in the gradebook alone. A grader that is killed loses nothing:
the next one finds the jobs without an outcome and begins them anew.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from courseware.grading.worker import Grading, Result

from . import work
from .exercises import Exercises
from .gradebook import Gradebook, Waiting
from .line import Line
from .pool import Pool
from .tables import CheckResult, Outcome

LOOK_EVERY = 2.0  # seconds between looks for jobs that another program asked for
LONGEST_MESSAGE = 2000  # characters
AGAIN_AFTER = 5.0  # seconds before what the machine failed to do is tried again

# What a cell that works in the lab may fail with here.
ONLY = ". Graded are its own cell, those of exercises that it needs, and setup cells: is it there?"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lane:
    """How many jobs run at once, and how long each may take (s)."""

    line: Line
    at_once: int
    seconds: float


class Grader:
    """Grades what is in the gradebook. One per gradebook."""

    def __init__(self, book: Gradebook, exercises: Exercises, pool: Pool) -> None:
        self.book, self.exercises, self.pool = book, exercises, pool
        cpus = os.cpu_count() or 1
        # Slow ones never hold up all the processors.
        self.quick = Lane(Line(), at_once=cpus, seconds=30)
        self.slow = Lane(Line(), at_once=max(1, cpus // 2), seconds=240)
        self._seen = 0  # the highest number of a job
        self._running: set[int] = set()  # attempts
        self._changed = asyncio.Condition()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # For the database, and for jobs: each of these waits for its process.
        self._threads = ThreadPoolExecutor(
            4 + self.quick.at_once + self.slow.at_once, thread_name_prefix="grader"
        )

    async def run(self) -> None:
        """Grade until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pool.run(self.quick_is_waiting))
            group.create_task(self._look())
            for lane in (self.quick, self.slow):
                for _ in range(lane.at_once):
                    group.create_task(self._serve(lane))

    def quick_is_waiting(self) -> bool:
        """Whether quick jobs wait for a processor."""
        return bool(len(self.quick.line))

    async def call(self, function: Any, *arguments: Any) -> Any:
        """What a function returns that waits for database, engine or process."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(function, *arguments)
        )

    async def look(self) -> None:
        """Take what has come into the gradebook into the lines."""
        jobs = await self.call(self.book.waiting, self._seen)
        for job in jobs:
            if job.job > self._seen:  # another look may have been quicker
                self._seen = job.job
                await self._add(job)
        if jobs:
            await self._tell()

    def place(self, attempt: int) -> int | None:
        """An attempt's place in its line; 0 when it runs, None when it is in no line."""
        if attempt in self._running:
            return 0
        places = (lane.line.place(attempt) for lane in (self.quick, self.slow))
        return next((place for place in places if place is not None), None)

    def alone(self, participant: str) -> asyncio.Lock:
        """For taking a participant's submissions in turn: else a flood isn't counted."""
        return self._locks.setdefault(participant, asyncio.Lock())

    def waiting(self, participant: str) -> int:
        """How many jobs of a participant wait."""
        return self.quick.line.of(participant) + self.slow.line.of(participant)

    async def change(self, seconds: float) -> None:
        """Wait until something in the lines has changed, at most that long."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait(), seconds)
            except TimeoutError:
                return

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _look(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def _add(self, job: Waiting) -> None:
        exercise = self.exercises.get(job.tutorial, job.exercise)
        if exercise is None:
            await self._broken(job, "the course has no such exercise any more")
        else:
            (self.slow if exercise.slow else self.quick).line.add(job)

    async def _serve(self, lane: Lane) -> None:
        while True:
            job = lane.line.take()
            if job is None:
                await self.change(LOOK_EVERY)
                continue
            self._running.add(job.attempt)
            await self._tell()
            started = time.monotonic()
            try:
                await self._grade(job, lane)
            except Exception:
                log.exception("Job %d could not be done; it is tried again", job.job)
                asyncio.get_running_loop().call_later(AGAIN_AFTER, lane.line.add, job)
            finally:
                lane.line.done(job, time.monotonic() - started)
                self._running.discard(job.attempt)
                await self._tell()

    async def _grade(self, job: Waiting, lane: Lane) -> None:
        exercise = self.exercises.get(job.tutorial, job.exercise)
        assert exercise is not None  # noqa: S101 - as it was put into the line
        sources = exercise.sources(await self.call(self.book.sources, job.attempt))
        seed = 1 + secrets.randbelow(2**31 - 1)
        order = {
            "checks": str(exercise.checks), "exercise": exercise.name, "cells": sources,
            "seeds": [seed], "seconds": lane.seconds,
        }  # fmt: skip
        async with self.pool.sandbox() as sandbox:
            grading = await self.call(work.grade, sandbox.connection, order)
            if grading.broken:
                await self._broken(job, grading.broken)
                return
            checks = list(_checked(job, grading))
            failed = grading.failed + (ONLY if grading.failed.startswith("NameError") else "")
            outcome = self._outcome(job, seed=seed, failed=failed, maximum=exercise.maximum)
            outcome.points = sum(each.points for each in checks)
            await self.call(self.book.record, outcome, checks)

    async def _broken(self, job: Waiting, why: str) -> None:
        log.error("%s, %s: can't be graded: %s", job.tutorial, job.exercise, why)
        await self.call(self.book.record, self._outcome(job, broken=why))

    def _outcome(
        self, job: Waiting, *, seed: int = 0, maximum: float = 0, failed: str = "", broken: str = ""
    ) -> Outcome:
        checks, image = self.exercises.made_with.get(job.tutorial, ("", ""))
        return Outcome(
            job_id=job.job, graded=time.time(), checks=checks, image=image, seed=seed,
            points=0.0, maximum=maximum, failed=failed, broken=broken,
        )  # fmt: skip


def _checked(job: Waiting, grading: Grading) -> Iterator[CheckResult]:
    """The results of each check; one that ran several times gives points if it always passed."""
    by_name: dict[str, list[Result]] = {}
    for result in grading.results:
        by_name.setdefault(result.check, []).append(result)
    for number, (name, results) in enumerate(by_name.items()):
        first_wrong = next((each for each in results if not each.passed), None)
        if first_wrong is not None and first_wrong.broken:
            log.warning("%s, %s: %s raised an error", job.tutorial, job.exercise, name)
        points = results[0].points
        yield CheckResult(
            job_id=job.job, number=number, check=name[:200], maximum=points,
            points=0.0 if first_wrong else points,
            message=first_wrong.message[:LONGEST_MESSAGE] if first_wrong else "",
            hint=first_wrong.hint if first_wrong else "",
        )  # fmt: skip
