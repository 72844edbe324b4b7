"""One running course for all tests that need one; it is taken away when they are done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloudlab.workspace import REPOSITORY
from running_course import RunningCourse, free_ports


@pytest.fixture(scope="session")
def running_course(pytestconfig: pytest.Config) -> Iterator[RunningCourse]:
    course = RunningCourse(var=REPOSITORY / "var" / "test", port=free_ports())
    course.syllab("clean", "--yes")  # what an interrupted run may have left
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # it takes minutes on an empty machine: be seen
        course.up(show=True)
    yield course
    done = course.syllab("clean", "--yes")
    assert done.returncode == 0, done.stdout
