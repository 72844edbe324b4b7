"""What official checks are written with. They stay on the trusted side, never in a lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., None])
WrongAnswer = TypeVar("WrongAnswer", bound=Callable[[str], str])


@dataclass(frozen=True)
class Exercise:
    """What a check is for: the exercise's name, its points, a hint for those who are stuck."""

    name: str
    points: float
    hint: str


def exercise(name: str, *, points: float = 1, hint: str = "") -> Callable[[Function], Function]:
    """Mark a test as an official check of that exercise; it finds its points and hint here.

    The test takes one argument, `lab`, a `courseware.grading.lab.Lab`: by it the test calls what
    the participant wrote. The message of its AssertionError is shown to the participant.
    """

    def mark(test: Function) -> Function:
        test.exercise = Exercise(name, points, hint)  # type: ignore[attr-defined]
        return test

    return mark


def wrong(name: str) -> Callable[[WrongAnswer], WrongAnswer]:
    """Mark a function that makes a plausible wrong answer to that exercise.

    It takes the solution's source and returns the wrong answer's. Each official check must fail
    for at least one of them, and each of them must lose points: this shows that checks check.
    """

    def mark(answer: WrongAnswer) -> WrongAnswer:
        answer.wrong_answer_to = name  # type: ignore[attr-defined]
        return answer

    return mark
