"""Who is graded next."""

from itertools import count

import pytest
from labhub.grader import line as module
from labhub.grader.gradebook import Waiting
from labhub.grader.line import Line

numbers = count(1)


def job(participant, again=False):
    number = next(numbers)
    return Waiting(number, number, participant, "tutorial", "exercise", again)


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def now(monkeypatch):
    """The clock of the line; tests move it."""
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def fill(line, *participants):
    jobs = [job(participant) for participant in participants]
    for each in jobs:
        line.add(each)
    return jobs


def test_who_came_first_is_first(line):
    jobs = fill(line, "ada", "bo", "cy")
    assert [line.place(each.attempt) for each in jobs] == [1, 2, 3]
    assert [line.take(), line.take(), line.take(), line.take()] == [*jobs, None]


def test_who_sends_many_holds_nobody_up(line):
    first, *_, others = fill(line, *["ada"] * 30, "bo")
    assert line.place(others.attempt) == 2
    assert [line.take(), line.take()] == [first, others]


def test_nobody_runs_two_at_once(line):
    first, second = fill(line, "ada", "ada")
    assert [line.take(), line.take()] == [first, None]
    line.done(first, 1.0)
    assert line.take() == second


def test_who_used_much_comes_after_who_used_little_and_that_is_forgotten(line, now):
    (endless,) = fill(line, "mallory")
    line.done(line.take(), 30.0)
    endless, honest = fill(line, "mallory", "bo")
    assert line.place(endless.attempt) == 2
    now[0] += 10 * module.HALF_LIFE
    line.add(job("cy"))  # places are found anew when the line changes
    assert line.place(endless.attempt) == 1
    assert line.place(honest.attempt) == 2


def test_what_an_organiser_asks_for_again_waits_for_everybody(line):
    again = job("ada", again=True)
    line.add(again)
    (new,) = fill(line, "bo")
    assert [line.take(), line.take()] == [new, again]


def test_the_own_ones_are_counted(line):
    fill(line, "ada", "bo", "ada")
    assert (line.of("ada"), line.of("cy"), len(line)) == (2, 0, 3)
    line.take()
    assert line.of("ada") == 1
    assert line.place(10**6) is None
