"""The schedule as iCalendar files (RFC 5545) that give the same instants in every reader."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vText,
    vUri,
)

from .. import schedule
from ..course import Course
from ..schedule import Entry
from .ledger import Ledger, Record

WHOLE = "course.ics"
_PRODUCT = "-//Syllab//Syllab//EN"
_DAY = timedelta(days=1)


def path(entry: Entry) -> str:
    """Where a session's own calendar lies within the website."""
    return f"calendar/{entry.id}.ics"


def calendars(course: Course, entries: list[Entry], ledger: Ledger) -> dict[str, bytes]:
    """The calendar files by their path within the website; none without sessions.

    `course.ics` has all sessions, those that were taken out again as cancelled ones; each session
    has a file of its own. The ledger must have been updated with the entries.
    """
    events = [_event(course, entry, ledger.records[entry.id]) for entry in entries]
    off = [
        _cancelled(course, name, record)
        for name, record in sorted(ledger.records.items())
        if record.cancelled
    ]
    if not events + off:
        return {}
    zone = _timezone(course, entries)
    files = {WHOLE: _file(course, events + off, zone, name=course.title)}
    for entry, event in zip(entries, events, strict=True):
        files[path(entry)] = _file(course, [event], zone)
    return files


def where(course: Course) -> str:
    """The place in words: "Online", or the venue's name, city and country as far as given."""
    if course.attendance == "online":
        return "Online"
    venue = course.venue
    places = (venue.name, venue.city, venue.country) if venue else ()
    return ", ".join(place for place in places if place)


def _file(
    course: Course, events: list[Event], zone: Timezone | None, name: str | None = None
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    if any("ORGANIZER" in event for event in events):
        # It goes with an organiser, and an organiser with it (RFC 5546, section 3.2.1).
        calendar.add("method", "PUBLISH")
    if name:
        # icalendar's own `calendar_name` leaves commas and backslashes as they are.
        calendar.add("name", vText(_line(name)))
        calendar.add("x-wr-calname", vText(_line(name)))
    if zone and any("TZID" in event["DTSTART"].params for event in events):
        calendar.add_component(zone)
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def _event(course: Course, entry: Entry, record: Record) -> Event:
    event = _base(course, entry.id, record)
    start, end = _times(entry)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", _line(entry.session.title))
    event.add("categories", [entry.session.kind])
    if entry.session.kind == "break":
        event.add("transp", "TRANSPARENT")
    if text := _description(course, entry):
        event.add("description", text)
    if place := where(course):
        event.add("location", _line(place))
    if course.url:
        event.add("url", vUri(course.url))
    return event


def _cancelled(course: Course, name: str, record: Record) -> Event:
    event = _base(course, name, record)
    event.add("dtstart", record.start)
    event.add("dtend", record.end)
    event.add("summary", _line(record.title))
    event.add("status", "CANCELLED")
    return event


def _base(course: Course, name: str, record: Record) -> Event:
    event = Event()
    event.add("uid", f"{name}@{course.id}.syllab")
    event.add("dtstamp", record.changed)
    event.add("last-modified", record.changed)
    event.add("sequence", record.sequence)
    contact = course.person(course.contact) if course.contact else None
    if contact and contact.email:
        organiser = vCalAddress(f"mailto:{quote(contact.email, safe='@+')}")
        organiser.params["CN"] = _line(contact.name)
        event.add("organizer", organiser)
    return event


def _description(course: Course, entry: Entry) -> str:
    """The summary, whose Markdown reads well as it is, and the speakers."""
    speakers = ", ".join(_line(course.person(name).name) for name in entry.session.speakers)
    parts = (
        "\n".join((entry.session.summary or "").splitlines()),
        f"Speakers: {speakers}" if speakers else "",
    )
    return "\n\n".join(part for part in parts if part)


def _line(text: str) -> str:
    """`text` without what some readers take for the end of a line, such as U+2028."""
    return " ".join(text.splitlines())


def _times(entry: Entry) -> tuple[datetime, datetime]:
    """Start and end in the venue's zone, or in UTC where local time would leave a doubt.

    A local time that happens twice can only mean the first of the two (RFC 5545, section 3.3.5),
    and not every reader knows that.
    """
    both = (entry.start, entry.end)
    if all(t.replace(fold=0).utcoffset() == t.replace(fold=1).utcoffset() for t in both):
        return both
    return entry.start_utc, entry.end_utc


def _timezone(course: Course, entries: list[Entry]) -> Timezone | None:
    """The venue's zone over the years of the entries, by the pinned tzdata.

    icalendar's own `from_tzinfo` begins daylight saving an hour late: the onset is told by the
    clocks before the change (RFC 5545, section 3.6.5).
    """
    if course.venue is None or not entries:
        return None
    place = schedule.zone(course.venue.zone)
    first = datetime(min(entry.start.year for entry in entries), 1, 1, tzinfo=UTC) - _DAY
    last = datetime(max(entry.end.year for entry in entries) + 1, 1, 1, tzinfo=UTC) + _DAY
    zone = Timezone()
    zone.add("tzid", place.key)
    zone.add_component(_observance(first, place, _offset(first, place)))
    for change in _changes(place, first, last):
        zone.add_component(
            _observance(change, place, _offset(change - timedelta(seconds=1), place))
        )
    return zone


def _observance(
    onset: datetime, place: ZoneInfo, before: timedelta
) -> TimezoneStandard | TimezoneDaylight:
    after = onset.astimezone(place)
    # Where winter is the exception (Europe/Dublin), both count as standard, as readers expect.
    daylight = (after.dst() or timedelta()) > timedelta()
    part = TimezoneDaylight() if daylight else TimezoneStandard()
    part.add("dtstart", (onset + before).replace(tzinfo=None))
    part.TZOFFSETFROM = before
    part.TZOFFSETTO = _offset(onset, place)
    part.add("tzname", after.tzname())
    return part


def _changes(place: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The moments in UTC, to the second, at which the clocks at `place` are set to another time.

    They are looked for day by day: no zone does it twice in one.
    """
    while first < last:
        before = _offset(first, place)
        if _offset(first + _DAY, place) != before:
            seconds = range(int(_DAY.total_seconds()) + 1)
            after = partial(_differs, first, place, before)
            yield first + timedelta(seconds=bisect_left(seconds, True, key=after))
        first += _DAY


def _differs(start: datetime, place: ZoneInfo, before: timedelta, seconds: int) -> bool:
    return _offset(start + timedelta(seconds=seconds), place) != before


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta()
