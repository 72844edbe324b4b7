"""What stands in the way is told before anything changes, all at once, with a remedy."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cloudlab import preflight
from courseware.errors import UserError
from running_course import free_ports


def course(capacity: int = 2, memory: int = 2**30, overcommit: bool = False) -> SimpleNamespace:
    lab = SimpleNamespace(memory_bytes=memory, overcommit=overcommit)
    return SimpleNamespace(capacity=capacity, lab=lab)


def check(course: SimpleNamespace, workspace, port: int, **known) -> None:
    known = {"ours": set(), "built": True} | known
    preflight.check(course, workspace, port, labs=course.capacity, **known)


@pytest.fixture
def port() -> int:
    return free_ports()


def test_a_taken_port_is_named_with_its_owner_and_another_offered(workspace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"Port {port} is taken by .* PORT=") as error:
            check(course(), workspace, port)
    assert "python" in str(error.value) or "pytest" in str(error.value)


def test_the_ports_of_our_own_running_hub_are_no_problem(workspace):
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", free_ports()))  # the next ones, too, are nobody's
        ours.listen()
        port = ours.getsockname()[1]
        check(course(), workspace, port, ours={os.getpid()})


def test_a_port_that_is_none(workspace):
    with pytest.raises(UserError, match="PORT=80: "):
        check(course(), workspace, 80)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_nearly_full_disk(workspace, small_disk, port):
    there = replace(workspace, var=small_disk / "var")
    with pytest.raises(UserError, match=r"small: 0\.3 GB of disk free, 6 GB needed"):
        check(course(), there, port, built=False)


def test_more_labs_than_memory_is_refused_unless_overcommitted(workspace, port):
    with pytest.raises(
        UserError, match=r"course\.yml: capacity: 5000 labs .* lab\.overcommit: true"
    ):
        check(course(5000), workspace, port)
    check(course(5000, overcommit=True), workspace, port)


def test_all_problems_at_once(workspace):
    with pytest.raises(UserError) as error:
        check(course(5000), workspace, 80)
    assert "PORT=80" in str(error.value)
    assert "capacity" in str(error.value)
