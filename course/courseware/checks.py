"""What official checks are written with. They stay on the trusted side, never in a lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., None])


@dataclass(frozen=True)
class Exercise:
    """What a check is for: the exercise's name, its points, a hint for those who are stuck."""

    name: str
    points: float
    hint: str


def exercise(name: str, *, points: float = 1, hint: str = "") -> Callable[[Function], Function]:
    """Mark a test as an official check of that exercise; it finds its points and hint here.

    The test takes one argument, `lab`: `lab.call("name", *values)` calls the participant's
    function of that name with plain values and answers a plain value.
    """

    def mark(test: Function) -> Function:
        test.exercise = Exercise(name, points, hint)  # type: ignore[attr-defined]
        return test

    return mark
