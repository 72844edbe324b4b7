"""Those who submit: two from their labs, three by a token like a lab's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest
import requests
from attack import sources
from grader_client import (
    Grader,
    answer,
    in_lab,
    service_pid,
    solution,
    submission,
    with_token,
)
from running_course import RunningCourse

IN_LABS = ("ada", "bo.li-2")
OTHERS = ("cy", "helga", "olga")
Attempt = dict[str, Any]


@pytest.fixture(scope="module")
def crowd(running_course: RunningCourse) -> Iterator[dict[str, Grader]]:
    """The grader for each of the roster. Their labs are stopped when a module is done."""
    found = {name: in_lab(running_course, name) for name in IN_LABS}
    yield found | {name: with_token(running_course, name) for name in OTHERS}
    for name in IN_LABS:
        participant = running_course.participant(name)
        participant.log_in().raise_for_status()
        participant.stop_lab()


@pytest.fixture(scope="module")
def pid(running_course: RunningCourse, crowd: dict[str, Grader]) -> int:
    """The grader's process before a module's tests."""
    return service_pid(running_course)


@pytest.fixture(scope="module")
def graded(
    running_course: RunningCourse, request: pytest.FixtureRequest
) -> Iterator[Callable[[list[Grader], dict[str, str]], dict[str, Future[Attempt]]]]:
    """Has sources graded: by as many participants at once as are given, each one after the other.

    Only those are graded that a test of the module asks for by its parameter `name`.
    """
    tests = [item for item in request.session.items if item.path == request.path]
    asked = {item.callspec.params.get("name") for item in tests if hasattr(item, "callspec")}
    pools = []

    def graded(people: list[Grader], found: dict[str, str]) -> dict[str, Future[Attempt]]:
        pools.append(ThreadPoolExecutor(len(people)))
        free: SimpleQueue[Grader] = SimpleQueue()
        for each in people:
            free.put(each)

        def grade(name: str, source: str) -> Attempt:
            grader, exercise = free.get(), sources.exercise(name)
            try:
                return grader.grade(exercise, answer(running_course, exercise, source))
            finally:
                free.put(grader)

        return {name: pools[-1].submit(grade, name, found[name]) for name in found if name in asked}

    yield graded
    for pool in pools:
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def ada(crowd) -> Grader:
    return crowd["ada"]


@pytest.fixture(scope="module")
def bo(crowd) -> Grader:
    return crowd["bo.li-2"]


@pytest.fixture
def body(running_course) -> dict[str, Any]:
    """A good submission that nobody sent yet."""
    return submission("rheobase", solution(running_course, "rheobase"))


@pytest.fixture
def unchanged(ada, bo, pid, running_course):
    """Nobody's points or attempts are others after the test, and the grader is the same."""
    before = [ada.progress(), bo.progress()]
    yield
    assert [ada.progress(), bo.progress()] == before
    assert service_pid(running_course) == pid


def refused(answer: requests.Response, *statuses: int) -> str:
    """The sentence with which a request was refused."""
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    said = answer.json()
    assert list(said) == ["error"]
    assert said["error"]
    for word in ("Traceback", "sqlite", "SELECT", ".py", "/home", "labhub"):
        assert word not in said["error"]
    return said["error"]
