"""What the grader answers to labs, by HTTP. Who asks, only the hub's answer for the token says."""

from __future__ import annotations

import time
from typing import Any

from courseware.hub_settings import Grading
from jupyterhub.services.auth import HubAuth
from tornado import web

from .grader import Grader
from .grades import grades
from .handler import Handler, Nothing
from .progress import progress, tutorials
from .submission import WITHIN, Refusal, check_rate, read
from .tables import CheckResult
from .turns import Turn, Turns

LONGEST_WAIT = 25.0  # seconds
PLACE_EVERY = 2.0  # seconds
HINT_FROM = 2  # the attempt


class Attempts(Handler):
    """Takes submissions."""

    async def post(self) -> None:
        """Keep a submission and answer with its attempt; the same key is the same attempt."""
        book, call = self.grader.book, self.grader.call
        submission = read(self.request.body, self.participant, self.grader.exercises)
        async with self.grader.alone(self.participant):
            number = await call(book.with_key, self.participant, submission.key)
            if number is None:
                now = time.time()
                recent = await call(book.recent, self.participant, now - WITHIN)
                check_rate(recent, self.grader.waiting(self.participant), now)
                number = await call(book.add, submission, now)
                await self.grader.look()
        self.write(await call(told, self.grader, self.policy, self.participant, number))


class OneAttempt(Handler):
    """Tells how an attempt stands."""

    async def get(self, number: str) -> None:
        """Answer as soon as it stands otherwise than `after` says, or after `wait` seconds.

        That only its place changed is told after `PLACE_EVERY` seconds: else, everybody who waits
        would ask again for each one that is graded.
        """
        if len(number) > 15 or not await self._exists(int(number)):
            raise Refusal(404, "You have no such submission.")
        after, start, wait = self.get_query_argument("after", ""), time.monotonic(), self._wait()
        while (waited := time.monotonic() - start) < wait:
            now = state(self.grader, int(number))
            moved = now.startswith("queued") and after.startswith("queued") and now != after
            if now != after and not (moved and waited < PLACE_EVERY):
                break
            await self.grader.change(min(wait, PLACE_EVERY if moved else wait) - waited)
        self.write(
            await self.grader.call(told, self.grader, self.policy, self.participant, int(number))
        )

    async def _exists(self, number: int) -> bool:
        book = self.grader.book
        return await self.grader.call(book.attempt, number, self.participant) is not None

    def _wait(self) -> float:
        try:
            return min(LONGEST_WAIT, float(self.get_query_argument("wait", "0")))
        except ValueError:
            raise Refusal(400, "`wait` is a number of seconds.") from None


class Progress(Handler):
    """Tells how far a participant is."""

    async def get(self) -> None:
        """All tutorials and exercises."""
        found = await self.grader.call(grades, self.grader.book, self.policy, self.participant)
        self.write(progress(self.grader.exercises, found))


def state(grader: Grader, attempt: int) -> str:
    """An attempt's state in its line, in the words of `after`; empty when it is in none."""
    place = grader.place(attempt)
    if place is None:
        return ""
    return f"queued {place}" if place else "running"


def told(grader: Grader, policy: Grading, participant: str, number: int) -> dict[str, Any]:
    """An attempt as labs are told of it. Waits for the database."""
    book = grader.book
    attempt = book.attempt(number, participant)
    assert attempt is not None  # noqa: S101 - it was there a moment ago, and nothing is removed
    nth = book.number(attempt)
    answer = {
        "id": attempt.id, "tutorial": attempt.tutorial, "exercise": attempt.exercise,
        "key": attempt.key, "number": nth,
    }  # fmt: skip
    outcome, checks = book.outcome(number)
    if outcome is None:
        place = grader.place(number)
        # In no line for a moment, on the way into one.
        return answer | (
            {"state": "running"} if place == 0 else {"state": "queued", "place": place or 1}
        )
    if outcome.broken:
        return answer | {"state": "broken"}
    every = tutorials(grader.exercises, grades(book, policy, participant))
    return answer | {
        "state": "graded", "points": outcome.points, "maximum": outcome.maximum,
        "failed": outcome.failed, "checks": [_check(each, nth) for each in checks],
        "progress": next((e for e in every if e["tutorial"] == attempt.tutorial), {}),
    }  # fmt: skip


def _check(result: CheckResult, attempt: int) -> dict[str, Any]:
    """What a participant is told of a check; its hint from the second attempt on."""
    hint = result.hint if attempt >= HINT_FROM else ""
    return {
        "points": result.points,
        "maximum": result.maximum,
        "message": result.message,
        "hint": hint,
    }


def application(grader: Grader, policy: Grading, hub: HubAuth) -> web.Application:
    """The grader's answers for that gradebook, by that policy."""
    options = {"grader": grader, "policy": policy, "hub": hub}
    return web.Application(
        [
            ("/attempts", Attempts, options),
            ("/attempts/([0-9]+)", OneAttempt, options),
            ("/progress", Progress, options),
            ("/turns", Turn, options),
        ],
        default_handler_class=Nothing,
        log_function=lambda handler: None,
        turns=Turns(),
    )
