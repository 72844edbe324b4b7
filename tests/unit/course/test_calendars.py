"""The calendars, read by another library than wrote them, and with the zone data they bring."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
import vobject
from clocks import zones_and_times
from courseware import schedule
from courseware.course import Course, Session
from courseware.site import calendars
from courseware.site.ledger import Ledger
from hypothesis import assume, given, settings
from hypothesis import strategies as st

NOW = datetime(2025, 1, 1, 8, tzinfo=UTC)
COURSE = """\
title: Small
venue: {zone: Europe/Berlin, name: Old Hall, city: Jülich, country: Germany}
days: [{date: 2025-03-03, sessions: [
  {id: first, title: One, start: "09:00", duration: 30},
  {id: second, title: Two, start: "10:00", duration: 30, kind: break}]}]
"""


def made(course, ledger=None, now=NOW):
    """The files and the ledger after a build."""
    entries = schedule.resolve(course)
    ledger = (ledger or Ledger()).updated(entries, now)
    return calendars.calendars(course, entries, ledger), ledger


def read(data):
    """The one calendar in a file."""
    [calendar] = vobject.readComponents(data.decode())
    return calendar


def moment(calendar, line):
    """The instant of a DTSTART or DTEND, by the VTIMEZONE in the file and no other zone data."""
    if "X-VOBJ-ORIGINAL-TZID" not in line.params:
        return line.value
    assert line.params["X-VOBJ-ORIGINAL-TZID"] == [calendar.vtimezone.tzid.value]
    return line.value.replace(tzinfo=calendar.vtimezone.tzinfo)


def spans(data):
    """Each event's start and end in UTC, by the session's id."""
    calendar = read(data)
    return {
        event.uid.value.split("@")[0]: tuple(
            moment(calendar, line).astimezone(UTC) for line in (event.dtstart, event.dtend)
        )
        for event in calendar.vevent_list
    }


def text(event, name):
    return getattr(event, name).value if name in event.contents else None


def test_nine_in_natal_is_noon_utc(cns2024):
    found, _ = made(cns2024)
    entries = schedule.resolve(cns2024)
    assert spans(found["course.ics"]) == {e.id: (e.start_utc, e.end_utc) for e in entries}
    assert {*found} == {"course.ics"} | {f"calendar/{entry.id}.ics" for entry in entries}
    for entry in entries:
        own = spans(found[f"calendar/{entry.id}.ics"])
        assert own == {entry.id: (entry.start_utc, entry.end_utc)}
    first = read(found["course.ics"]).vevent_list[0]
    assert first.dtstart.value.replace(tzinfo=None) == datetime(2024, 7, 20, 9)
    assert spans(found["course.ics"])[entries[0].id][0] == datetime(2024, 7, 20, 12, tzinfo=UTC)


def test_an_event_says_what_the_schedule_says(load):
    course = load(
        COURSE.replace("title: One", "title: One, speakers: [ann, Bo B], summary: 'Of *one*.'")
        + "people: [{name: Ann A, id: ann, email: ann@example.org}, {name: Bo B}]\n"
        "contact: ann\nurl: https://example.org/course/\n"
    )
    calendar = read(made(course)[0]["course.ics"])
    one, two = calendar.vevent_list
    assert text(one, "summary") == "One"
    assert text(one, "description") == "Of *one*.\n\nSpeakers: Ann A, Bo B"
    assert text(one, "location") == "Old Hall, Jülich, Germany"
    assert text(one, "url") == "https://example.org/course/"
    assert text(one, "organizer") == "mailto:ann@example.org"
    assert one.organizer.params["CN"] == ["Ann A"]
    assert one.categories.value == ["talk"]
    assert one.dtstamp.value == one.contents["last-modified"][0].value == NOW
    assert (text(one, "transp"), text(two, "transp")) == (None, "TRANSPARENT")
    assert text(two, "description") is None
    assert calendar.contents["x-wr-calname"][0].value == "Small"
    assert calendar.contents["name"][0].value == "Small"
    assert text(calendar, "method") == "PUBLISH"


def test_what_is_not_known_is_left_out(load):
    course = load(
        COURSE.replace(", name: Old Hall, city: Jülich, country: Germany", "")
        + "people: [{name: Ann A}]\ncontact: Ann A\n"
    )
    calendar = read(made(course)[0]["course.ics"])
    event = calendar.vevent_list[0]
    assert not {"url", "location", "organizer", "description"} & {*event.contents}
    assert "method" not in calendar.contents


def test_online_is_a_place(load):
    found, _ = made(load(COURSE + "attendance: online\n"))
    assert read(found["course.ics"]).vevent_list[0].location.value == "Online"


def test_no_schedule_no_files(load):
    assert made(load("title: x"))[0] == {}


def test_the_same_course_gives_the_same_bytes(cns2024):
    found, ledger = made(cns2024)
    assert made(cns2024, ledger, NOW + timedelta(days=1))[0] == found


def test_who_imported_it_learns_that_a_session_moved(load):
    found, ledger = made(load(COURSE))
    before = read(found["course.ics"]).vevent_list
    found, ledger = made(load(COURSE.replace("09:00", "08:00")), ledger, NOW + timedelta(days=1))
    after = read(found["course.ics"]).vevent_list
    assert [event.uid.value for event in before] == [event.uid.value for event in after]
    assert [event.sequence.value for event in before] == ["0", "0"]
    assert [event.sequence.value for event in after] == ["1", "0"]
    assert [event.dtstamp.value for event in after] == [NOW + timedelta(days=1), NOW]


def test_a_new_title_makes_no_new_event(load):
    found, ledger = made(load(COURSE))
    again, _ = made(load(COURSE.replace("One", "Uno")), ledger, NOW + timedelta(days=1))
    before, after = (read(files["calendar/first.ics"]).vevent for files in (found, again))
    assert (before.summary.value, after.summary.value) == ("One", "Uno")
    assert before.uid.value == after.uid.value
    assert before.sequence.value == after.sequence.value


def test_a_session_taken_out_is_cancelled(load):
    _, ledger = made(load(COURSE))
    rest = load("\n".join(line for line in COURSE.splitlines() if "first" not in line))
    found, ledger = made(rest, ledger, NOW + timedelta(days=1))
    assert {*found} == {"course.ics", "calendar/second.ics"}
    two, one = read(found["course.ics"]).vevent_list
    assert (text(two, "status"), text(one, "status")) == (None, "CANCELLED")
    assert (text(one, "summary"), one.sequence.value) == ("One", "1")
    assert spans(found["course.ics"])["first"][0] == datetime(2025, 3, 3, 8, tzinfo=UTC)
    assert {*made(load("title: x"), ledger)[0]} == {"course.ics"}


def test_lines_are_as_the_standard_wants_them(load):
    long = "Zoë 王小明 " * 40
    data = made(load(COURSE.replace("title: One", f"title: '{long}'")))[0]["course.ics"]
    lines = data.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is torn apart
    assert read(data).vevent_list[0].summary.value == long.strip()


HOSTILE = [
    'a;b,c:d "e" \\n \\; \\',
    "x\\nEND:VEVENT\\nBEGIN:VEVENT",
    "x\u2028BEGIN:VEVENT",
    "x\u0085END:VCALENDAR",
    "=41=quoted-printable=",
    "^n^'",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile):
    session = {"id": "first", "title": hostile, "start": "09:00", "duration": 30}
    session |= {"speakers": [hostile], "summary": f"{hostile}\n\nEND:VEVENT\nBEGIN:VEVENT"}
    course = Course.model_validate(
        {
            "title": hostile,
            "venue": {"zone": "Europe/Berlin", "name": hostile, "city": hostile},
            "people": [{"name": hostile, "email": "ann@example.org"}],
            "contact": hostile,
            "days": [{"date": "2025-03-03", "sessions": [session]}],
        }
    )
    calendar = read(made(course)[0]["course.ics"])
    [event] = calendar.vevent_list
    plain = " ".join(hostile.splitlines())
    assert event.summary.value == plain
    assert event.location.value == f"{plain}, {plain}"
    summary = "\n".join(session["summary"].splitlines())
    assert event.description.value == f"{summary}\n\nSpeakers: {plain}"
    assert event.organizer.value == "mailto:ann@example.org"
    assert calendar.contents["name"][0].value == plain
    assert calendar.contents["x-wr-calname"][0].value == plain


def test_zone_data_are_the_pinned_ones(load, tmp_path):
    course = load(COURSE)
    before, _ = made(course)
    (tmp_path / "zones" / "Europe").mkdir(parents=True)
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "zones" / "Europe" / "Berlin").write_bytes(tokyo)
    usual = zoneinfo.TZPATH
    try:
        zoneinfo.reset_tzpath([tmp_path / "zones"])
        zoneinfo.ZoneInfo.clear_cache()
        assert zoneinfo.ZoneInfo("Europe/Berlin").utcoffset(NOW) == timedelta(hours=9)
        assert made(course)[0] == before
    finally:
        zoneinfo.reset_tzpath(usual)
        zoneinfo.ZoneInfo.clear_cache()


def test_utc_needs_no_zone(load):
    data = made(load(COURSE.replace("Europe/Berlin", "UTC")))[0]["course.ics"]
    assert b"DTSTART:20250303T090000Z" in data
    assert b"VTIMEZONE" not in data


@pytest.mark.parametrize(("fold", "hour"), [(0, 0), (1, 1)])
def test_a_time_that_happens_twice_is_told_in_utc(load, fold, hour):
    course = load(
        COURSE.replace("2025-03-03", "2025-10-26").replace(
            'start: "09:00"', f'start: "02:30", fold: {fold}'
        )
    )
    data = made(course)[0]["course.ics"]
    assert f"DTSTART:20251026T{hour:02}3000Z".encode() in data
    assert spans(data)["first"][0] == datetime(2025, 10, 26, hour, 30, tzinfo=UTC)
    assert b"DTSTART;TZID=Europe/Berlin:20251026T100000" in data


@st.composite
def courses(draw):
    """A course in any zone, with sessions at any time, often near a change of clocks."""
    name, times = draw(zones_and_times())
    ending = st.builds(lambda n: {"duration": n}, st.integers(1, 16 * 60)) | st.builds(
        lambda end: {"end": f"{end:%H:%M}"}, times
    )
    slots = st.tuples(times, st.sampled_from([None, 0, 1]), ending)
    days = [
        {
            "date": f"{start:%Y-%m-%d}",
            "sessions": [{"title": "x", "start": f"{start:%H:%M}", "fold": fold, **end}],
        }
        for start, fold, end in draw(st.lists(slots, min_size=1, max_size=5))
    ]
    days = [day for day in days if accepted(name, day)]
    assume(days)
    return Course.model_validate({"title": "x", "venue": {"zone": name}, "days": days})


def accepted(name, day):
    """Whether the schedule takes it: a time may be skipped or ambiguous, or last too long."""
    try:
        slot = Session.model_validate(day["sessions"][0])
        return schedule.span(date.fromisoformat(day["date"]), slot, schedule.zone(name))
    except schedule.WhenError:
        return None


@settings(max_examples=150)
@given(courses())
def test_every_schedule_gives_its_instants(course):
    entries = schedule.resolve(course)
    found, _ = made(course)
    assert spans(found["course.ics"]) == {e.id: (e.start_utc, e.end_utc) for e in entries}
    for entry in entries:
        own = spans(found[calendars.path(entry)])
        assert own == {entry.id: (entry.start_utc, entry.end_utc)}


@pytest.mark.parametrize(
    ("zone", "day", "kind", "onset", "before", "after"),
    [
        ("America/New_York", "2007-07-02", "DAYLIGHT", "20070311T020000", "-0500", "-0400"),
        ("America/New_York", "2007-07-02", "STANDARD", "20071104T020000", "-0400", "-0500"),
        ("Europe/Dublin", "2025-03-03", "STANDARD", "20250330T010000", "+0000", "+0100"),
        ("Europe/Dublin", "2025-03-03", "STANDARD", "20251026T020000", "+0100", "+0000"),
        ("Antarctica/Troll", "2025-03-03", "DAYLIGHT", "20250330T010000", "+0000", "+0200"),
        ("Australia/Lord_Howe", "2025-03-03", "DAYLIGHT", "20251005T020000", "+1030", "+1100"),
        ("Africa/Casablanca", "2025-03-03", "STANDARD", "20250223T030000", "+0100", "+0000"),
        ("Africa/Casablanca", "2025-03-03", "STANDARD", "20250406T020000", "+0000", "+0100"),
    ],
)
def test_onsets_are_told_by_the_clocks_before_them(load, zone, day, kind, onset, before, after):
    """As in the examples of RFC 5545, section 3.6.5, of which New York's is the first."""
    text = COURSE.replace("Europe/Berlin", zone).replace("2025-03-03", day)
    parts = read(made(load(text))[0]["course.ics"]).vtimezone.components()
    found = [
        (part.name, part.dtstart.value, part.tzoffsetfrom.value, part.tzoffsetto.value)
        for part in parts
    ]
    assert (kind, datetime.fromisoformat(onset), before, after) in found
