"""Which labs to start and to stop now, and why. Decides only: everything it needs is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from courseware.hub_settings import CourseSession, Lifecycle

from .state import Record, Wishes

LAB = 120 * 2**20  # bytes that a lab takes before anything runs in it
RESERVE = 2 * 2**30  # bytes of memory that are left for the rest of the machine
TRIES = 3  # that one lab gets on one occasion
WARM_AT_WISH = timedelta(hours=1)  # in which labs are warmed after an organiser's wish, at least
STOP_AT_WISH = timedelta(minutes=5)  # in which those that are idle at the wish are stopped
IDLE_AT_WISH = timedelta(minutes=10)  # longer than the five minutes between labs' reports


@dataclass(frozen=True)
class Lab:
    """A lab that runs, starts or stops."""

    ready: bool
    """It can be used."""
    last_activity: datetime
    """When something was done in it last, or when it started."""


@dataclass(frozen=True)
class Person:
    """Somebody who may have a lab."""

    name: str
    taught: bool
    """A participant or helper, whose lab is warmed; not an organiser."""
    last_activity: datetime | None = None
    """None for who was never here."""
    lab: Lab | None = None


@dataclass(frozen=True)
class Plan:
    """What to do now."""

    start: list[str]
    """Whose labs to start, the most likely to come first."""
    stop: list[str]
    """Whose labs to stop, the longest idle first."""
    record: Record
    """What to remember of it."""


@dataclass(frozen=True)
class _Occasion:
    """A stretch of time in which labs are warmed."""

    name: str
    """Tells it from others, after a restart as well."""
    why: str
    began: datetime
    until: datetime


def plan(
    now: datetime,
    rules: Lifecycle,
    people: Sequence[Person],
    wishes: Wishes,
    record: Record,
    *,
    capacity: int,
    memory: int | None,
) -> Plan:
    """What to do at `now`, after what `record` says was done.

    `memory` are the bytes that are available for labs, None where they run on other machines.
    """
    occasion = _occasion(now, rules, wishes)
    record = _remember(record, occasion, people).model_copy(update={"at": now})
    if wishes.hold:
        says = "On hold: no lab is started or stopped until an organiser lets it go on."
        return Plan([], [], record.model_copy(update={"says": says}))
    start, of_warming = _warm(occasion, people, record, capacity, memory) if occasion else ([], "")
    stop, of_stopping = _stop(now, rules, people, wishes)
    says = " ".join(filter(None, [of_warming, of_stopping]))
    return Plan(start, stop, record.model_copy(update={"says": says}))


def begins(rules: Lifecycle, session: CourseSession) -> datetime:
    """From when on labs are warmed for a session, and none is stopped."""
    return session.start - timedelta(seconds=rules.warm_seconds)


def _current(now: datetime, rules: Lifecycle) -> list[CourseSession]:
    """The sessions that are on, or for which labs are warmed."""
    return [each for each in rules.sessions if begins(rules, each) <= now < each.end]


def _occasion(now: datetime, rules: Lifecycle, wishes: Wishes) -> _Occasion | None:
    """What labs are warmed for now: of several, what began last."""
    current, found = _current(now, rules), []
    if rules.warm_seconds:
        for each in current:
            began, why = begins(rules, each), f"For “{each.title}”"
            found.append(_Occasion(f"session {each.start.isoformat()}", why, began, each.end))
    if wishes.warm:
        at = wishes.warm.at
        until = max([at + WARM_AT_WISH, *(s.end for s in rules.sessions if begins(rules, s) <= at)])
        name, why = f"wish {at.isoformat()}", "As an organiser wished"
        found.append(_Occasion(name, why, at, until))
    return max((o for o in found if now < o.until), key=lambda o: o.began, default=None)


def _remember(record: Record, occasion: _Occasion | None, people: Sequence[Person]) -> Record:
    """The record of this occasion, with those whose labs run."""
    if occasion is None:
        return record.model_copy(update={"occasion": "", "had": frozenset(), "tries": {}})
    here = {person.name for person in people if person.lab and person.lab.ready}
    same = record.occasion == occasion.name
    had, tries = (record.had, record.tries) if same else (frozenset(), {})
    tries = {name: count for name, count in tries.items() if name not in here}
    return record.model_copy(update={"occasion": occasion.name, "had": had | here, "tries": tries})


def _warm(
    occasion: _Occasion,
    people: Sequence[Person],
    record: Record,
    capacity: int,
    memory: int | None,
) -> tuple[list[str], str]:
    taught = [person for person in people if person.taught]
    missing = [p for p in taught if p.lab is None and p.name not in record.had]
    failed = [p for p in missing if record.tries.get(p.name, 0) >= TRIES]
    wanted = [p for p in missing if p not in failed]
    wanted.sort(key=lambda p: (record.tries.get(p.name, 0), *_likely(p)))
    room = capacity - sum(person.lab is not None for person in people)
    why_not = "the course has no capacity for more"
    if memory is not None and (fit := (memory - RESERVE) // LAB) < room:
        room, why_not = fit, "the machine has no memory for more"
    start = [person.name for person in wanted[: max(0, room)]]
    says = f"{occasion.why}, {_warmed(taught, record)} are warmed"
    if len(start) < len(wanted):
        says += f": {why_not}" if not start else f", and {len(start)} more will be: {why_not}"
    if failed:
        says += f"; {_labs(len(failed))} could not be started"
    return start, says + "."


def _likely(person: Person) -> tuple[bool, float]:
    """Sorts those first who will probably come: who was here last. Who never was comes last."""
    last = person.last_activity
    return last is None, -last.timestamp() if last else 0.0


def _warmed(taught: list[Person], record: Record) -> str:
    return f"{sum(person.name in record.had for person in taught)} of {_labs(len(taught))}"


def _labs(count: int) -> str:
    return "1 lab" if count == 1 else f"{count} labs"


def _stop(
    now: datetime, rules: Lifecycle, people: Sequence[Person], wishes: Wishes
) -> tuple[list[str], str]:
    current, idle = _current(now, rules), timedelta(seconds=rules.idle_seconds)
    if wishes.stop and now < wishes.stop.at + STOP_AT_WISH:
        asked = _idle(wishes.stop.at - IDLE_AT_WISH, people)
        if asked:
            return asked, "Idle labs are stopped, as an organiser wished."
    if current:
        titles = " and ".join(f"“{each.title}”" for each in current)
        return [], f"No lab is stopped before {titles} {'is' if len(current) == 1 else 'are'} over."
    if not idle:
        return [], "No session is on, and idle labs are left running."
    minutes = f"{rules.idle_seconds / 60:g} minutes"
    return _idle(now - idle, people), f"No session is on: labs idle for {minutes} are stopped."


def _idle(since: datetime, people: Sequence[Person]) -> list[str]:
    """Whose labs run, and were used last at `since` or before."""
    labs = [(p.lab.last_activity, p.name) for p in people if p.lab and p.lab.ready]
    return [name for last_activity, name in sorted(labs) if last_activity <= since]
