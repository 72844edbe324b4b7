"""What was tried, and how it went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from courseware.errors import UserError
from requests import exceptions
from websocket import WebSocketException

# What a server that isn't as it should be makes fail here.
TROUBLE = (OSError, ValueError, LookupError, WebSocketException)


class Failure(Exception):
    """Something isn't as it should be: `what`, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} -> {remedy}")
        self.what, self.remedy = what, remedy


@dataclass(frozen=True)
class Finding:
    """One thing that was tried.

    `what` is what was found or, if it isn't right, what is wrong; `remedy` is then what to do.
    """

    name: str
    passed: bool
    what: str
    remedy: str
    seconds: float

    def __str__(self) -> str:
        said = f": {self.what}" if self.what else ""
        return f"{self.name}{said}" + (f" -> {self.remedy}" if self.remedy else "")


class Findings:
    """All findings, in the order in which they came; `tell` hears what is being tried."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.all: list[Finding] = []
        self._tell = tell

    def attempt(self, name: str, job: Callable[..., object], *arguments: Any) -> bool:
        """Do the job and note how it went; whether it went well.

        A text that the job answers is what was found.
        """
        self._tell(name)
        started = time.monotonic()
        try:
            answer = job(*arguments)
        except Failure as failure:
            return self._note(name, False, failure.what, failure.remedy, started)
        except TROUBLE as trouble:
            remedy = "see that hub, proxy and site run, and what their logs say"
            return self._note(name, False, _plain(trouble), remedy, started)
        return self._note(name, True, answer if isinstance(answer, str) else "", "", started)

    def _note(self, name: str, passed: bool, what: str, remedy: str, started: float) -> bool:
        self.all.append(Finding(name, passed, what, remedy, time.monotonic() - started))
        return passed


def require(findings: Iterable[Finding]) -> None:
    """Raise UserError with all that isn't as it should be."""
    failed = [str(finding) for finding in findings if not finding.passed]
    if failed:
        raise UserError("\n".join(failed))


def _plain(trouble: BaseException) -> str:
    """An error in words. Not its own: they may hold an address with a token in it."""
    if isinstance(trouble, exceptions.HTTPError) and trouble.response is not None:
        return f"answers with status {trouble.response.status_code}"
    if isinstance(trouble, exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(trouble, (exceptions.Timeout, TimeoutError)):
        return "doesn't answer in time"
    if isinstance(trouble, OSError):
        return "can't be reached"
    return f"answers with something unexpected ({type(trouble).__name__})"
