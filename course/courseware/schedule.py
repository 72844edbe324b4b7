"""When things happen: wall-clock times at the venue become instants, and the traps are refused.

Zones come from the pinned `tzdata` package, never from the machine: a system's are often old.
Reading them with `ZoneInfo.from_file` rather than `zoneinfo.reset_tzpath` leaves the rest of
the process alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from datetime import date as Date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from .course import Course, Session, Slot

LONGEST = timedelta(hours=16)


class WhenError(ValueError):
    """A time that doesn't exist, exists twice or makes no sense; args: what, remedy."""


@cache
def zones() -> frozenset[str]:
    """The IANA zone names of the pinned tzdata."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises KeyError for a name that isn't in `zones()`."""
    if name not in zones():
        raise KeyError(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def instant(date: Date, clock: time, place: ZoneInfo, fold: int | None = None) -> datetime:
    """The moment at which the clocks at `place` show `clock` on `date`, aware.

    `fold` chooses between the two when clocks are set back (0 the earlier, 1 the later).
    Raises WhenError for a time that clocks skip, and for one that is ambiguous without `fold`.
    """
    naive = datetime.combine(date, clock)
    first, second = (naive.replace(tzinfo=place, fold=f) for f in (0, 1))
    shown = f"{clock:%H:%M} on {date} in {place.key}"
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(place).replace(tzinfo=None) != naive:
        raise WhenError(f"{shown} doesn't exist: clocks skip it", "choose another time")
    if fold is None:
        what = f"{shown} happens twice: clocks are set back"
        raise WhenError(what, "add `fold: 0` for the earlier or `fold: 1` for the later")
    return second if fold else first


def span(date: Date, slot: Slot, place: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a slot, aware, in the venue's zone. An end before the start is the next day.

    Raises WhenError as `instant` does, and for a slot longer than `LONGEST`.
    """
    start = instant(date, slot.start, place, slot.fold)
    if slot.end is None:
        return start, (_utc(start) + timedelta(minutes=slot.duration or 0)).astimezone(place)
    day = date + timedelta(days=slot.end <= slot.start)
    try:
        end = instant(day, slot.end, place)
    except WhenError as error:
        raise WhenError(f"its end: {error.args[0]}", "give a `duration` in minutes") from None
    length = _utc(end) - _utc(start)
    if length > LONGEST:
        remedy = "an end before the start means the next day: check both times"
        raise WhenError(f"lasts {length.total_seconds() / 3600:g} hours", remedy)
    return start, end


@dataclass(frozen=True)
class Entry:
    """A session with its instants. `start` and `end` are aware, in the venue's zone."""

    id: str
    session: Session
    start: datetime
    end: datetime

    @property
    def start_utc(self) -> datetime:
        return _utc(self.start)

    @property
    def end_utc(self) -> datetime:
        return _utc(self.end)


def resolve(course: Course) -> list[Entry]:
    """All sessions of a validated course with their instants, in order of start.

    An entry's id is the session's own or made from its title, unique within the course.
    """
    if course.venue is None:
        return []
    place = zone(course.venue.zone)
    timed = [
        (*span(day.date, session, place), session)
        for day in course.days
        for session in day.sessions
    ]
    timed.sort(key=lambda t: _utc(t[0]))
    taken = {session.id for *_, session in timed if session.id}
    entries = []
    for start, end, session in timed:
        name = session.id or _unused(slug(session.title), taken)
        taken.add(name)
        entries.append(Entry(name, session, start, end))
    return entries


def slug(text: str, otherwise: str = "session") -> str:
    """`text` as a short ASCII name for addresses; `otherwise` when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-") or otherwise


def _unused(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3)))
    return next(c for c in candidates if c not in taken)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
