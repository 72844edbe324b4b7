"""The ledger: what calendars remember from one build to the next."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from courseware import schedule
from courseware.errors import CourseError
from courseware.site import ledger
from courseware.site.ledger import Ledger

FIRST = datetime(2025, 1, 1, 8, tzinfo=UTC)
COURSE = """\
title: x
venue: {zone: Europe/Berlin}
days: [{date: 2025-03-03, sessions: [
  {id: first, title: One, start: "09:00", duration: 30},
  {id: second, title: Two, start: "10:00", duration: 30}]}]
"""
NO_SECOND = "\n".join(line for line in COURSE.splitlines() if "second" not in line) + "]}]\n"


@pytest.fixture
def build(load, tmp_path):
    """Does with the ledger what a build of that course does, on another day each time."""
    days = count()

    def build(text=COURSE):
        now = FIRST + timedelta(days=next(days), microseconds=7)
        made = ledger.read(tmp_path).updated(schedule.resolve(load(text)), now)
        made.write(tmp_path)
        return json.loads((tmp_path / ledger.FILE).read_text())

    return build


def test_a_new_session_is_noted_with_its_instants(build):
    assert build()["first"] == {
        "start": "2025-03-03T08:00:00Z",
        "end": "2025-03-03T08:30:00Z",
        "title": "One",
        "sequence": 0,
        "changed": "2025-01-01T08:00:00Z",
    }


def test_an_unchanged_course_leaves_the_file_alone(build, tmp_path):
    build()
    path = tmp_path / ledger.FILE
    before = path.read_bytes(), path.stat().st_mtime_ns
    build()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert before[0].endswith(b"}\n")
    assert [*json.loads(before[0])["first"]] == ["changed", "end", "sequence", "start", "title"]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('id: first, title: One, start: "09:00"', 'id: first, title: One, start: "08:00"'),
        ('"09:00", duration: 30', '"09:00", duration: 45'),
        ("date: 2025-03-03", "date: 2025-03-04"),
        ("Europe/Berlin", "Europe/London"),
    ],
)
def test_a_session_that_moves_gets_the_next_sequence(build, was, becomes):
    build()
    first = build(COURSE.replace(was, becomes))["first"]
    assert (first["sequence"], first["changed"]) == (1, "2025-01-02T08:00:00Z")
    assert build()["first"]["sequence"] == 2


def test_what_stays_keeps_its_record(build):
    before = build()
    after = build(COURSE.replace("10:00", "11:00"))
    assert before["first"] == after["first"]
    assert after["second"]["sequence"] == 1


def test_another_zone_with_the_same_instants_moves_nothing(build):
    assert build() == build(COURSE.replace("Europe/Berlin", "Africa/Lagos"))


def test_another_title_is_a_change_but_no_move(build):
    build()
    first = build(COURSE.replace("One", "Uno"))["first"]
    assert (first["title"], first["sequence"]) == ("Uno", 0)
    assert first["changed"] == "2025-01-02T08:00:00Z"


def test_a_session_that_goes_is_remembered_and_may_come_back(build):
    before = build()["second"]
    gone = build(NO_SECOND)["second"]
    assert gone == before | {
        "cancelled": True,
        "sequence": 1,
        "changed": "2025-01-02T08:00:00Z",
    }
    assert build(NO_SECOND)["second"] == gone
    assert build()["second"] == before | {"sequence": 2, "changed": "2025-01-04T08:00:00Z"}


def test_a_course_without_a_schedule_gets_no_file(load, tmp_path):
    Ledger().updated(schedule.resolve(load("title: x")), FIRST).write(tmp_path)
    assert not (tmp_path / ledger.FILE).exists()


def test_nothing_else_is_left_in_the_folder(build, tmp_path):
    build()
    build(NO_SECOND)
    assert {path.name for path in tmp_path.iterdir()} == {"course.yml", ledger.FILE}


@pytest.mark.parametrize(
    ("content", "line", "key", "says"),
    [
        (b'{\n<<<<<<< HEAD\n  "a": {}\n}', 2, "", "is damaged"),
        (b"[]", None, "", "is damaged"),
        (b'{"a": {}}', None, "a.start", "Field required"),
        (b'{"a": {"sequence": -1}}', None, "a.sequence", "greater than or equal to 0"),
        (b'{"a": {"start": "2025-03-03T08:00:00"}}', None, "a.start", "timezone"),
        (b'{"a": {"colour": "red"}}', None, "a.colour", "not permitted"),
        (b"\xff", None, "", "is not UTF-8"),
    ],
)
def test_a_damaged_file_is_named_with_a_remedy(tmp_path, content, line, key, says):
    path = tmp_path / ledger.FILE
    path.write_bytes(content)
    with pytest.raises(CourseError) as error:
        ledger.read(tmp_path)
    [found] = [problem for problem in error.value.problems if problem.key == key]
    assert (found.file, found.line) == (str(path), line)
    assert says in found.what
    assert "take it back from the course's history" in found.remedy


def test_a_file_that_cannot_be_written_is_named(build, tmp_path):
    build()
    (tmp_path / "calendar.new").mkdir()
    with pytest.raises(CourseError, match=r"calendar\.json: can't be written"):
        build(NO_SECOND)
    assert ledger.read(tmp_path).records["second"].sequence == 0
