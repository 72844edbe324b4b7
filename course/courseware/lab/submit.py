"""Submits exercises and follows them until their results are there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .grader import Busy, Down, Grader, Refused
from .outbox import Outbox

POLL = 20  # seconds that the grader may wait with an answer; it allows 25
PAUSE = 1.0  # seconds before asking again when it couldn't answer
BREATH = 0.2  # seconds before asking again when it had nothing new
PENDING = ("queued", "running")

SUBMITTING = "submitting…"
RUNNING = "being graded…"
BROKEN = (
    "the grader could not grade this, which is not your doing. "
    "The organisers have been told; please check again later."
)
KEPT = "Your submission is kept in your home, and sent as soon as the grader answers."
LATER = "progress() will show the result."


@dataclass(frozen=True)
class Status:
    """Where one submission stands: in words, and with its result (the attempt) once graded."""

    says: str
    result: dict[str, Any] | None = None


class Round:
    """Some submissions under way, by exercise. `tell` is called whenever their status changes."""

    def __init__(
        self,
        grader: Grader,
        outbox: Outbox,
        submissions: dict[str, dict[str, Any]],
        tell: Callable[[Round], None],
    ) -> None:
        self.grader, self.outbox, self.submissions = grader, outbox, submissions
        self.tell = tell
        self.status = dict.fromkeys(submissions, Status(SUBMITTING))
        self.notes: list[str] = []
        """What there is to tell about submissions that were kept earlier."""
        self.progress: dict[str, Any] | None = None
        """The tutorial's, as it was told with the newest result."""
        self._unsent = dict(submissions)
        self._pending: dict[str, dict[str, Any]] = {}

    def run(self, seconds: float) -> None:
        """Submit, and return when all results are there, or after that time.

        An interrupt ends it, too: what was submitted stays so, what wasn't is kept.
        """
        try:
            self.tell(self)
            self._send()
            self._follow(time.monotonic() + seconds)
        except KeyboardInterrupt:
            for name in list(self._unsent):
                self._keep(name, "interrupted.")
            for name in self._pending:
                self._say(name, f"interrupted; your submission stays in the queue. {LATER}")

    def _send(self) -> None:
        delivery = self.outbox.send(self.grader)
        self.notes += self.outbox.news() + delivery.notes
        if self.notes:
            self.tell(self)
        unreachable = delivery.unreachable
        for name, submission in self.submissions.items():
            try:
                if unreachable:
                    raise unreachable  # it would only take its time to fail again
                self._heard(name, self.grader.submit(submission))
            except Down as error:
                unreachable = None if error.answered else error
                self._keep(name, str(error))
            except Busy as error:
                self._end(name, f"{error} Not submitted: check again in {error.seconds} s.")
            except Refused as error:
                self._end(name, str(error))
        if self.outbox.kept():
            self.outbox.send_later(self.grader)

    def _follow(self, until: float) -> None:
        while self._pending:
            for name, attempt in list(self._pending.items()):
                left = until - time.monotonic()
                if left <= 0:
                    self._give_up()
                    return
                # One alone is waited for; several are asked about in turn.
                wait = min(POLL if len(self._pending) == 1 else 1, max(1, int(left)))
                try:
                    new = self.grader.attempt(attempt["id"], _state(attempt), wait)
                except Refused as error:
                    self._end(name, str(error))
                except Busy as error:
                    time.sleep(min(error.seconds, left))
                except Down as error:
                    self._say(name, f"{error} Your submission is in its queue; trying again…")
                    time.sleep(min(PAUSE, left))
                else:
                    if _state(new) == _state(attempt):
                        time.sleep(min(BREATH, left))
                    self._heard(name, new)

    def _heard(self, name: str, attempt: dict[str, Any]) -> None:
        self._unsent.pop(name, None)
        if attempt["state"] in PENDING:
            self._pending[name] = attempt
            self._say(name, _waiting(attempt))
        elif attempt["state"] == "graded":
            self.progress = attempt["progress"]
            self._end(name, "graded", attempt)
        else:
            self._end(name, BROKEN)

    def _keep(self, name: str, why: str) -> None:
        try:
            self.outbox.keep(self.submissions[name])
        except OSError as error:
            lost = f"It could not be kept in your home ({error.strerror}): check again later."
            self._end(name, f"{why} {lost}")
        else:
            self._end(name, f"{why} {KEPT}")

    def _give_up(self) -> None:
        for name, attempt in self._pending.items():
            self._say(name, f"still {_waiting(attempt).rstrip('…')}. {LATER}")

    def _end(self, name: str, says: str, result: dict[str, Any] | None = None) -> None:
        self._unsent.pop(name, None)
        self._pending.pop(name, None)
        self._say(name, says, result)

    def _say(self, name: str, says: str, result: dict[str, Any] | None = None) -> None:
        status = Status(says, result)
        if self.status[name] != status:
            self.status[name] = status
            self.tell(self)


def _state(attempt: dict[str, Any]) -> str:
    """As the grader is told what was seen last: "running", or "queued 3"."""
    place = f" {attempt['place']}" if attempt["state"] == "queued" else ""
    return f"{attempt['state']}{place}"


def _waiting(attempt: dict[str, Any]) -> str:
    return f"queued, place {attempt['place']}" if attempt["state"] == "queued" else RUNNING
