"""What a lab may send, and how much of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .exercises import Exercise, Exercises
from .gradebook import Submission

LARGEST_CELL = 64 * 2**10  # bytes
LARGEST = 256 * 2**10  # bytes of all cells
AT_MOST, WITHIN = 30, 300  # submissions, seconds
WAITING = 40  # submissions of a participant that wait

Name = Annotated[str, Field(max_length=64)]


class Refusal(Exception):
    """A submission that isn't taken: a status of HTTP, a sentence, seconds to wait (or 0)."""

    def __init__(self, status: int, sentence: str, wait: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.wait = status, sentence, wait


class Body(BaseModel):
    """What `POST /attempts` is sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    key: str = Field(pattern=r"^[0-9a-f]{32}$")
    tutorial: Name
    exercise: Name
    cells: dict[Name, str]


def read(content: bytes, participant: str, exercises: Exercises) -> Submission:
    """The submission in a request's body. Raises Refusal."""
    try:
        body = Body.model_validate_json(content)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))[:80]}: {e['msg']}" for e in error.errors()[:3]
        )
        raise Refusal(400, f"This is not a submission ({wrong}).") from None
    exercise = exercises.get(body.tutorial, body.exercise)
    if exercise is None:
        raise Refusal(404, "The course that runs here has no such exercise.")
    _check_cells(body.cells, exercise)
    return Submission(participant, body.tutorial, body.exercise, body.cells, body.key)


def _check_cells(cells: dict[str, str], exercise: Exercise) -> None:
    if not cells:
        raise Refusal(400, "There are no cells in this submission: run the exercise's cell first.")
    if unknown := cells.keys() - exercise.cells.keys():
        sentence = "cells that don't belong to this exercise as it was handed out"
        raise Refusal(400, f"It has {len(unknown)} {sentence}: is the notebook an older one?")
    sizes = [len(source.encode()) for source in cells.values()]
    if max(sizes) > LARGEST_CELL or sum(sizes) > LARGEST:
        what = f"{LARGEST_CELL // 2**10} KB in one cell and {LARGEST // 2**10} KB in all"
        raise Refusal(413, f"That is more than can be graded: at most {what}.")
    if any("\0" in source for source in cells.values()):
        raise Refusal(400, "A cell holds a null character, which Python can't read.")


def check_rate(times: list[float], waiting: int, now: float) -> None:
    """Refuse a participant who sends too much. Raises Refusal.

    `times` are those of their submissions in the last `WITHIN` seconds, the earliest first.
    """
    if waiting >= WAITING:
        raise Refusal(429, f"{waiting} of your submissions wait already: let some be graded.", 20)
    if len(times) >= AT_MOST:
        wait = max(1, round(times[-AT_MOST] + WITHIN - now))
        sentence = f"You have submitted {len(times)} times within {WITHIN // 60} minutes."
        raise Refusal(429, f"{sentence} Please try again in {wait} s.", wait)
