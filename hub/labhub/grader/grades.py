"""What counts of a gradebook, by the course's policy. A grade is a query: it is stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from courseware.hub_settings import Grading
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from .gradebook import Gradebook
from .tables import Attempt, Job, Outcome

Key = tuple[str, str, str]
"""A participant, a tutorial, an exercise."""


@dataclass(frozen=True)
class Grade:
    """What a participant has for an exercise: the points of the attempt that counts.

    `attempts` are all, also those that don't count; `waiting` of them have no result yet.
    """

    points: float = 0.0
    maximum: float = 0.0
    received: float | None = None
    attempts: int = 0
    waiting: int = 0


def grades(book: Gradebook, policy: Grading, participant: str | None = None) -> dict[Key, Grade]:
    """The grade of everybody, or of one participant, for each exercise that they attempted.

    An attempt counts as it was graded last. Of several the one with the most points counts, or
    the last, as `policy.counts` says; those from `policy.deadline` on don't.
    """
    counted, attempted = _counted(policy), _attempted()
    if participant is not None:
        counted = counted.where(counted.selected_columns.participant == participant)
        attempted = attempted.where(Attempt.participant == participant)
    with Session(book.engine) as session:
        best = {_key(row): row for row in session.execute(counted)}
        return {
            _key(row): _grade(best.get(_key(row)), attempts=row[3], ended=row[4])
            for row in session.execute(attempted)
        }


def _grade(best: Any, attempts: int, ended: int) -> Grade:
    points, maximum, received = best[3:] if best else (0.0, 0.0, None)
    return Grade(points, maximum, received, attempts, waiting=attempts - ended)


def _key(row: Any) -> Key:
    return row[0], row[1], row[2]


def _counted(policy: Grading) -> Select[str, str, str, float, float, float]:
    """Participant, tutorial, exercise, points, maximum and time of the attempts that count."""
    last = (
        select(Job.attempt_id, func.max(Outcome.job_id).label("job_id"))
        .join(Outcome, Outcome.job_id == Job.id)
        .where(Outcome.broken == "")
        .group_by(Job.attempt_id)
        .subquery()
    )
    last_first, best_first = (Attempt.id.desc(),), (Outcome.points.desc(), Attempt.id)
    first = last_first if policy.counts == "last" else best_first
    exercise = (Attempt.participant, Attempt.tutorial, Attempt.exercise)
    ranked = (
        select(
            *exercise, Outcome.points, Outcome.maximum, Attempt.received,
            func.row_number().over(partition_by=exercise, order_by=first).label("rank"),
        )
        .join(last, last.c.attempt_id == Attempt.id)
        .join(Outcome, Outcome.job_id == last.c.job_id)
    )  # fmt: skip
    if policy.deadline is not None:
        ranked = ranked.where(Attempt.received < policy.deadline.timestamp())
    rows = ranked.subquery()
    columns = (rows.c.participant, rows.c.tutorial, rows.c.exercise, rows.c.points)
    return select(*columns, rows.c.maximum, rows.c.received).where(rows.c.rank == 1)


def _attempted() -> Select[str, str, str, int, int]:
    """Participant, tutorial, exercise, the number of attempts, and of those with an outcome."""
    exercise = (Attempt.participant, Attempt.tutorial, Attempt.exercise)
    ended = select(Job.attempt_id).join(Outcome, Outcome.job_id == Job.id).distinct().subquery()
    return (
        select(*exercise, func.count(), func.count(ended.c.attempt_id))
        .outerjoin(ended, ended.c.attempt_id == Attempt.id)
        .group_by(*exercise)
    )
