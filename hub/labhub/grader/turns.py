"""Which labs compile: as many at once as there is a processor for, first come first served."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass

from tornado.iostream import StreamClosedError

from .handler import Handler
from .submission import Refusal

LONGEST = 180.0  # seconds that a turn lasts
TOLD_EVERY = 10.0  # seconds after which who waits is told their place again, changed or not


@dataclass(frozen=True, eq=False)
class Ticket:
    """Somebody's place in the line."""

    participant: str


class Turns:
    """The line of those who compile, at its head, and who wait for it. One place for each."""

    def __init__(self) -> None:
        # One processor is left to those who don't compile.
        self._at_once = max(1, len(os.sched_getaffinity(0)) - 1)
        self._line: list[Ticket] = []
        self._changed = asyncio.Event()

    def enter(self, participant: str) -> Ticket:
        """Go to the line's end. Raises Refusal if the participant is in it."""
        if any(ticket.participant == participant for ticket in self._line):
            raise Refusal(429, "Your lab waits for its turn already, or has it.")
        self._line.append(Ticket(participant))
        return self._line[-1]

    def leave(self, ticket: Ticket) -> None:
        """Give the place away, if it isn't yet."""
        if ticket in self._line:
            self._line.remove(ticket)
            self._changed.set()
            self._changed = asyncio.Event()

    def place(self, ticket: Ticket) -> int | None:
        """How many have to end before it is the ticket's turn; None if it was given away."""
        if ticket not in self._line:
            return None
        return max(0, self._line.index(ticket) + 1 - self._at_once)

    async def moved(self, ticket: Ticket, place: int, seconds: float) -> None:
        """Wait until the ticket has another place than that, at most that long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.place(ticket) == place:
                    await self._changed.wait()


class Turn(Handler):
    """A lab's turn, which lasts as long as the connection on which it was asked for."""

    _ticket: Ticket | None = None

    @property
    def _turns(self) -> Turns:
        turns: Turns = self.settings["turns"]
        return turns

    async def post(self) -> None:
        """Tell the place in the line, in a line of JSON whenever it changes; 0 is the turn."""
        ticket = self._ticket = self._turns.enter(self.participant)
        try:
            while place := self._turns.place(ticket):
                await self._tell(place)
                await self._turns.moved(ticket, place, TOLD_EVERY)
            if place == 0:
                await self._tell(place)
                await self._turns.moved(ticket, place, LONGEST)
        except StreamClosedError:
            pass  # who asked is gone
        finally:
            self._turns.leave(ticket)

    def on_connection_close(self) -> None:
        if self._ticket:
            self._turns.leave(self._ticket)

    async def _tell(self, place: int) -> None:
        self.write(f'{{"place": {place}}}\n')
        await self.flush()
