"""What hubs are told of the schedule: the course's own, and the one that is only tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cloudlab import local
from cloudlab.deploy import settings
from cloudlab.workspace import Workspace
from courseware import course
from courseware.course import Course
from courseware.hub_settings import Lifecycle
from courseware.lifecycle import lifecycle


@pytest.fixture
def made(workspace: Workspace, tmp_path: Path) -> tuple[Course, Path]:
    """The flagship course and a release of it."""
    (tmp_path / "release").mkdir()
    manifest = {"image": {"id": "sha256:" + "0" * 64}}
    (tmp_path / "release" / "manifest.json").write_text(json.dumps(manifest))
    return course.load(workspace.course), tmp_path / "release"


def test_the_hub_of_this_machine_knows_the_sessions(
    made: tuple[Course, Path], workspace: Workspace
):
    flagship, release = made
    grader = {"address": {"ip": "127.0.0.1", "port": 1}, "database": "sqlite://", "pool": 2}
    written = local._settings(flagship, workspace, release, "one", "127.0.0.1", 8000, grader)
    assert written.lifecycle == lifecycle(flagship)
    assert written.lifecycle.sessions


@pytest.mark.parametrize("slot", ["live", "candidate"])
def test_only_the_live_hub_starts_and_stops_labs(made: tuple[Course, Path], slot: str):
    flagship, release = made
    written = settings.hub_json(flagship, "one", release, slot, memory=2**31, labs=2)
    expected = lifecycle(flagship) if slot == "live" else Lifecycle()
    assert Lifecycle.model_validate(written["lifecycle"]) == expected
    json.dumps(written)  # Ansible is given it as JSON
