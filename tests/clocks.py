"""Times for property tests: any of 2024 to 2027 anywhere, and many near a change of clocks."""

from datetime import UTC, datetime, timedelta
from functools import cache

from courseware import schedule
from hypothesis import strategies as st

# Clocks that are changed: as usual, at midnight, by half an hour or two, backwards for winter or
# for Ramadan, at a quarter to three.
CHANGING = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Chatham",
)


@cache
def changes(name):
    """The local times, by the clocks before, at which the zone's clocks are changed."""
    place, hour = schedule.zone(name), timedelta(hours=1)
    found = []
    for day in (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(4 * 365)):
        before = day.astimezone(place).utcoffset()
        moments = [day + n * hour / 2 for n in range(49)]
        if moments[-1].astimezone(place).utcoffset() != before:
            change = next(m for m in moments if m.astimezone(place).utcoffset() != before)
            found.append((change + before).replace(tzinfo=None))
    return found


def _near(name):
    minutes = st.integers(-120, 120).map(lambda n: timedelta(minutes=n))
    return st.builds(lambda change, more: change + more, st.sampled_from(changes(name)), minutes)


def _any():
    moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31))
    return moments.map(lambda moment: moment.replace(second=0, microsecond=0))


def zones_and_times():
    """A zone's name and a strategy for times by its clocks."""
    calm = st.sampled_from(sorted(schedule.zones())).map(lambda name: (name, _any()))
    return st.sampled_from(CHANGING).map(lambda name: (name, _near(name))) | calm
