"""How far a participant is, as labs and the website show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .exercises import Exercises
from .grades import Grade, Key


def progress(exercises: Exercises, grades: Mapping[Key, Grade]) -> dict[str, Any]:
    """All tutorials, as `GET /progress` answers; see `tutorials`."""
    return {"tutorials": tutorials(exercises, grades)}


def tutorials(exercises: Exercises, grades: Mapping[Key, Grade]) -> list[dict[str, Any]]:
    """Each tutorial with its exercises in the course's order, and what the participant has.

    `grades` are those of one participant. The maximum is what the release gives now.
    """
    own = {(tutorial, name): grade for (_, tutorial, name), grade in grades.items()}
    made = []
    for tutorial, inner in exercises.tutorials.items():
        rows = [
            _row(name, exercise.maximum, own.get((tutorial, name), Grade()))
            for name, exercise in inner.items()
        ]
        sums = {what: sum(row[what] for row in rows) for what in ("points", "maximum")}
        made.append({"tutorial": tutorial, **sums, "exercises": rows})
    return made


def _row(name: str, maximum: float, grade: Grade) -> dict[str, Any]:
    return {
        "exercise": name,
        "points": grade.points,
        "maximum": maximum,
        "attempts": grade.attempts,
        "waiting": grade.waiting,
    }
