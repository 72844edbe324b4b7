"""What the grader answers to labs, by HTTP. Who asks, only the hub's answer for the token says."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from courseware.hub_settings import Grading
from jupyterhub.services.auth import HubAuth
from sqlalchemy.exc import SQLAlchemyError
from tornado import web

from ..roles import GRADER
from .grader import Grader
from .grades import grades
from .progress import progress, tutorials
from .submission import WITHIN, Refusal, check_rate, read
from .tables import CheckResult

LONGEST_WAIT = 25.0  # seconds
PLACE_EVERY = 2.0  # seconds
HINT_FROM = 2  # the attempt
UNAVAILABLE = "The grader can't work at the moment; organisers are told. Please try again later."


class Nothing(web.RequestHandler):
    """What isn't there; errors are JSON."""

    def prepare(self) -> Awaitable[None] | None:
        raise Refusal(404, "There is nothing here.")

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        sentence = HTTPStatus(status_code).phrase
        if isinstance(error, Refusal):
            status_code, sentence = error.status, error.sentence
            if error.wait:
                self.set_header("Retry-After", str(error.wait))
        elif isinstance(error, SQLAlchemyError):
            status_code, sentence = 503, UNAVAILABLE
        self.set_status(status_code)
        self.finish({"error": sentence})

    def log_exception(self, *exc_info: Any) -> None:
        if not isinstance(exc_info[1], Refusal):
            super().log_exception(*exc_info)


class Handler(Nothing):
    """Finds out who asks."""

    participant: str

    def initialize(self, grader: Grader, policy: Grading, hub: HubAuth) -> None:
        self.grader, self.policy, self.hub = grader, policy, hub

    async def prepare(self) -> None:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not token.isascii() or not token:
            raise Refusal(401, "No token of the hub came with this.")
        try:
            user = await self.hub.user_for_token(token, sync=False)
        except web.HTTPError:
            raise Refusal(503, "The hub doesn't answer. Please try again in a minute.") from None
        if user is None:
            raise Refusal(403, "The hub doesn't know this token any more. Please restart your lab.")
        if user.get("kind") != "user" or not self.hub.check_scopes({GRADER}, user):
            raise Refusal(403, "This token is not one of a lab.")
        self.participant = user["name"]


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
        ],
        default_handler_class=Nothing,
        log_function=lambda handler: None,
    )
