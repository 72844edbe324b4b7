"""Sandboxes that are started before anybody needs them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from docker.errors import DockerException

from .sandbox import NotStarted, Sandbox, Sandboxes

AGAIN_AFTER = 5.0  # seconds before a start that failed is tried again
AT_ONCE = os.cpu_count() or 1  # that start together
PAUSE = 0.5  # seconds between looks whether one is needed

SPARE = 0.25  # of the machine's memory; with less, what was used is removed at once

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class Pool:
    """`size` sandboxes, ready; each is given out once, and removed after."""

    def __init__(self, sandboxes: Sandboxes, size: int) -> None:
        self.sandboxes, self.size = sandboxes, size
        self._ready: asyncio.Queue[Sandbox] = asyncio.Queue()
        self._used: asyncio.Queue[Sandbox] = asyncio.Queue()  # frozen, to be removed
        self._wanted = 0  # who waits for one
        self._starting = 0
        self._threads = ThreadPoolExecutor(2 * AT_ONCE, thread_name_prefix="engine")

    @asynccontextmanager
    async def sandbox(self) -> AsyncIterator[Sandbox]:
        """A fresh sandbox; it waits for one if need be."""
        self._wanted += 1
        try:
            sandbox = await self._ready.get()
            while not sandbox.alive():
                await self._try(sandbox.remove)
                sandbox = await self._ready.get()
        finally:
            self._wanted -= 1
        try:
            yield sandbox
        finally:
            await asyncio.shield(self._retire(sandbox))

    async def run(self, busy: Callable[[], bool]) -> None:
        """Keep the pool filled, and remove what was used, until cancelled.

        Both wait, if they can, while that would take time from who is served: `busy` says whether
        somebody waits for a processor.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._fill(busy))
            group.create_task(self._clear(busy))

    async def _fill(self, busy: Callable[[], bool]) -> None:
        while True:
            coming = self._ready.qsize() + self._starting
            if coming >= self.size or (coming > self._wanted and busy()):
                await asyncio.sleep(PAUSE)
                continue
            self._starting += 1
            try:
                self._ready.put_nowait(await self._call(self.sandboxes.start))
            except NotStarted as error:
                log.error("A sandbox could not be started: %s", error)
                await asyncio.sleep(AGAIN_AFTER)
            finally:
                self._starting -= 1

    async def _retire(self, sandbox: Sandbox) -> None:
        await self._try(sandbox.freeze)
        self._used.put_nowait(sandbox)

    async def _clear(self, busy: Callable[[], bool]) -> None:
        while True:
            sandbox = await self._used.get()
            while busy() and self._used.qsize() < self.size and memory_left() > SPARE:
                await asyncio.sleep(PAUSE)
            await self._try(sandbox.remove)

    async def close(self) -> None:
        """Remove all sandboxes, those that are just starting among them."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self.sandboxes.reap)

    async def _try(self, function: Callable[[], None]) -> None:
        try:
            await self._call(function)
        except DockerException as error:
            log.error("A sandbox could not be ended: %s", error)

    async def _call(self, function: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def memory_left() -> float:
    """The part of the machine's memory that is available, from 0 to 1 (see proc(5))."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    size = {words[0]: int(words[1]) for words in lines}
    return size["MemAvailable:"] / size["MemTotal:"]
