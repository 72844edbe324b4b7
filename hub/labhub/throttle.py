"""Keeps guessers slow and apart from everybody else; never keeps anybody out."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from cachetools import TTLCache

T = TypeVar("T")


class LineFull(Exception):
    """Too many are waiting already: ask again later."""


class Lines:
    """Lets one job per account run at a time, and takes turns within it between addresses.

    Whatever somebody sends for one account, jobs for other accounts find at most this account's
    one job ahead of them; and jobs for the same account from another address find at most one of
    each address ahead.
    """

    def __init__(self, *, per_pair: int, per_account: int, per_address: int, overall: int) -> None:
        """How many may wait.

        `per_pair` for one account from one address, `per_account` for one account, `per_address`
        from one address for all accounts together.
        """
        self._limits = (per_pair, per_account, per_address, overall)
        self._waiting: Counter[Hashable] = Counter()
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def run(self, account: str, address: str, job: Callable[[], Awaitable[T]]) -> T:
        """Await `job()` when it is its turn. Raises LineFull at once if the line is full."""
        one, all_of_it, all_from_there = (account, address), (account,), (None, address)
        # asyncio's locks serve in order of arrival. Only who holds its address's lock queues for
        # the account's: so addresses take turns, however many wait behind one of them.
        async with (
            self._place(one, all_of_it, all_from_there, ()),
            self._lock(one),
            self._lock(all_of_it),
        ):
            return await job()

    @asynccontextmanager
    async def _place(self, *keys: Hashable) -> AsyncIterator[None]:
        if any(self._waiting[k] >= limit for k, limit in zip(keys, self._limits, strict=True)):
            raise LineFull
        self._waiting.update(keys)
        try:
            yield
        finally:
            self._waiting.subtract(keys)
            for key in keys:
                if not self._waiting[key]:
                    del self._waiting[key]

    def _lock(self, key: Hashable) -> asyncio.Lock:
        # Held by whoever waits for it; forgotten with the last of them.
        return self._locks.setdefault(key, asyncio.Lock())


class Failures:
    """Remembers failures per account and address for a while, and how long to delay for them.

    Bounded: when full, the oldest go first; who is forgotten starts again with a short delay.
    """

    def __init__(
        self,
        *,
        remember: float = 900,
        shortest: float = 0.25,
        longest: float = 8,
        size: int = 8192,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`remember`, `shortest` and `longest` in seconds; the delay doubles in between."""
        self._counts: TTLCache[Hashable, int] = TTLCache(size, remember, timer=clock)
        self._shortest = shortest
        self._longest = longest

    def add(self, account: str, address: str) -> int:
        """Note one more failure and answer how many are remembered."""
        count = self._counts.get((account, address), 0) + 1
        self._counts[account, address] = count
        return count

    def delay(self, count: int) -> float:
        """Seconds to hold back the answer to the `count`-th failure."""
        return min(self._longest, self._shortest * 2 ** min(count - 1, 30))

    def forget(self, account: str, address: str) -> None:
        """The right passphrase came: the failures were typing mistakes."""
        self._counts.pop((account, address), None)
