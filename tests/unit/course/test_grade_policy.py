"""What a course says about grades, as the hub is told."""

import json
from datetime import UTC, datetime

import pytest
from courseware import course
from courseware.grade_policy import policy
from courseware.hub_settings import Grading
from jsonschema import Draft202012Validator

VENUE = "title: A\nvenue: {zone: Europe/Berlin}\n"
PEOPLE = "people:\n  - {name: Ann, affiliation: Here}\n  - {name: Ben Bar, id: ben}\n"


def test_without_a_word_the_best_attempt_counts_and_there_are_no_certificates(load):
    assert policy(load("title: A\n")) == Grading()


def test_the_last_minute_counts_by_the_clocks_at_the_venue(load):
    found = policy(load(VENUE + "grading: {counts: last, deadline: 2024-07-25 18:00}\n"))
    assert found.counts == "last"
    assert found.deadline == datetime(2024, 7, 25, 16, 1, tzinfo=UTC)


def test_the_hub_reads_what_is_written(load):
    text = "grading:\n  deadline: 2024-07-25 18:00\n  certificate: {signed: [ben], share: 50 %}\n"
    found = policy(load(VENUE + PEOPLE + text))
    assert Grading.model_validate_json(found.model_dump_json()) == found


def test_a_certificate_says_what_the_course_is(load):
    made = load(
        "title: A <course>\nsubtitle: For all\nlanguage: de\nevent: {name: Big meeting}\n"
        "venue: {zone: Europe/Berlin, city: Bonn, country: Germany}\n" + PEOPLE +
        "days:\n"
        "  - {date: 2026-03-30, sessions: [{start: '18:00', duration: 60, title: B}]}\n"
        "  - {date: 2026-03-28, sessions: [{start: '18:00', duration: 60, title: A}]}\n"
        "grading:\n  certificate:\n    share: 62.5%\n    heading: Teilnahmebescheinigung\n"
        "    phrase: nahm teil an\n    text: [Drei Tage.]\n    signed: [ben, Ann]\n"
    )  # fmt: skip
    found = policy(made).certificate
    assert found.model_dump() == {
        "share": 62.5, "language": "de", "heading": "Teilnahmebescheinigung",
        "phrase": "nahm teil an", "title": "A <course>", "subtitle": "For all",
        "event": "Big meeting", "dates": "28 to 30 March 2026", "place": "Bonn, Germany",
        "text": ["Drei Tage."],
        "signed": [{"name": "Ben Bar", "affiliation": ""}, {"name": "Ann", "affiliation": "Here"}],
    }  # fmt: skip


def test_a_certificate_needs_nothing(load):
    found = policy(load("title: A\ngrading: {certificate: {}}\n")).certificate
    assert found.heading == "Certificate of participation"
    assert (found.share, found.dates, found.place, found.signed) == (None, "", "", [])


@pytest.mark.parametrize(
    ("last", "dates"),
    [
        ("2025-12-30", "30 December 2025"),
        ("2025-12-31", "30 to 31 December 2025"),
        ("2026-01-02", "30 December 2025 to 2 January 2026"),
    ],
)
def test_dates_repeat_nothing(load, last, dates):
    session = "sessions: [{start: '09:00', duration: 60, title: Hi}]"
    days = dict.fromkeys(["2025-12-30", last])
    schedule = "".join(f"  - {{date: {day}, {session}}}\n" for day in days)
    made = load(f"{VENUE}days:\n{schedule}grading: {{certificate: {{}}}}\n")
    assert policy(made).certificate.dates == dates


# What stands under `grading:`, the key in there and the text of what is wrong with it.
BAD = {
    "skipped": ("deadline: 2026-03-29 02:30", "deadline", "doesn't exist"),
    "twice": ("deadline: 2026-10-25 02:30", "deadline", "set back -> choose another time"),
    "no time": ("deadline: 2024-07-25", "deadline", "such as 2024-07-25 18:00"),
    "no day": ("deadline: 2024-02-30 18:00", "deadline", "is not a moment"),
    "a number": ("deadline: 5", "deadline", "is not a moment"),
    "counts": ("counts: lasst", "counts", "did you mean 'last'?"),
    "key": ("certificates: {}", "certificates", "did you mean 'certificate'?"),
    "share": ("certificate: {share: 0.5}", "certificate.share", "such as 50 %"),
    "too much": ("certificate: {share: 101 %}", "certificate.share", "up to 100"),
    "nothing": ("certificate: {share: 0 %}", "certificate.share", "above 0"),
    "signer": ("certificate: {signed: [Anne]}", "certificate.signed[0]", "did you mean 'Ann'?"),
    "lines": ("certificate: {text: [a, b, c, d, e, f]}", "certificate.text", "at most 5 items"),
}


@pytest.mark.parametrize(("text", "key", "told"), BAD.values(), ids=BAD)
def test_each_mistake_gives_one_message(problems, text, key, told):
    [found] = problems(f"{VENUE}grading:\n  {text}\n{PEOPLE}")
    assert found[:2] == (4, f"grading.{key}")
    assert told in found[2]


def test_a_deadline_needs_a_venue_and_a_known_zone(problems):
    text = "grading: {deadline: 2024-07-25 18:00}\n"
    [(line, key, told)] = problems(f"title: x\n{text}")
    assert (line, key) == (2, "grading.deadline")
    assert "a deadline needs a venue -> add `venue:`" in told
    [(line, key, _)] = problems(f"title: x\n{text}venue: {{zone: Europe/Berln}}\n")
    assert (line, key) == (3, "venue.zone")


def test_editors_know_what_may_be_written():
    schema = Draft202012Validator(json.loads(json.dumps(course.json_schema())))
    grading = {"deadline": "2024-07-25 18:00", "certificate": {"share": "50 %"}}
    assert schema.is_valid({"title": "A", "grading": grading})
    assert not schema.is_valid({"title": "A", "grading": grading | {"deadline": "tomorrow"}})
    assert not schema.is_valid({"title": "A", "grading": {"certificate": {"share": 50}}})
