"""Participants who come together: their arrivals, and what became of each."""

from __future__ import annotations

import asyncio
import math
import random
import time
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientSession

from bench.page_loads import Loads
from bench.place import Place
from bench.visitor import FIRST_CELL, FIRST_RESULT, Note, Visit, Visitor, Way, visit

PROBE_EVERY = 0.25  # seconds


@dataclass(frozen=True)
class Arrival:
    """So many people, at any moments within so many seconds; 0 is at once."""

    people: int
    within: float = 0

    def __str__(self) -> str:
        when = f"within {self.within:g} s" if self.within else "at once"
        return f"{self.people} {when}" if self.people > 1 else "one alone"

    def moments(self) -> list[float]:
        """The seconds at which they come: the same each time."""
        chance = random.Random(self.people)  # noqa: S311 - nothing is kept secret
        return sorted(chance.uniform(0, self.within) for _ in range(self.people))


def come(
    place: Place, names: list[str], arrival: Arrival, loads: Loads, *, cell: bool = True
) -> list[Visit]:
    """Let them log in, open their labs and, if `cell`, run a first cell."""

    async def way(visitor: Visitor, note: Note) -> None:
        passphrase = place.passphrases[visitor.username]
        await visitor.open_lab(*await visitor.log_in(passphrase, files=loads.login))
        note("page")
        await visitor.load(loads.files, loads.calls)
        note("ready")
        if cell:
            await visitor.run(FIRST_CELL, FIRST_RESULT)
            note("result")

    return asyncio.run(_all(place, names, arrival, way))


def log_in(
    place: Place, names: list[str], arrival: Arrival, loads: Loads
) -> tuple[list[Visit], list[float]]:
    """Let them log in only; also the seconds that the hub takes, meanwhile, to say it is well."""

    async def way(visitor: Visitor, note: Note) -> None:
        passphrase = place.passphrases[visitor.username]
        await visitor.log_in(passphrase, then="/hub/home", files=loads.login)
        note("login")

    async def both() -> tuple[list[Visit], list[float]]:
        answers: list[float] = []
        probe = asyncio.create_task(_probe(place, answers))
        visits = await _all(place, names, arrival, way)
        probe.cancel()
        with suppress(asyncio.CancelledError):
            await probe  # if the hub did not answer, that is told
        return visits, answers

    return asyncio.run(both())


def share(visits: list[Visit], stage: str, part: float) -> float | None:
    """The seconds after which that part of all has reached the stage; None if it never did."""
    times = sorted(each.seconds.get(stage, math.inf) for each in visits)
    found = times[math.ceil(part * len(times)) - 1]
    return found if math.isfinite(found) else None


async def _all(place: Place, names: list[str], arrival: Arrival, way: Way) -> list[Visit]:
    async def one(name: str, moment: float) -> Visit:
        await asyncio.sleep(moment)
        return await visit(place.address, name, way)

    people = zip(names, arrival.moments(), strict=True)
    return await asyncio.gather(*(one(*each) for each in people))


async def _probe(place: Place, answers: list[float]) -> None:
    async with ClientSession(raise_for_status=True) as http:
        while True:
            started = time.monotonic()
            async with http.get(f"{place.address}/hub/health") as answer:
                await answer.read()
            answers.append(time.monotonic() - started)
            await asyncio.sleep(PROBE_EVERY)
