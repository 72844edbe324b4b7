"""Sandboxes that are started before anybody needs them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from docker.errors import DockerException

from .sandbox import NotStarted, Sandbox, Sandboxes

AGAIN_AFTER = 5.0  # seconds before a start that failed is tried again
AT_ONCE = os.cpu_count() or 1  # that start together
PAUSE = 0.5  # seconds between looks whether one is needed

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class Pool:
    """`size` sandboxes, ready; each is given out once, and removed after."""

    def __init__(self, sandboxes: Sandboxes, size: int) -> None:
        self.sandboxes, self.size = sandboxes, size
        self._ready: asyncio.Queue[Sandbox] = asyncio.Queue()
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
                await self._remove(sandbox)
                sandbox = await self._ready.get()
        finally:
            self._wanted -= 1
        try:
            yield sandbox
        finally:
            await self._remove(sandbox)

    async def fill(self, busy: Callable[[], bool]) -> None:
        """Keep the pool filled until cancelled; not while it would take time from who is served.

        `busy` says whether somebody waits for a processor.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._fill(busy))

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

    async def close(self) -> None:
        """Remove all sandboxes, those that are just starting among them."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self.sandboxes.reap)

    async def _remove(self, sandbox: Sandbox) -> None:
        try:
            await asyncio.shield(self._call(sandbox.remove))
        except DockerException as error:
            log.error("A sandbox could not be removed: %s", error)

    async def _call(self, function: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
