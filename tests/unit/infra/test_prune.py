"""Which old releases a machine forgets. Only the engine is a stand-in; real ones are slow."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from cloudlab.workspace import REPOSITORY

SCRIPT = REPOSITORY / "infra" / "ansible" / "roles" / "syllab_release" / "files" / "prune"
DOCKER = """#!/bin/sh
case $1 in
    ps) for last; do :; done; grep -x "${last#ancestor=}" "$0.running" || true ;;
    rmi) echo "$2" >>"$0.removed" ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A machine with six releases of a course, the sixth being the newest."""
    root = tmp_path / "course"
    for number in range(1, 7):
        name = f"course-{number}"
        (root / "releases" / name / "site").mkdir(parents=True)
        note = root / "images" / name
        note.parent.mkdir(exist_ok=True)
        note.write_text(f"lab:{number}\nhub:{'old' if number < 3 else 'new'}\n")
        os.utime(note, (number, number))
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "docker.running").touch()
    return root


def prune(root, keep=3):
    """The releases that are left, and the images that were removed."""
    path = f"{root.parent}:{os.environ['PATH']}"
    command = ["sh", SCRIPT, root, str(keep)]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    removed = root.parent / "docker.removed"
    left = {path.name for path in (root / "releases").iterdir()}
    assert left == {path.name for path in (root / "images").iterdir()}
    return {int(name[-1]) for name in left}, set(
        removed.read_text().split() if removed.exists() else []
    )


def test_the_newest_stay_and_images_go_with_the_last_that_has_them(machine):
    assert prune(machine) == ({4, 5, 6}, {"lab:1", "lab:2", "lab:3", "hub:old"})
    assert prune(machine)[0] == {4, 5, 6}


@pytest.mark.parametrize("slot", ["live", "previous", "next", "saved"])
def test_what_the_hub_runs_or_may_go_back_to_stays(machine, slot):
    (machine / slot).mkdir()
    settings = {"release": f"{machine}/releases/course-1", "title": "x"}
    (machine / slot / "hub.json").write_text(json.dumps(settings, indent=4))
    assert prune(machine) == ({1, 4, 5, 6}, {"lab:2", "lab:3"})


def test_what_a_running_lab_uses_stays(machine):
    (machine.parent / "docker.running").write_text("lab:2\n")
    assert prune(machine) == ({2, 4, 5, 6}, {"lab:1", "lab:3"})


def test_an_image_that_another_course_has_stays(machine):
    other = machine.parent / "other" / "images" / "other-1"
    other.parent.mkdir(parents=True)
    other.write_text("lab:9\nhub:old\n")
    assert prune(machine)[1] == {"lab:1", "lab:2", "lab:3"}


def test_in_the_end_all_go(machine):
    assert prune(machine, keep=0)[0] == set()
