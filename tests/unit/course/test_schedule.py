"""From wall-clock times at the venue to instants, with the traps of daylight saving."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from clocks import zones_and_times
from courseware import schedule
from hypothesis import given, settings
from hypothesis import strategies as st

BERLIN = "title: x\nvenue: {{zone: Europe/Berlin}}\ndays:\n{}"


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def day(when, *sessions):
    rows = "".join(f"      - {{{session}, title: s{n}}}\n" for n, session in enumerate(sessions))
    return f"  - date: {when}\n    sessions:\n{rows}"


def test_nine_in_natal_is_noon_utc(cns2024):
    entries = schedule.resolve(cns2024)
    assert entries[0].start_utc == utc(2024, 7, 20, 12, 0)
    assert entries[-1].start_utc == utc(2024, 7, 20, 20, 15)
    assert entries[-1].end - entries[-1].start == timedelta(minutes=15)
    assert all(a.end == b.start for a, b in pairwise(entries))
    assert [entry.id for entry in entries if "break" in entry.id] == [
        "coffee-break", "lunch-break", "coffee-break-2",
    ]  # fmt: skip


def test_sessions_cross_midnight(load):
    text = BERLIN.format(
        day("2025-03-01", "start: '23:30', end: '00:30'", "start: '21:00', end: '23:30'")
    )
    first, second = schedule.resolve(load(text))
    assert (first.session.title, second.session.title) == ("s1", "s0")
    assert second.end_utc == utc(2025, 3, 1, 23, 30)


def test_a_duration_is_real_time_across_a_change_of_clocks(load):
    text = BERLIN.format(day("2025-03-30", "start: '01:30', duration: 60"))
    [entry] = schedule.resolve(load(text))
    assert f"{entry.end:%H:%M}" == "03:30"
    assert entry.end_utc - entry.start_utc == timedelta(hours=1)


@pytest.mark.parametrize(
    ("when", "session", "says"),
    [
        ("2025-03-30", "start: '02:30', duration: 5", "doesn't exist: clocks skip it"),
        ("2025-10-26", "start: '02:30', duration: 5", "add `fold: 0` for the earlier"),
        ("2025-10-26", "start: '01:30', end: '02:30'", "give a `duration` in minutes"),
        ("2025-03-30", "start: '01:30', end: '02:30'", "doesn't exist"),
        ("2025-03-01", "start: '10:00', end: '09:00'", "lasts 23 hours"),
    ],
)
def test_impossible_and_ambiguous_times(problems, when, session, says):
    [found] = problems(BERLIN.format(day(when, session)))
    assert found[:2] == (6, "days[0].sessions[0].start")
    assert says in found[2]


@pytest.mark.parametrize(("fold", "hour"), [(0, 0), (1, 1)])
def test_a_fold_chooses(load, fold, hour):
    text = BERLIN.format(day("2025-10-26", f"start: '02:30', duration: 5, fold: {fold}"))
    assert schedule.resolve(load(text))[0].start_utc == utc(2025, 10, 26, hour, 30)


def test_overlap_across_midnight(problems):
    days = day("2025-03-01", "start: '23:00', end: '01:00'") + day(
        "2025-03-02", "start: '00:30', duration: 5"
    )
    [found] = problems(BERLIN.format(days))
    assert found[1] == "days[1].sessions[0].start"


def test_a_short_one_inside_a_long_one_does_not_hide_the_next_overlap(problems):
    sessions = (
        "start: '09:00', end: '12:00'",
        "start: '09:10', duration: 5",
        "start: '11:00', duration: 5",
    )
    found = problems(BERLIN.format(day("2025-03-01", *sessions)))
    assert [key for _, key, _ in found] == [
        "days[0].sessions[1].start",
        "days[0].sessions[2].start",
    ]


def test_zones_come_from_the_pinned_package():
    assert "America/Fortaleza" in schedule.zones()
    assert "zones" not in schedule.zones()
    with pytest.raises(KeyError):
        schedule.zone("../../zoneinfo/UTC")


@settings(max_examples=400)
@given(st.data(), zones_and_times(), st.sampled_from([None, 0, 1]))
def test_a_time_means_the_one_moment_that_shows_it(data, zone, fold):
    name, times = zone
    place, naive = schedule.zone(name), data.draw(times)
    around = [naive.replace(tzinfo=UTC) + timedelta(hours=n) for n in range(-36, 37)]
    offsets = {moment.astimezone(place).utcoffset() for moment in around}
    moments = sorted((naive - offset).replace(tzinfo=UTC) for offset in offsets)
    shown = [m for m in moments if m.astimezone(place).replace(tzinfo=None, fold=0) == naive]
    if not shown or (len(shown) == 2 and fold is None):
        says = "happens twice" if shown else "doesn't exist"
        with pytest.raises(schedule.WhenError, match=says):
            schedule.instant(naive.date(), naive.time(), place, fold)
    else:
        found = schedule.instant(naive.date(), naive.time(), place, fold)
        assert found.astimezone(UTC) == shown[fold or 0 if len(shown) == 2 else 0]


@given(st.text())
def test_slugs_are_safe_in_addresses(text):
    assert set(schedule.slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert schedule.slug(text)
