"""Machines of a test file's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deploy.machines import Machines


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines
