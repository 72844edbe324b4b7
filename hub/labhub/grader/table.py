"""Everybody's grades in one table, and as the CSV file that organisers get."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from math import fsum

from courseware.hub_settings import Grading

from ..accounts import Accounts
from .exercises import Exercises
from .gradebook import Gradebook
from .grades import Grade, grades

Key = tuple[str, str]
"""A tutorial, an exercise."""

# What starts a formula in a spreadsheet: https://owasp.org/www-community/attacks/CSV_Injection.
# Not only at the beginning: a program that expects other separators starts cells in the middle.
_FORMULA = re.compile(r'((?:^|[;,|:"])\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])')
# PHP's CSV reader, and with it Moodle's, takes a quote after a backslash for a part of the text.
_ESCAPE = re.compile(r'\\(?="|$)')


@dataclass(frozen=True)
class Row:
    """A participant with the grades of the exercises that they attempted."""

    username: str
    name: str
    grades: dict[Key, Grade]

    def points(self, exercises: list[Key]) -> float | None:
        """The sum over these exercises; None if no attempt at any of them counts (yet)."""
        found = [self.grades[key] for key in exercises if key in self.grades]
        counting = [grade.points for grade in found if grade.received is not None]
        return fsum(counting) if counting else None


@dataclass(frozen=True)
class Table:
    """The rows of all participants by username; the exercises' maxima in the course's order."""

    maxima: dict[Key, float]
    rows: list[Row]

    @property
    def maximum(self) -> float:
        """What all exercises give in all."""
        return fsum(self.maxima.values())

    def total(self, row: Row) -> float:
        """What a participant has in all."""
        return row.points(list(self.maxima)) or 0.0

    def csv(self) -> bytes:
        """The table for spreadsheets, programs and the grade import of a learning platform.

        UTF-8 with the mark by which Excel knows it; commas (RFC 4180); numbers with a dot. After
        username, name and total there is a column for each tutorial and each of its exercises,
        with the maximum in its head. A field is empty where no attempt counts (yet).
        """
        columns = self._columns()
        maxima = [fsum(self.maxima[key] for key in keys) for keys in columns.values()]
        heads = [f"{name} (of {number(of)})" for name, of in zip(columns, maxima, strict=True)]
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(["username", "name", f"total (of {number(self.maximum)})", *heads])
        for row in self.rows:
            found = map(row.points, columns.values())
            points = ["" if each is None else number(each) for each in found]
            writer.writerow([row.username, harmless(row.name), number(self.total(row)), *points])
        return file.getvalue().encode("utf-8-sig")

    def _columns(self) -> dict[str, list[Key]]:
        """The exercises that each column sums up, by its name."""
        columns: dict[str, list[Key]] = {}
        for tutorial in dict.fromkeys(tutorial for tutorial, _ in self.maxima):
            keys = [key for key in self.maxima if key[0] == tutorial]
            columns[tutorial] = keys
            columns |= {"/".join(key): [key] for key in keys}
        return columns


def table(book: Gradebook, exercises: Exercises, accounts: Accounts, policy: Grading) -> Table:
    """The grades of everybody whose role is participant, also of those who did nothing yet.

    Raises SQLAlchemyError where the gradebook can't be read.
    """
    maxima = {
        (tutorial, name): exercise.maximum
        for tutorial, found in exercises.tutorials.items()
        for name, exercise in found.items()
    }
    by_participant: dict[str, dict[Key, Grade]] = {}
    for (participant, *key), grade in grades(book, policy).items():
        if (exercise_key := (key[0], key[1])) in maxima:  # another release may have had others
            by_participant.setdefault(participant, {})[exercise_key] = grade
    return Table(
        maxima,
        [
            Row(username, accounts.all()[username].name, by_participant.get(username, {}))
            for username in accounts.with_role("participant")
        ],
    )


def harmless(name: str) -> str:
    """A name that is one line and that no spreadsheet takes for a formula, the text kept."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).split())
    return _ESCAPE.sub(r"\\ ", _FORMULA.sub(r"\1'", line))


def number(points: float) -> str:
    """Points as they are written: 2, 2.5, 0.3333333333."""
    return f"{points:.10g}"
