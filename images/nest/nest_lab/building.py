"""Has NESTML compile what it generated for a module as one file, and tells how long it took.

Each of its files includes all of NEST's headers, and to read these is most of a compiler's work.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pynestml.frontend.frontend_configuration import FrontendConfiguration

_ONE_FILE = "set( CMAKE_UNITY_BUILD ON )\nset( CMAKE_UNITY_BUILD_BATCH_SIZE 0 )\n"
_seconds: list[float] = []  # that the module of the latest call took to be built


def as_one_file(build: Callable[[Any], None]) -> Callable[[Any], None]:
    """NESTML's method `build`, made faster."""

    @functools.wraps(build)
    def faster(builder: Any) -> None:
        start = time.monotonic()
        lists = Path(FrontendConfiguration.get_target_path(), "CMakeLists.txt")
        if lists.is_file():  # otherwise NESTML says what is wrong
            lists.write_text(_ONE_FILE + lists.read_text(encoding="utf-8"), encoding="utf-8")
        build(builder)
        _seconds.append(time.monotonic() - start)

    return faster


@contextlib.contextmanager
def timed(name: str) -> Iterator[None]:
    """Tells how long NESTML, which the block calls, took for a module, if it has made one."""
    _seconds.clear()
    start = time.monotonic()
    yield
    if _seconds:
        built, whole = sum(_seconds), time.monotonic() - start
        print(f"{name}: generated in {whole - built:.1f} s, built in {built:.1f} s")
