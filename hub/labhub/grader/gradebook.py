"""The gradebook: what was submitted, what is still to grade, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, create_engine, event, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .tables import Attempt, Base, CheckResult, Job, Outcome, Source

BUSY = 30  # seconds that a writer waits for another


@dataclass(frozen=True)
class Submission:
    """What a participant sends: `cells` are sources by the cells' ids."""

    participant: str
    tutorial: str
    exercise: str
    cells: dict[str, str]
    key: str


@dataclass(frozen=True)
class Waiting:
    """A job without an outcome."""

    job: int
    attempt: int
    participant: str
    tutorial: str
    exercise: str
    again: bool


class Gradebook:
    """A database with the tables of `labhub.grader.tables`; several programs may open it at once.

    Every method is a transaction of its own. Raises sqlalchemy.exc.SQLAlchemyError where the
    database can't be reached.
    """

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's, such as sqlite:////folder/grades.sqlite."""
        self.engine = _engine(url)
        with self.engine.begin() as connection:
            # Hub and grader may open an empty database at the same moment.
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(select(func.pg_advisory_xact_lock(1)))
            Base.metadata.create_all(connection)

    def add(self, submission: Submission, now: float) -> int:
        """Keep a submission, which is then to be graded; the attempt's number in the database.

        One that was added before, with the same participant and key, is that attempt.
        """
        hashes = {name: sha256(s.encode()).hexdigest() for name, s in submission.cells.items()}
        texts = {hashes[name]: source for name, source in submission.cells.items()}
        try:
            with Session(self.engine) as session, session.begin():
                known = set(session.scalars(select(Source.sha256).where(Source.sha256.in_(texts))))
                session.add_all(
                    Source(sha256=h, text=t) for h, t in texts.items() if h not in known
                )
                attempt = Attempt(
                    participant=submission.participant, tutorial=submission.tutorial,
                    exercise=submission.exercise, cells=hashes, key=submission.key, received=now,
                )  # fmt: skip
                session.add(attempt)
                session.flush()
                session.add(Job(attempt_id=attempt.id, again=False, asked=now))
                return attempt.id
        except IntegrityError:
            found = self.with_key(submission.participant, submission.key)
            if found is None:  # another program added the same source at the same moment
                return self.add(submission, now)
            return found

    def with_key(self, participant: str, key: str) -> int | None:
        """The attempt that this participant sent under this key, None if there is none."""
        wanted = select(Attempt.id).filter_by(participant=participant, key=key)
        with Session(self.engine) as session:
            return session.scalar(wanted)

    def attempt(self, number: int, participant: str) -> Attempt | None:
        """A participant's attempt; None for what isn't there or is somebody else's."""
        with Session(self.engine) as session:
            return session.scalar(select(Attempt).filter_by(id=number, participant=participant))

    def sources(self, attempt: int) -> dict[str, str]:
        """The submitted sources of an attempt by the cells' ids."""
        with Session(self.engine) as session:
            hashes = session.get_one(Attempt, attempt).cells
            wanted = select(Source.sha256, Source.text).where(Source.sha256.in_(hashes.values()))
            texts = {row.sha256: row.text for row in session.execute(wanted)}
            return {name: texts[digest] for name, digest in hashes.items()}

    def recent(self, participant: str, since: float) -> list[float]:
        """When the participant submitted after that time, the earliest first."""
        wanted = select(Attempt.received).filter_by(participant=participant)
        with Session(self.engine) as session:
            return list(
                session.scalars(wanted.where(Attempt.received > since).order_by("received"))
            )

    def waiting(self, after: int = 0) -> list[Waiting]:
        """The jobs without an outcome, with numbers above `after`, in the order of asking."""
        columns = (Job.id, Attempt.id, Attempt.participant, Attempt.tutorial, Attempt.exercise)
        wanted = (
            select(*columns, Job.again)
            .join(Attempt)
            .where(Job.id > after, ~exists().where(Outcome.job_id == Job.id))
            .order_by(Job.id)
        )
        with Session(self.engine) as session:
            return [Waiting(*row) for row in session.execute(wanted)]

    def record(self, outcome: Outcome, checks: Sequence[CheckResult] = ()) -> bool:
        """Keep a job's outcome; False, and nothing is kept, if it has one already."""
        try:
            with Session(self.engine) as session, session.begin():
                session.add(outcome)
                session.flush()
                session.add_all(checks)
        except IntegrityError:
            return False
        return True

    def outcome(self, attempt: int) -> tuple[Outcome | None, list[CheckResult]]:
        """What an attempt's job came to, the latest one's that has an outcome, and its checks."""
        latest = (
            select(Outcome).join(Job, Job.id == Outcome.job_id)
            .where(Job.attempt_id == attempt).order_by(Outcome.job_id.desc()).limit(1)
        )  # fmt: skip
        with Session(self.engine) as session:
            found = session.scalar(latest)
            if found is None:
                return None, []
            wanted = select(CheckResult).filter_by(job_id=found.job_id).order_by("number")
            return found, list(session.scalars(wanted))

    def number(self, attempt: Attempt) -> int:
        """How many-th attempt of its participant at its exercise this is, from 1."""
        same = select(func.count()).select_from(Attempt).filter_by(
            participant=attempt.participant, tutorial=attempt.tutorial, exercise=attempt.exercise
        )  # fmt: skip
        with Session(self.engine) as session:
            return session.scalar(same.where(Attempt.id <= attempt.id)) or 0

    def grade_again(self, now: float, current: dict[str, tuple[str, str]]) -> int:
        """Ask for another grading of what is broken or other checks or images graded; how many.

        `current` has each tutorial's hash of checks and ID of image, as they are now.
        """
        latest = select(func.max(Outcome.job_id)).join(Job).group_by(Job.attempt_id)
        wanted = (
            select(Attempt.id, Attempt.tutorial, Outcome.broken, Outcome.checks, Outcome.image)
            .join(Job, Job.attempt_id == Attempt.id)
            .join(Outcome, Outcome.job_id == Job.id)
            .where(Outcome.job_id.in_(latest))
        )
        open_ = {each.attempt for each in self.waiting()}
        with Session(self.engine) as session, session.begin():
            outdated = [
                attempt
                for attempt, tutorial, broken, *graded_with in session.execute(wanted)
                if tutorial in current
                and (broken or tuple(graded_with) != current[tutorial])
                and attempt not in open_
            ]
            session.add_all(Job(attempt_id=each, again=True, asked=now) for each in outdated)
        return len(outdated)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # Readers and the one writer don't wait for each other: https://sqlite.org/wal.html
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Without it, "INSERT OR REPLACE" gets past the triggers that keep rows.
        connection.execute("PRAGMA recursive_triggers=ON")

    return engine
