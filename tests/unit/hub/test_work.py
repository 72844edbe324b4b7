"""Official checks in a process of their own, against a real answerer on a socket."""

import socket
import subprocess
import sys

import pytest
from labhub.grader import work

CHECKS = """
from courseware.checks import exercise

@exercise("twice", points=2, hint="Two times.")
def test_twice(lab):
    assert lab.number("twice", 3.0) == 6, "Is it two times the number?"
"""


@pytest.fixture
def connection(tmp_path):
    """To a process that runs a participant's code, as in a sandbox."""
    path = str(tmp_path / "lab")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        command = [sys.executable, "-m", "courseware.lab.answer", path]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            connected = listener.accept()[0]
            with connected:
                yield connected
            process.kill()


@pytest.fixture
def grade(connection, tmp_path):
    def grade(*cells, checks=CHECKS, seconds=30):
        file = tmp_path / "test_one.py"
        file.write_text(checks)
        job = {"checks": str(file), "exercise": "twice", "cells": cells, "seeds": [1]}
        return work.grade(connection, job | {"seconds": seconds})

    return grade


def test_a_right_answer_passes_and_a_wrong_one_is_told(grade):
    (right,) = grade("def twice(x): return 2 * x").results
    assert (right.passed, right.points) == (True, 2)
    (wrong,) = grade("def twice(x): return x").results
    assert (wrong.passed, wrong.message) == (False, "Is it two times the number?")


def test_an_answer_without_end_is_given_up(grade):
    assert grade("while True: pass", seconds=2).failed == "it took longer than 2 s"


def test_checks_that_cant_be_run_are_not_the_participants_doing(grade):
    found = grade("def twice(x): return 2 * x", checks="import nowhere_to_be_found")
    assert "nowhere_to_be_found" in found.broken
    assert not found.failed


def test_a_grading_that_breaks_is_not_the_participants_doing(connection):
    assert work.grade(connection, {"seconds": 5}).broken.startswith("KeyError: ")


def test_a_process_that_is_killed_for_its_memory_has_failed(grade):
    """What hostile code returns may need more than there is; nobody else is to blame."""
    killed = CHECKS.replace(
        "    assert lab", "    import os; os.kill(os.getpid(), 9)\n    assert lab"
    )
    assert grade("def twice(x): return 2 * x", checks=killed).failed == work.SPENT
