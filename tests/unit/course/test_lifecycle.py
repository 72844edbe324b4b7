"""When a course's labs are needed, as the hub is told."""

from datetime import UTC, datetime

import pytest
from courseware.hub_settings import CourseSession, Lifecycle
from courseware.lifecycle import lifecycle

COURSE = """title: A
venue: {zone: Europe/Berlin}
days:
  - date: 2026-03-29
    sessions:
      - {start: "18:00", end: "20:00", title: Primes <1>, tutorial: primes}
      - {start: "20:00", duration: 30, title: Tea, kind: break}
  - date: 2026-03-28
    sessions:
      - {start: "18:00", end: "19:30", title: Counting, tutorial: primes}
tutorials: [{id: primes, title: Primes}]
"""
TUTORIAL = {"tutorials/primes.md": "# Primes\n"}


def test_sessions_with_a_tutorial_are_told_as_instants_in_their_order(load):
    found = lifecycle(load(COURSE, **TUTORIAL))
    assert found.sessions == [
        CourseSession(
            title="Counting",
            start=datetime(2026, 3, 28, 17, tzinfo=UTC),
            end=datetime(2026, 3, 28, 18, 30, tzinfo=UTC),
        ),
        CourseSession(  # clocks were set forward in between
            title="Primes <1>",
            start=datetime(2026, 3, 29, 16, tzinfo=UTC),
            end=datetime(2026, 3, 29, 18, tzinfo=UTC),
        ),
    ]
    assert (found.warm_seconds, found.idle_seconds) == (15 * 60, 60 * 60)


def test_a_course_without_a_schedule_has_its_idle_labs_stopped(load):
    found = lifecycle(load("title: A\nlab: {warm: 5, idle: 10}\n"))
    assert found == Lifecycle(warm_seconds=300, idle_seconds=600)


def test_the_hub_reads_what_is_written(load):
    found = lifecycle(load(COURSE, **TUTORIAL))
    assert Lifecycle.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("warm", "idle"), [(0, 0), (0, 10), (60, 1440)])
def test_both_can_be_left_out(load, warm, idle):
    found = lifecycle(load(f"title: A\nlab: {{warm: {warm}, idle: {idle}}}\n"))
    assert (found.warm_seconds, found.idle_seconds) == (warm * 60, idle * 60)


def test_labs_are_not_stopped_sooner_than_they_can_say_that_they_are_used(problems):
    (found,) = problems("title: A\nlab: {idle: 5}\n")
    assert found[1] == "lab.idle"
    assert "every five minutes" in found[2]
