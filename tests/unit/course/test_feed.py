"""The schedule for programs and for search engines."""

import importlib.metadata
import json
from datetime import UTC, datetime

import jsonschema
import pytest
from clocks import zones_and_times
from courseware import schedule
from courseware.course import Course
from courseware.site import feed
from courseware.site.ledger import Ledger
from hypothesis import assume, given
from hypothesis import strategies as st

NOW = datetime(2025, 1, 1, 8, tzinfo=UTC)
COURSE = """\
title: Small
days: [{date: 2025-03-03, sessions: [
  {id: first, title: One, start: "09:00", duration: 30, speakers: [ann, Ann A, Bo B]},
  {id: second, title: Tea, start: "09:30", duration: 30, kind: break},
  {id: third, title: Two, start: "23:00", end: "01:00", speakers: [Bo B]}]}]
people:
  - {name: Ann A, id: ann, url: "https://example.org/ann", affiliation: Somewhere}
  - {name: Bo B, roles: [organiser]}
"""
ONSITE = COURSE + "venue: {zone: Europe/Berlin, name: Old Hall, city: Jülich, country: Germany}\n"
ONLINE = COURSE + "venue: {zone: Europe/Berlin}\nattendance: online\n"


def made(course, ledger=None):
    """`schedule.json` as a program reads it."""
    entries = schedule.resolve(course)
    ledger = (ledger or Ledger()).updated(entries, NOW)
    found = json.loads(feed.feed(course, entries, ledger))
    jsonschema.validate(found, json.loads(feed.schema()))
    return found


def event(course):
    """The event as a search engine reads it."""
    return json.loads(json.dumps(feed.event(course, schedule.resolve(course))))


def test_it_says_what_the_schedule_says(cns2024):
    found = made(cns2024)
    first, coffee = found["sessions"][0], found["sessions"][2]
    assert first == {
        "id": "overview-and-introduction-to-nest-simula",
        "title": "Overview and introduction to NEST Simulator",
        "kind": "tutorial",
        "start": "2024-07-20T12:00:00Z",
        "end": "2024-07-20T12:20:00Z",
        "local_start": "2024-07-20T09:00:00-03:00",
        "local_end": "2024-07-20T09:20:00-03:00",
        "speakers": ["Joshua Boettcher", "Jasper Albers"],
        "tutorial": "introduction",
        "sequence": 0,
        "calendar": "calendar/overview-and-introduction-to-nest-simula.ics",
    }
    assert (coffee["kind"], coffee["speakers"], coffee["tutorial"]) == ("break", [], None)
    assert found["venue"] == {
        "name": None,
        "city": "Natal",
        "country": "Brazil",
        "zone": "America/Fortaleza",
    }
    assert (found["title"], found["language"]) == (cns2024.title, "en")
    year, letter = found["tzdata"][:4], found["tzdata"][4:]
    assert importlib.metadata.version("tzdata") == f"{year}.{ord(letter) - ord('a') + 1}"


def test_the_sequence_is_the_calendars(load):
    course = load(ONSITE)
    ledger = Ledger().updated(schedule.resolve(course), NOW)
    moved = load(ONSITE.replace("09:00", "08:00"))
    assert [session["sequence"] for session in made(moved, ledger)["sessions"]] == [1, 0, 0]


def test_a_course_without_a_schedule_has_an_empty_one(load):
    found = made(load("title: x"))
    assert (found["venue"], found["sessions"]) == (None, [])


def test_the_schema_refuses_what_is_not_of_it(load):
    schema = json.loads(feed.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = made(load(ONSITE))
    assert found["$schema"] == schema["$id"] == feed.SCHEMA
    for wrong in (found | {"colour": "red"}, found | {"sessions": [{}]}, found | {"tzdata": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_the_same_course_gives_the_same_bytes(cns2024):
    entries = schedule.resolve(cns2024)
    ledger = Ledger().updated(entries, NOW)
    assert feed.feed(cns2024, entries, ledger) == feed.feed(cns2024, entries, ledger)


@given(st.data(), zones_and_times(), st.sampled_from([0, 1]))
def test_both_forms_of_a_time_are_the_same_instant(data, zone, fold):
    name, times = zone
    start = data.draw(times)
    session = {"title": "x", "start": f"{start:%H:%M}", "duration": 150, "fold": fold}
    days = [{"date": f"{start:%Y-%m-%d}", "sessions": [session]}]
    course = Course.model_validate({"title": "x", "venue": {"zone": name}, "days": days})
    try:
        [entry] = schedule.resolve(course)
    except schedule.WhenError:
        assume(False)
    [found] = made(course)["sessions"]
    for key, moment in (("start", entry.start_utc), ("end", entry.end_utc)):
        assert found[key] == f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        assert datetime.fromisoformat(found[f"local_{key}"]) == moment
    assert found["local_start"].startswith(f"{start:%Y-%m-%dT%H:%M:00}")


def test_a_search_engine_learns_when_and_where(load):
    found = event(load(ONSITE + "event: {name: Meeting, url: 'https://example.org/'}\n"))
    assert (found["@context"], found["@type"]) == ("https://schema.org", "Event")
    assert (found["name"], found["description"]) == ("Small", "Small")
    assert found["startDate"] == "2025-03-03T09:00:00+01:00"
    assert found["endDate"] == "2025-03-04T01:00:00+01:00"
    assert found["eventAttendanceMode"] == "https://schema.org/OfflineEventAttendanceMode"
    assert found["eventStatus"] == "https://schema.org/EventScheduled"
    assert found["location"] == {
        "@type": "Place",
        "name": "Old Hall",
        "address": {
            "@type": "PostalAddress",
            "addressLocality": "Jülich",
            "addressCountry": "Germany",
        },
    }
    meeting = {"@type": "Event", "name": "Meeting", "url": "https://example.org/"}
    assert found["superEvent"] == meeting
    assert "url" not in found


def test_a_search_engine_learns_who(load):
    found = event(load(ONSITE))
    ann = {
        "@type": "Person",
        "name": "Ann A",
        "url": "https://example.org/ann",
        "affiliation": {"@type": "Organization", "name": "Somewhere"},
    }
    bo = {"@type": "Person", "name": "Bo B"}
    assert found["organizer"] == [bo]
    assert found["performer"] == [ann, bo]
    one, two = found["subEvent"]  # a break is none
    assert (one["name"], one["performer"]) == ("One", [ann, bo])
    assert (two["name"], two["performer"]) == ("Two", [bo])
    assert (one["startDate"], one["endDate"]) == (
        "2025-03-03T09:00:00+01:00",
        "2025-03-03T09:30:00+01:00",
    )
    assert one["location"] == found["location"]


def test_online_is_a_virtual_place(load):
    found = event(load(ONLINE))
    assert found["eventAttendanceMode"] == "https://schema.org/OnlineEventAttendanceMode"
    assert found["location"] == {"@type": "VirtualLocation", "name": "Online"}
    address = "https://example.org/course/"
    found = event(load(f"{ONLINE}url: {address}\n"))
    assert found["url"] == found["location"]["url"] == address


def test_what_is_not_known_is_left_out(load):
    assert event(load("title: x")) is None
    text = 'venue: {zone: UTC}\ndays: [{date: 2025-03-03, sessions: [{title: a, start: "9:00", '
    found = event(load(f"title: x\n{text}duration: 5}}]}}]\n"))
    assert not {"location", "organizer", "performer", "superEvent", "url"} & {*found}
    assert {*found["subEvent"][0]} == {"@type", "name", "startDate", "endDate"}


@pytest.mark.parametrize("hostile", ['a"b\\', "</script>", "x\u2028y", "\\u0000", "{{x}}"])
def test_hostile_text_stays_text(load, hostile):
    quoted = hostile.replace("'", "''")
    course = load(
        ONSITE.replace("title: One", f"title: '{quoted}'").replace("Small", f"'{quoted}'")
    )
    found = made(course)
    assert found["title"] == found["sessions"][0]["title"] == hostile
    found = event(course)
    assert found["name"] == found["subEvent"][0]["name"] == hostile
