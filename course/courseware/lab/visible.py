"""Runs an exercise's visible tests, whatever the participant's code does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LONGEST_MESSAGE = 600  # characters

Test = Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """How one test went: what it looks at, and what is wrong, empty when nothing is."""

    label: str
    wrong: str


def run(test: Test) -> Outcome:
    """Run one test. Raises nothing that the test raises, but an interrupt."""
    doc = getattr(test, "__doc__", None) or getattr(test, "__name__", "check").replace("_", " ")
    label = doc.strip().split("\n")[0]
    try:
        test()
    except AssertionError as error:
        return Outcome(label, _message(error) or "not yet")
    except (Exception, SystemExit) as error:  # the participant's code may do anything
        return Outcome(label, f"{type(error).__name__}: {_message(error)}")
    return Outcome(label, "")


def _message(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST_MESSAGE]
    except Exception:  # str() is the participant's as well
        return "(without a message)"
