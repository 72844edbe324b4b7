"""The commands for organisers' grades, with the grader's programs and no running hub."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cloudlab import grades, system
from cloudlab.workspace import Workspace
from courseware.errors import UserError
from courseware.hub_settings import HubSettings
from unit.course.test_hub_settings import VALID
from unit.hub.test_grades_export import make_release


@pytest.fixture
def hub(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a hub's files; its environment is the tests' own."""
    make_release(tmp_path / "release", VALID["image"])
    workspace.hub.mkdir(parents=True)
    workspace.users.write_text(
        '{"ann": {"name": "Ann", "role": "participant", "hash": "$argon2id$"}}'
    )
    settings = HubSettings.model_validate(VALID)
    database = f"sqlite:///{workspace.hub}/grades.sqlite"
    grader = settings.grader.model_copy(update={"database": database})
    update = {"release": tmp_path / "release", "users": workspace.users, "grader": grader}
    settings.model_copy(update=update).write(workspace.settings)
    python = tmp_path / "hub" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(grades, "environment", lambda name: tmp_path / name)
    monkeypatch.setattr(system, "become_root", lambda: None)
    return workspace


def test_grades_are_written_and_told(hub: Workspace, capsys: pytest.CaptureFixture[str]):
    grades.export(hub)
    assert (hub.grades / "grades.csv").read_text("utf-8-sig").splitlines()[1] == "ann,Ann,0,,"
    told = capsys.readouterr().out
    assert "Participants: 1, of whom 0 attempted an exercise." in told
    assert str(hub.grades / "grades.csv") in told
    assert hub.grades in hub.made


def test_what_is_to_be_graded_again_is_told(hub: Workspace, capsys: pytest.CaptureFixture[str]):
    grades.regrade(hub)
    assert "Nothing to grade again" in capsys.readouterr().out


@pytest.mark.parametrize("command", [grades.export, grades.regrade])
def test_a_gradebook_out_of_order_is_told(hub: Workspace, command):
    (hub.hub / "grades.sqlite").mkdir()
    with pytest.raises(UserError, match=r"The gradebook can't be used: .* -> see that") as error:
        command(hub)
    assert "Traceback" not in str(error.value)


@pytest.mark.parametrize("command", [grades.export, grades.regrade])
def test_without_a_hub_what_to_do_is_said_and_nothing_made(workspace: Workspace, command):
    with pytest.raises(UserError, match=r"There is no hub .* yet(.|\n)*-> run make up first"):
        command(workspace)
    assert not workspace.var.exists()
