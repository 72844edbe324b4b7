"""What an organiser sees for a mistake: one message, no traceback, exit code 1."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cloudlab.workspace import REPOSITORY

COURSE = REPOSITORY / "course" / "cns2024"


def syllab(
    *arguments: str, env: dict[str, str] | None = None, before: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(before or []), sys.executable, "-m", "cloudlab.cli", *arguments],
        capture_output=True, text=True, env=os.environ | (env or {}), timeout=120,
    )  # fmt: skip


def broken(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the flagship course with one thing changed in its course.yml."""
    folder = tmp_path / "cns2024"
    shutil.copytree(COURSE, folder)
    text = (folder / "course.yml").read_text()
    assert old in text
    (folder / "course.yml").write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("capacity:", "capacityy:", "did you mean 'capacity'?"),
        ("America/Fortaleza", "America/Fortalezza", "America/Fortaleza"),
        ("speakers: [Iiro Ahokainen]", "speakers: [Iiro Ahokanen]", "Iiro Ahokainen"),
        ('end: "09:20"', 'end: "09:30"', "overlap"),
    ],
)
def test_a_mistake_in_the_course(tmp_path, old, new, told):
    folder = broken(tmp_path, old, new)
    var = tmp_path / "var"
    done = syllab("--course", str(folder), "--var", str(var), "up")
    assert done.returncode == 1
    assert "course.yml:" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not var.exists()


def test_a_mistake_in_the_roster_leaves_nothing_half_done(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("username,name,role\nann,Ann,participant\nann,Ann B,participant\n")
    var = tmp_path / "var"
    done = syllab("--var", str(var), "up", "--roster", str(roster))
    assert done.returncode == 1
    assert "roster.csv" in done.stderr
    assert "ann" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not var.exists()


def test_clean_removes_nothing_that_syllab_did_not_make(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "site").mkdir()
    assert syllab("--var", str(tmp_path), "clean", "--yes").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_course_folder_that_is_none(tmp_path):
    done = syllab("--course", str(tmp_path / "nowhere"), "site")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_without_root_and_sudo_the_process_engine_is_offered(tmp_path):
    # In a user namespace of its own the command is nobody, but can still read this Python.
    done = syllab(
        "--var", str(tmp_path / "var"), "up", "--port", "18333",
        before=[shutil.which("unshare"), "--user"], env={"PATH": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "needs root" in done.stderr
    assert "ENGINE=process" in done.stderr
    assert not (tmp_path / "var").exists()
