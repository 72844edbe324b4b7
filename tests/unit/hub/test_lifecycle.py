"""Which labs are started and stopped, and what is remembered of it."""

from datetime import UTC, datetime, timedelta

import pytest
from courseware.hub_settings import CourseSession, Lifecycle
from labhub.lifecycle import state
from labhub.lifecycle.plan import LAB, RESERVE, TRIES, Lab, Person, plan
from labhub.lifecycle.state import Record, Wish, Wishes

NINE = datetime(2026, 7, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SESSION = CourseSession(title="Counting", start=NINE, end=NINE + 120 * MINUTE)
RULES = Lifecycle(sessions=[SESSION], warm_seconds=900, idle_seconds=3600)
ENOUGH = RESERVE + 100 * LAB


def person(name, *, seen=None, idle=None, now=NINE, ready=True, taught=True):
    """Somebody; `seen` and `idle` are minutes before `now`, `idle` of the lab that runs."""
    lab = None if idle is None else Lab(ready, now - idle * MINUTE)
    return Person(name, taught, None if seen is None else now - seen * MINUTE, lab)


class Hub:
    """A hub whose labs start and stop as planned, and its service's looks."""

    def __init__(self, *names, rules=RULES):
        self.people = {name: person(name) for name in names}
        self.rules, self.wishes, self.record = rules, Wishes(), Record()

    def look(self, now, works=True):
        found = plan(
            now, self.rules, list(self.people.values()), self.wishes, self.record,
            capacity=40, memory=ENOUGH,
        )  # fmt: skip
        tries = found.record.tries
        tried = {name: tries.get(name, 0) + 1 for name in found.start}
        self.record = found.record.model_copy(update={"tries": tries | tried})
        for name in found.stop:
            self.stop(name)
        for name in found.start if works else []:
            self.people[name] = person(name, idle=0, now=now)
        return sorted(found.start), sorted(found.stop)

    def stop(self, name):
        self.people[name] = person(name)


def decide(*people, now=NINE, rules=RULES, wishes=None, record=None, capacity=40, memory=ENOUGH):
    wishes, record = wishes or Wishes(), record or Record()
    return plan(now, rules, people, wishes, record, capacity=capacity, memory=memory)


def test_labs_are_started_before_the_session_and_not_earlier():
    people = [person("ada"), person("bo"), person("olga", taught=False)]
    early = decide(*people, now=NINE - 16 * MINUTE)
    assert early.start == []
    assert early.record.says == "No session is on: labs idle for 60 minutes are stopped."
    due = decide(*people, now=NINE - 15 * MINUTE)
    assert sorted(due.start) == ["ada", "bo"]
    assert due.record.says.startswith("For “Counting”, 0 of 2 labs are warmed.")


@pytest.mark.parametrize("minutes", [-14, 0, 119])
def test_nothing_is_stopped_from_the_warm_start_to_the_end(minutes):
    now = NINE + minutes * MINUTE
    found = decide(person("ada", idle=500, now=now), now=now)
    assert found.stop == []
    assert "No lab is stopped before “Counting” is over." in found.record.says


def test_afterwards_idle_labs_stop_the_longest_idle_first():
    now = NINE + 120 * MINUTE
    people = [
        person("ada", idle=59, now=now), person("bo", idle=60, now=now),
        person("cy", idle=90, now=now), person("olga", idle=61, now=now, taught=False),
        person("dora", idle=99, now=now, ready=False),
    ]  # fmt: skip
    assert decide(*people, now=now).stop == ["cy", "olga", "bo"]


def test_neither_happens_where_the_course_says_never():
    never = RULES.model_copy(update={"warm_seconds": 0, "idle_seconds": 0})
    assert decide(person("ada"), rules=never).start == []
    found = decide(person("ada", idle=5000), now=NINE + 500 * MINUTE, rules=never)
    assert found.stop == []
    assert found.record.says == "No session is on, and idle labs are left running."


def test_a_hub_without_a_schedule_does_nothing_by_itself():
    found = decide(person("ada", idle=5000), person("bo"), rules=Lifecycle())
    assert (found.start, found.stop) == ([], [])


def test_while_memory_is_short_the_most_likely_come_first_and_it_is_said():
    people = [
        person("new"),
        person("old", seen=900),
        person("recent", seen=5),
        person("mid", seen=60),
    ]
    found = decide(*people, memory=RESERVE + 2 * LAB + 1)
    assert found.start == ["recent", "mid"]
    some = "For “Counting”, 0 of 4 labs are warmed, and 2 more will be: the machine has no memory"
    assert some in found.record.says
    record = found.record.model_copy(update={"had": frozenset(["recent", "mid"])})
    none = decide(*people, memory=RESERVE + LAB - 1, record=record)
    assert none.start == []
    assert "2 of 4 labs are warmed: the machine has no memory for more." in none.record.says


@pytest.mark.parametrize("memory", [0, RESERVE, RESERVE - 50 * LAB])
def test_without_memory_none_is_started(memory):
    assert decide(person("ada"), memory=memory).start == []


def test_the_capacity_counts_all_labs():
    people = [person("ada"), person("bo"), person("olga", idle=0, taught=False)]
    found = decide(*people, capacity=2)
    assert found.start == ["ada"]
    assert "the course has no capacity for more" in found.record.says


def test_memory_of_this_machine_does_not_matter_to_labs_on_others():
    assert decide(person("ada"), memory=None).start == ["ada"]


def test_who_stopped_the_own_lab_is_left_alone_in_that_session_only():
    again = SESSION.model_copy(update={"start": NINE + 300 * MINUTE, "end": NINE + 400 * MINUTE})
    hub = Hub("ada", "bo", rules=RULES.model_copy(update={"sessions": [SESSION, again]}))
    hub.people["bo"] = person("bo", idle=0)  # started it without us
    assert hub.look(NINE - 10 * MINUTE) == (["ada"], [])
    hub.look(NINE - 9 * MINUTE)
    hub.stop("ada")
    hub.stop("bo")
    assert hub.look(NINE) == ([], [])
    assert hub.look(NINE + 290 * MINUTE) == (["ada", "bo"], [])


def test_a_restart_carries_on_where_it_was(settings):
    settings.state.mkdir()
    hub = Hub("ada", "bo", "cy")
    hub.look(NINE - 10 * MINUTE)
    hub.look(NINE - 9 * MINUTE)
    hub.stop("ada")
    state.record(settings).write(hub.record)
    hub.record = state.record(settings).read(Record)
    assert hub.look(NINE - 8 * MINUTE) == ([], [])
    assert hub.look(NINE + 200 * MINUTE) == ([], ["bo", "cy"])


def test_a_lab_that_does_not_start_is_tried_some_times_and_told():
    hub = Hub("ada", "bo")
    hub.people["bo"] = person("bo", idle=0)
    for _ in range(TRIES):
        assert hub.look(NINE, works=False) == (["ada"], [])
    assert hub.look(NINE) == ([], [])
    assert "1 of 2 labs are warmed; 1 lab could not be started." in hub.record.says
    hub.wishes = Wishes(warm=Wish(at=NINE, by="olga"))
    assert hub.look(NINE + MINUTE) == (["ada"], [])


def test_on_hold_nothing_is_started_or_stopped():
    hub = Hub("ada")
    hub.wishes = Wishes(hold=Wish(at=NINE, by="olga"), warm=Wish(at=NINE, by="olga"))
    assert hub.look(NINE) == ([], [])
    assert hub.record.says.startswith("On hold")
    hub.people["ada"] = person("ada", idle=999)
    assert hub.look(NINE + 600 * MINUTE) == ([], [])
    hub.wishes = Wishes()
    assert hub.look(NINE + 600 * MINUTE) == ([], ["ada"])


def test_an_organiser_has_labs_warmed_at_any_time_and_once():
    hub, night = Hub("ada", "bo"), NINE + 900 * MINUTE
    hub.wishes = Wishes(warm=Wish(at=night, by="olga"))
    assert hub.look(night) == (["ada", "bo"], [])
    assert "As an organiser wished, 0 of 2 labs are warmed." in hub.record.says
    hub.look(night + MINUTE)
    hub.stop("ada")
    assert hub.look(night + 2 * MINUTE) == ([], [])
    assert hub.look(night + 61 * MINUTE) == ([], ["bo"])
    assert hub.look(night + 62 * MINUTE) == ([], [])


def test_a_wish_within_a_session_lasts_as_long_as_that():
    hub = Hub("ada")
    hub.wishes = Wishes(warm=Wish(at=NINE, by="olga"))
    hub.look(NINE)
    hub.look(NINE + MINUTE)
    hub.stop("ada")
    assert hub.look(NINE + 110 * MINUTE) == ([], [])


def test_an_organiser_has_idle_labs_stopped_within_a_session():
    people = [person("ada", idle=9), person("bo", idle=11)]
    wishes = Wishes(stop=Wish(at=NINE, by="olga"))
    assert decide(*people, wishes=wishes, now=NINE + MINUTE).stop == ["bo"]
    assert decide(*people, wishes=wishes, now=NINE + 6 * MINUTE).stop == []


def test_files_are_for_their_owner_and_damaged_ones_begun_anew(settings):
    settings.state.mkdir()
    file, wishes = state.wishes(settings), Wishes(hold=Wish(at=NINE, by="olga"))
    assert file.read(Wishes) == Wishes()
    file.write(wishes)
    assert file.read(Wishes) == wishes
    (path,) = settings.state.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    assert file.read(Wishes) == Wishes()
