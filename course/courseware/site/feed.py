"""The schedule for programs: `schedule.json` with its JSON Schema, and what search engines read."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

import tzdata
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ..course import Course, Kind, Person, Venue
from ..schedule import Entry
from . import calendars
from .ledger import Ledger

FILE = "schedule.json"
SCHEMA: Final = "schedule.schema.json"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Place(_Model):
    name: str | None
    """The building or room."""
    city: str | None
    """The city."""
    country: str | None
    """The country."""
    zone: str
    """The IANA time zone of the local times, such as Europe/Berlin."""


class Session(_Model):
    id: str
    """A name that stays the same from one version of the schedule to the next."""
    title: str
    """What it is called."""
    kind: Kind
    """What sort of session it is."""
    start: AwareDatetime
    """When it starts, in UTC."""
    end: AwareDatetime
    """When it ends, in UTC."""
    local_start: AwareDatetime
    """When it starts, by the clocks at the venue, with their distance from UTC."""
    local_end: AwareDatetime
    """When it ends, by the clocks at the venue, with their distance from UTC."""
    speakers: list[str]
    """The names of those who give it."""
    tutorial: str | None
    """The id of the tutorial that it teaches."""
    sequence: int
    """How often it has moved, as in its calendar."""
    calendar: str
    """Its calendar file, relative to this one."""


class Schedule(_Model):
    """A course's schedule."""

    schema_: Annotated[Literal["schedule.schema.json"], Field(alias="$schema")] = SCHEMA
    """The JSON Schema of this file."""
    title: str
    """What the course is called."""
    language: str
    """The language of the texts, as a BCP 47 tag."""
    attendance: Literal["onsite", "online"]
    """Whether people meet at the venue or online."""
    venue: Place | None
    """Where it takes place."""
    tzdata: str
    """The version of the time zone data that the times were computed with, such as 2026a."""
    sessions: list[Session]
    """What happens, in order of start."""


def feed(course: Course, entries: list[Entry], ledger: Ledger) -> bytes:
    """`schedule.json`. The ledger must have been updated with the entries."""
    made = Schedule(
        title=course.title,
        language=course.language,
        attendance=course.attendance,
        venue=_place(course.venue) if course.venue else None,
        tzdata=tzdata.IANA_VERSION,
        sessions=[_session(course, entry, ledger) for entry in entries],
    )
    return _json(made.model_dump(mode="json", by_alias=True))


def schema() -> bytes:
    """`schedule.schema.json`: the JSON Schema of `schedule.json`."""
    made = Schedule.model_json_schema(mode="serialization")
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return _json(draft | made)


def event(course: Course, entries: list[Entry]) -> dict[str, Any] | None:
    """The course as an Event of schema.org, for JSON-LD; None without sessions.

    What isn't known is left out.
    """
    if not entries:
        return None
    place = _location(course)
    organisers = [_person(person) for person in course.people if "organiser" in person.roles]
    parent = course.event
    inner = [_inner(course, e, place) for e in entries if e.session.kind != "break"]
    mode = "Online" if course.attendance == "online" else "Offline"
    return {"@context": "https://schema.org"} | _known(
        {
            "@type": "Event",
            "name": course.title,
            "description": course.summary or course.title,
            "inLanguage": course.language,
            "startDate": entries[0].start.isoformat(),
            "endDate": max(entries, key=lambda e: e.end_utc).end.isoformat(),
            "eventAttendanceMode": f"https://schema.org/{mode}EventAttendanceMode",
            "eventStatus": "https://schema.org/EventScheduled",
            "location": place,
            "url": course.url,
            "organizer": organisers,
            "performer": _speakers(course, entries),
            "superEvent": parent
            and _known({"@type": "Event", "name": parent.name, "url": parent.url}),
            "subEvent": inner,
        }
    )


def _place(venue: Venue) -> Place:
    return Place(name=venue.name, city=venue.city, country=venue.country, zone=venue.zone)


def _session(course: Course, entry: Entry, ledger: Ledger) -> Session:
    return Session(
        id=entry.id,
        title=entry.session.title,
        kind=entry.session.kind,
        start=entry.start_utc,
        end=entry.end_utc,
        local_start=entry.start,
        local_end=entry.end,
        speakers=[course.person(name).name for name in entry.session.speakers],
        tutorial=entry.session.tutorial,
        sequence=ledger.records[entry.id].sequence,
        calendar=calendars.path(entry),
    )


def _inner(course: Course, entry: Entry, place: dict[str, Any] | None) -> dict[str, Any]:
    return _known(
        {
            "@type": "Event",
            "name": entry.session.title,
            "startDate": entry.start.isoformat(),
            "endDate": entry.end.isoformat(),
            "location": place,
            "performer": _speakers(course, [entry]),
        }
    )


def _location(course: Course) -> dict[str, Any] | None:
    if course.attendance == "online":
        # Search engines ask for its address; the vocabulary is content with a name.
        return _known({"@type": "VirtualLocation", "name": "Online", "url": course.url})
    venue = course.venue
    if venue is None or not calendars.where(course):
        return None
    address = {"addressLocality": venue.city, "addressCountry": venue.country}
    return _known(
        {
            "@type": "Place",
            "name": venue.name or calendars.where(course),
            "address": _known({"@type": "PostalAddress"} | address),
        }
    )


def _speakers(course: Course, entries: list[Entry]) -> list[dict[str, Any]]:
    handles = (name for entry in entries for name in entry.session.speakers)
    people = {person.handle: person for person in map(course.person, handles)}
    return [_person(person) for person in people.values()]


def _person(person: Person) -> dict[str, Any]:
    work = person.affiliation and {"@type": "Organization", "name": person.affiliation}
    return _known({"@type": "Person", "name": person.name, "url": person.url, "affiliation": work})


def _known(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value}


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()
