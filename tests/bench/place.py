"""A running hub where participants of a benchmark come: its people, processes and labs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import docker
import psutil
from cloudlab.hub import Hub
from cloudlab.workspace import Workspace
from running_course import RunningCourse

from bench import meter
from bench.brought_up import ORGANISER
from bench.visitor import Visitor

AT_ONCE = 2  # labs that an organiser starts or stops at the same time
PATIENCE = 300  # seconds for one of them
PROGRAMS = ("jupyterhub", "configurable-http-proxy")


@dataclass(frozen=True)
class Place:
    """A hub, with the passphrases of its participants and of an organiser.

    `supervisor` is the process that its programs descend from, and `labs` the engine's filter
    that finds the containers of its labs.
    """

    address: str
    passphrases: dict[str, str]
    organiser: tuple[str, str]
    supervisor: psutil.Process
    labs: dict[str, str]

    def cpu(self) -> float:
        """The seconds that the processes of hub and proxy have taken."""
        every = [self.supervisor, *self.supervisor.children(recursive=True)]
        return meter.of_processes(each for each in every if _is_program(each.cmdline()))

    def memory(self) -> list[int]:
        """Bytes of each lab that is running."""
        found = docker.from_env().containers.list(filters=self.labs, ignore_removed=True)
        return meter.memory(found)

    def start(self, names: list[str]) -> None:
        """Start labs, a few at a time, as an organiser does before a session."""
        asyncio.run(self._as_organiser(_start, names))

    def stop(self, names: list[str]) -> None:
        """Stop labs and wait until they are gone; nothing happens where there is none."""
        asyncio.run(self._as_organiser(_stop, names))

    async def _as_organiser(
        self, act: Callable[[Visitor, str], Awaitable[None]], names: list[str]
    ) -> None:
        username, passphrase = self.organiser
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> None:
            async with gate, asyncio.timeout(PATIENCE):
                await act(organiser, name)

        async with Visitor(self.address, username) as organiser:
            await organiser.log_in(passphrase, then="/hub/home")
            await asyncio.gather(*map(one, names))


def of(course: RunningCourse) -> Place:
    """A course that is up."""
    hub = Hub(Workspace(course.course, course.var)).process()
    if hub is None:
        raise RuntimeError(f"{course.var}: no course is running")
    passphrases = {name: row["passphrase"] for name, row in course.credentials().items()}
    return Place(
        course.address,
        {name: words for name, words in passphrases.items() if name[1:].isdecimal()},
        (ORGANISER, passphrases[ORGANISER]),
        hub,
        {"label": f"syllab.instance={course.instance}"},
    )


def _is_program(command: list[str]) -> bool:
    return any(part.endswith(PROGRAMS) for part in command[:3])


async def _start(organiser: Visitor, name: str) -> None:
    user = organiser.address / "hub/api/users" / name
    await organiser.api("POST", user / "server")
    while not (await _server(organiser, name)).get("ready"):
        await asyncio.sleep(0.2)


async def _stop(organiser: Visitor, name: str) -> None:
    user = organiser.address / "hub/api/users" / name
    while server := await _server(organiser, name):
        if not server["pending"]:
            await organiser.api("DELETE", user / "server")
        await asyncio.sleep(0.2)


async def _server(organiser: Visitor, name: str) -> dict:
    user = await organiser.api("GET", organiser.address / "hub/api/users" / name)
    return user["servers"].get("", {})
