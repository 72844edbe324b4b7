"""Has labs that share a machine take turns at what uses a processor for long, such as compiling."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from . import grader
from .live import Live

PATIENCE = 180  # seconds; who takes turns only to keep others from theirs holds them up no longer


@contextmanager
def turn() -> Iterator[None]:
    """Wait for this lab's turn, which the block then is; how many are before it is shown.

    Where no grader gives turns, nothing is waited for; and never for longer than `PATIENCE`.
    """
    with closing(_places()) as places:
        _wait(places)
        yield


def _places() -> Generator[int, None, None]:
    asked = grader.found()
    if asked is None:
        return
    try:
        yield from asked.places()
    except (grader.Refused, grader.Down):
        return  # better all at once than nobody


def _wait(places: Iterator[int]) -> None:
    start, line, waited = time.monotonic(), Live(), False
    for place in places:
        if place == 0 or time.monotonic() - start > PATIENCE:
            break
        waited = True
        others = f"{place} other labs have" if place > 1 else "another lab has"
        _show(line, f"Waiting to compile: {others} to finish first.")
    if waited:
        _show(line, f"Waited {time.monotonic() - start:.0f} s for other labs to compile.")


def _show(line: Live, text: str) -> None:
    line.show(text, f"<p>{text}</p>")
