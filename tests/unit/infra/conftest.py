"""A workspace in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudlab.workspace import REPOSITORY, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(course=REPOSITORY / "course" / "cns2024", var=tmp_path / "var")
