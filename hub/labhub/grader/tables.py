"""The gradebook's tables. What was attempted and found is only ever added, never changed."""

from __future__ import annotations

from sqlalchemy import DDL, JSON, ForeignKey, String, Text, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SHA256 = String(64)
NAME = String(64)


class Base(DeclarativeBase):
    """Times are seconds since the epoch, UTC."""

    type_annotation_map = {dict[str, str]: JSON}  # noqa: RUF012 - as SQLAlchemy has it


class Source(Base):
    """A cell's source, kept once however often it is submitted."""

    __tablename__ = "source"
    sha256: Mapped[str] = mapped_column(SHA256, primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class Attempt(Base):
    """One submission of an exercise. `key` is the lab's, by which it is known when sent again."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("participant", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    participant: Mapped[str] = mapped_column(NAME, index=True)
    tutorial: Mapped[str] = mapped_column(NAME)
    exercise: Mapped[str] = mapped_column(NAME)
    cells: Mapped[dict[str, str]]  # the id of each cell -> the hash of its source
    key: Mapped[str] = mapped_column(NAME)
    received: Mapped[float]


class Job(Base):
    """A grading of an attempt that was asked for; it waits until it has an outcome."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    again: Mapped[bool]  # asked for by an organiser: another release may grade otherwise
    asked: Mapped[float]


class Outcome(Base):
    """How a job ended: by its key, there can be one only.

    `checks` is the hash of the tutorial's checks, `image` the ID of the lab's image. `failed`
    says why the participant's cells didn't run, `broken` why they could not be graded, which is
    not the participant's doing: such an outcome doesn't count.
    """

    __tablename__ = "outcome"
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)
    graded: Mapped[float]
    checks: Mapped[str] = mapped_column(SHA256)
    image: Mapped[str] = mapped_column(String(80))
    seed: Mapped[int]
    points: Mapped[float]
    maximum: Mapped[float]
    failed: Mapped[str] = mapped_column(Text)
    broken: Mapped[str] = mapped_column(Text)


class CheckResult(Base):
    """How one check of an outcome went, in the checks' order."""

    __tablename__ = "check_result"
    job_id: Mapped[int] = mapped_column(ForeignKey("outcome.job_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column("name", String(200))
    points: Mapped[float]
    maximum: Mapped[float]
    message: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(Text)


# Rows are only added: the database itself refuses anything else, also from a program of ours.
_REFUSAL = {
    "sqlite": [
        f"CREATE TRIGGER keep_{{table}}_{change} BEFORE {change} ON {{table}}"
        " BEGIN SELECT RAISE(ABORT, 'the gradebook is only ever added to'); END"
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'the gradebook is only ever added to'; END$$",
        "CREATE TRIGGER keep_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " EXECUTE FUNCTION keep_row()",
    ],
}
for _table in Base.metadata.sorted_tables:
    for _dialect, _statements in _REFUSAL.items():
        for _statement in _statements:
            _ddl = DDL(_statement.format(table=_table.name))
            event.listen(_table, "after_create", _ddl.execute_if(dialect=_dialect))
