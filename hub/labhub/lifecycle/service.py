"""The service: looks every few seconds, and starts and stops what is due, a few at a time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from courseware.hub_settings import HubSettings

from ..accounts import Accounts
from . import state
from .hub import Hub, Silent, User
from .plan import Lab, Person, plan
from .state import Record, Wishes

LOOK_EVERY = 20  # seconds
AT_ONCE = 2  # labs that are started or stopped before it looks again
READY_WITHIN = 60  # seconds, after which it looks again although a lab isn't ready

log = logging.getLogger(__name__)


def main(settings: HubSettings) -> None:
    """Work until told to stop, or until the hub that started this process is gone."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s lifecycle: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the hub's way to end it: nothing to tidy up
    asyncio.run(Service(settings, Hub()).run())


class Service:
    """Does what `plan` says."""

    def __init__(self, settings: HubSettings, hub: Hub) -> None:
        """Raises UserError without accounts."""
        self._settings, self._hub = settings, hub
        self._accounts = Accounts(settings.users)
        self._wishes, self._record = state.wishes(settings), state.record(settings)
        self._said = ""

    async def run(self) -> None:
        """Look again and again, at once after something was done."""
        parent = os.getppid()
        while os.getppid() == parent:
            seen = self._wishes.stamp()
            try:
                done = await self.look()
            except Silent as error:
                log.warning("%s; asked again in a moment", error)
                done = False
            if not done:
                await self._pause(parent, seen)

    async def look(self) -> bool:
        """Look once, and do a part of what is due; whether all of that went well. Raises Silent."""
        users = await self._hub.users()
        people = [self._person(user) for user in users]
        decided = plan(
            datetime.now(UTC),
            self._settings.lifecycle,
            people,
            self._wishes.read(Wishes),
            self._record.read(Record),
            capacity=self._settings.capacity,
            # Labs of a swarm are on other machines.
            memory=None if self._settings.swarm else available(),
        )
        # Who waits for a lab comes first: none is added while as many are starting.
        starting = sum(person.lab is not None and not person.lab.ready for person in people)
        stop, start = decided.stop[:AT_ONCE], decided.start[: max(0, AT_ONCE - starting)]
        # Written before: what is cut off has been a try, too.
        tries = decided.record.tries
        tried = tries | {name: tries.get(name, 0) + 1 for name in start}
        self._record.write(decided.record.model_copy(update={"tries": tried}))
        self._tell(decided.record.says)
        stopped = [await self._stop(name) for name in stop]
        started = await asyncio.gather(*(self._start(name) for name in start))
        return bool(stop or start) and all([*stopped, *started])

    async def _start(self, name: str) -> bool:
        log.info("Starting %s's lab", name)
        accepted = await self._hub.start(name)
        for _ in range(READY_WITHIN):
            if not (accepted and await self._hub.is_starting(name)):
                break
            await asyncio.sleep(1)
        return accepted

    async def _stop(self, name: str) -> bool:
        log.info("Stopping %s's idle lab", name)
        return await self._hub.stop(name)

    async def _pause(self, parent: int, seen: int | None) -> None:
        """Wait for the next look: for an organiser's wish, not longer than a moment."""
        for _ in range(LOOK_EVERY):
            await asyncio.sleep(1)
            if self._wishes.stamp() != seen or os.getppid() != parent:
                return

    def _person(self, user: User) -> Person:
        account = self._accounts.get(user.name)
        taught = account is not None and account.role != "organiser"
        return Person(user.name, taught, user.last_activity, _lab(user))

    def _tell(self, says: str) -> None:
        if says != self._said:
            log.info(says)
        self._said = says


def _lab(user: User) -> Lab | None:
    if user.server is None:
        return None
    times = (user.server["started"], user.server["last_activity"])
    known = [datetime.fromisoformat(each) for each in times if each]
    return Lab(user.server["ready"], max(known, default=datetime.now(UTC)))


def available() -> int:
    """The bytes of memory that programs can get without others being pushed out."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/meminfo has no MemAvailable")
