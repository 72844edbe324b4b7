"""What the calendars have to remember from one build to the next: `calendar.json` in the course.

A calendar that somebody has imported takes a later one for newer by its SEQUENCE, which grows when
a session moves (RFC 5545, section 3.8.7.4), and learns that a session is off only when told. Like
a lock file it is committed with the course.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from ..errors import CourseError, Problem
from ..schedule import Entry

FILE = "calendar.json"
_REMEDY = (
    "take it back from the course's history; without one delete it, and tell those who imported "
    "the calendar to do so again"
)

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Record(BaseModel):
    """What is known of a session. Its moments are in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Moment
    end: Moment
    title: str
    sequence: Annotated[int, Field(ge=0)]  # how often it has moved
    changed: Moment  # when one of the above was last another
    cancelled: bool = False

    def followed_by(self, entry: Entry, now: datetime) -> Record:
        """The record after the entry: itself when nothing of it has changed."""
        new = _record(entry, self.sequence, self.changed)
        if new == self:
            return self
        moved = (new.start, new.end, False) != (self.start, self.end, self.cancelled)
        return _record(entry, self.sequence + moved, now)

    def without_entry(self, now: datetime) -> Record:
        """The record once the session has left the schedule."""
        if self.cancelled:
            return self
        off = {"cancelled": True, "sequence": self.sequence + 1, "changed": now}
        return self.model_copy(update=off)


_Records = TypeAdapter(dict[str, Record])


@dataclass(frozen=True)
class Ledger:
    """The records by session id."""

    records: dict[str, Record] = field(default_factory=dict)

    def updated(self, entries: Iterable[Entry], now: datetime) -> Ledger:
        """The ledger after a schedule, known `now` (aware, kept to the second).

        A moved session gets the next sequence, and so does one that has gone or come back.
        """
        now = now.astimezone(UTC).replace(microsecond=0)
        known = self.records
        current = {
            entry.id: known[entry.id].followed_by(entry, now)
            if entry.id in known
            else _record(entry, 0, now)
            for entry in entries
        }
        gone = {name: known[name].without_entry(now) for name in known.keys() - current.keys()}
        return Ledger(current | gone)

    def write(self, folder: Path) -> None:
        """Write `calendar.json` into the folder, wholly or not at all; nothing if it says the same.

        Raises CourseError when it can't be written, and as `read` does.
        """
        if self == read(folder):
            return
        path = folder / FILE
        new = path.with_suffix(".new")
        plain = _Records.dump_python(self.records, mode="json", exclude_defaults=True)
        text = json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True)
        try:
            new.write_text(f"{text}\n", encoding="utf-8", newline="\n")
            new.replace(path)
        except OSError as error:
            what = f"can't be written ({error.strerror})"
            remedy = "let the folder be written to: the file belongs to the course"
            raise CourseError([Problem(str(path), None, "", what, remedy)]) from None


def read(folder: Path) -> Ledger:
    """The ledger of the course in `folder`; empty when there is no file.

    Raises CourseError for a file that can't be read or doesn't hold what was written.
    """
    path = folder / FILE
    try:
        return Ledger(_Records.validate_python(json.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        problem = Problem(str(path), None, "", f"can't be read ({error.strerror})", "check it")
        raise CourseError([problem]) from None
    except json.JSONDecodeError as error:
        what = f"is damaged: {error.msg}"
        raise CourseError([Problem(str(path), error.lineno, "", what, _REMEDY)]) from None
    except UnicodeDecodeError:
        raise CourseError([Problem(str(path), None, "", "is not UTF-8", _REMEDY)]) from None
    except ValidationError as error:
        found = ((".".join(map(str, e["loc"])), e["msg"]) for e in error.errors())
        problems = [Problem(str(path), None, key, f"is damaged: {m}", _REMEDY) for key, m in found]
        raise CourseError(problems) from None


def _record(entry: Entry, sequence: int, changed: datetime) -> Record:
    return Record(
        start=entry.start,
        end=entry.end,
        title=entry.session.title,
        sequence=sequence,
        changed=changed,
    )
