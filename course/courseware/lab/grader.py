"""Asks the course's grader, which runs on the labs' machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from http.client import HTTPResponse

SECONDS = 10  # for the grader to answer what it needn't wait for
SILENCE = 30  # seconds after which a grader that tells no place is down; it tells one every 10
LARGEST_CELL, LARGEST_CELLS = 64 * 1024, 256 * 1024  # bytes, as the grader has it
WAIT_ANYWAY = 60  # seconds, when it says "later" without a time

NO_GRADER = "There is no grader here: official results are given in a lab of the course's hub."
DOWN = "The grader doesn't answer at the moment."


class Refused(Exception):
    """The grader's last word; its text is the sentence for the participant."""


class Busy(Exception):
    """Too much was asked of the grader; it may be asked again after `seconds`."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class Down(Exception):
    """The grader can't work now. `answered` is whether it could say so itself."""

    def __init__(self, sentence: str = DOWN, answered: bool = False) -> None:
        super().__init__(sentence)
        self.answered = answered


class Grader:
    """The grader's interface. Every method raises Refused, Busy or Down."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token

    def submit(self, submission: dict[str, Any]) -> dict[str, Any]:
        """The attempt that the submission makes: {"key", "tutorial", "exercise", "cells"}.

        It may be sent again: the same key never counts twice.
        """
        sizes = [len(s.encode("utf-8", "surrogatepass")) for s in submission["cells"].values()]
        if max(sizes, default=0) > LARGEST_CELL or sum(sizes) > LARGEST_CELLS:
            # Said here, since the grader may close the connection before it has read it all.
            raise Refused(
                "Your cells are too long to be graded: a cell can have 64 KB and all of them "
                "256 KB. Take long data out of them, then check again."
            )
        return self._ask("POST", "/attempts", submission)

    def attempt(self, number: int, after: str, wait: int) -> dict[str, Any]:
        """The attempt, once it isn't as `after` ("queued 3") any more, or after `wait` seconds."""
        after = after.replace(" ", "%20")
        path = f"/attempts/{number}?after={after}&wait={wait}"
        return self._ask("GET", path, seconds=wait + SECONDS)

    def progress(self) -> list[dict[str, Any]]:
        """All tutorials with their exercises and points, in the course's order."""
        tutorials: list[dict[str, Any]] = self._ask("GET", "/progress")["tutorials"]
        return tutorials

    def places(self) -> Iterator[int]:
        """This lab's places in the line of those that compile; 0 is its turn.

        Turn or place is given back when the iterator is closed.
        """
        with self._answered("POST", "/turns", seconds=SILENCE) as response:
            if response.status != 200:
                raise Refused(f"The grader gives no turn (status {response.status}).")
            for line in response:
                yield int(json.loads(line)["place"])

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = SECONDS
    ) -> dict[str, Any]:
        with self._answered(method, path, body, seconds) as response:
            answer = response.read()
        return _understood(response.status, response.headers.get("Retry-After", ""), answer)

    @contextmanager
    def _answered(
        self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = SECONDS
    ) -> Iterator[HTTPResponse]:
        # Imported late, as it isn't cheap. It follows no redirect and asks no proxy, and so the
        # token goes nowhere else.
        from http.client import HTTPConnection, HTTPException
        from urllib.parse import urlsplit

        headers = {"Authorization": f"token {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        try:
            at = urlsplit(self.url)
            with closing(HTTPConnection(at.hostname or "", at.port, timeout=seconds)) as connection:
                connection.request(method, at.path.rstrip("/") + path, content, headers)
                with connection.getresponse() as response:
                    yield response
        except (OSError, HTTPException, ValueError):
            # ValueError: the address or the token is malformed, and its text would tell the token.
            raise Down() from None


def found() -> Grader | None:
    """The grader of this lab; None outside a hub, and where cells are graded."""
    url = os.environ.get("SYLLAB_GRADER_URL", "")
    token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
    return Grader(url, token) if url and token else None


def _understood(status: int, retry_after: str, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    if status == 200 and answer:
        return answer
    sentence = str(answer.get("error", ""))
    if status == 429:
        seconds = int(retry_after) if retry_after.isdecimal() else WAIT_ANYWAY
        raise Busy(sentence or "You submit faster than the grader can follow.", seconds)
    if 400 <= status < 500:
        raise Refused(sentence or f"The grader refused it (status {status}). Please tell a helper.")
    raise Down(sentence or "The grader has trouble at the moment.", answered=True)
