"""The line of starting labs: order, how many at once, places that are given up, and guesses."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from labhub import admission
from labhub.admission import Admission


@pytest.fixture
def clock(monkeypatch):
    """The seconds that admission sees; the test moves them on."""
    now = [100.0]
    monkeypatch.setattr(admission, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def run(test):
    """Runs a test's coroutine; nobody in it waits for ever."""
    asyncio.run(asyncio.wait_for(test(), 5))


class Lab:
    """Somebody who joins the line, is admitted and starts until told to be done."""

    def __init__(self, line: Admission) -> None:
        self.done = asyncio.Event()
        self.task = asyncio.create_task(self._start(line))

    async def _start(self, line: Admission) -> None:
        with line.join() as self.ticket:
            await self.ticket.admitted
            await self.done.wait()

    async def ready(self) -> None:
        self.done.set()
        await self.task

    async def give_up(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


async def labs(line: Admission, count: int) -> list[Lab]:
    found = [Lab(line) for _ in range(count)]
    await asyncio.sleep(0)  # each joins
    return found


def test_few_at_once_in_order_of_asking():
    async def main():
        line = Admission(2)
        a, b, c, d = await labs(line, 4)
        assert [each.ticket.ahead for each in (a, b, c, d)] == [None, None, 0, 1]
        await b.ready()
        assert [each.ticket.ahead for each in (a, c, d)] == [None, None, 0]
        await a.ready()
        assert d.ticket.ahead is None

    run(main)


@pytest.mark.parametrize("gives_up", [0, 1], ids=["one that starts", "one that waits"])
def test_who_gives_up_holds_up_nobody(gives_up):
    async def main():
        line = Admission(1)
        three = await labs(line, 3)
        await three.pop(gives_up).give_up()
        for each in three:
            assert each.ticket.ahead is None
            await each.ready()

    run(main)


def test_a_start_that_fails_gives_its_place_up_and_changes_no_guess(clock):
    async def main():
        line = Admission(1)
        (failing,) = await labs(line, 1)
        clock[0] += 60
        await failing.give_up()
        assert line.typical == admission.FIRST_GUESS
        (next_one,) = await labs(line, 1)
        assert next_one.ticket.ahead is None
        await next_one.ready()

    run(main)


def test_the_time_is_guessed_from_how_long_others_took(clock):
    async def main():
        line = Admission(2)
        a, b, *rest = await labs(line, 6)
        clock[0] += 4
        await a.ready()
        await b.ready()
        assert line.typical == 4
        first, second, third, fourth = (each.ticket for each in rest)
        assert (first.seconds, second.seconds) == (4, 4)  # they start now
        assert (third.ahead, third.seconds) == (0, 6)  # half of a start, then their own
        assert (fourth.ahead, fourth.seconds) == (1, 8)
        clock[0] += 3
        assert first.seconds == 1
        clock[0] += 3
        assert first.seconds == 0
        for each in rest:
            await each.ready()

    run(main)
