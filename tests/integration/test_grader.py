"""The grader beside the hub: what participants get from it, and that it loses nothing."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import docker
import grader_client as client
import psutil
import pytest
import requests
from grader_client import Grader
from labhub.grader.gradebook import Gradebook
from labhub.grader.tables import Attempt, Job, Outcome
from running_course import RunningCourse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

AGAIN = 90  # seconds in which the hub starts a service that died; it looks every half a minute
WRONG = "def rheobase(C_m, tau_m, E_L, V_th):\n    return 1.0"


@pytest.fixture(scope="module")
def gil(running_course: RunningCourse) -> Grader:
    return client.in_lab(running_course, "gil")


@pytest.fixture(scope="module")
def hal(running_course: RunningCourse) -> Grader:
    return client.with_token(running_course, "hal")


@pytest.fixture
def book(running_course: RunningCourse) -> Gradebook:
    return Gradebook(running_course.settings["grader"]["database"])


def points(grader: Grader, exercise: str) -> float:
    """What a participant has for an exercise of the introduction."""
    (tutorial,) = (t for t in grader.progress()["tutorials"] if t["tutorial"] == "introduction")
    (found,) = (e for e in tutorial["exercises"] if e["exercise"] == exercise)
    return found["points"]


def test_wrong_then_right(gil, hal, running_course):
    wrong = client.answer(running_course, "rheobase", WRONG)
    first, second = gil.grade("rheobase", wrong), gil.grade("rheobase", wrong)
    assert [(a["points"], a["maximum"], a["number"]) for a in (first, second)] == [
        (0, 1, first["number"]), (0, 1, first["number"] + 1),
    ]  # fmt: skip
    (told,) = second["checks"]
    assert "relative to rest" in told["message"]
    assert told["hint"]
    assert points(gil, "rheobase") == 0
    right = gil.grade("rheobase", client.solution(running_course, "rheobase"))
    assert (right["points"], right["checks"][0]["message"]) == (1, "")
    assert right["progress"]["points"] >= 1
    again = gil.grade("rheobase", wrong)
    assert again["points"] == 0
    assert points(gil, "rheobase") == 1  # the best counts
    assert points(hal, "rheobase") == 0


def test_a_cell_that_fails_is_told(gil, running_course):
    broken = gil.grade(
        "rheobase", client.answer(running_course, "rheobase", "rheobase = helper(1)")
    )
    assert broken["points"] == 0
    assert "name 'helper' is not defined" in broken["failed"]


def test_a_slow_exercise_goes_by_the_slow_lane(gil, running_course):
    found = gil.grade("neuron", client.solution(running_course, "neuron", "sequences"), "sequences")
    assert found["points"] == found["maximum"] > 0


def test_forty_submissions_survive_a_killed_service(book, running_course):
    """Killed in their midst, it is started again by the hub, and each has exactly one result."""
    own = client.solution(running_course, "psp_peak")
    people = [client.with_token(running_course, name) for name in running_course.credentials()]
    gil = people[0]
    with ThreadPoolExecutor(8) as pool:
        bodies = [client.submission("psp_peak", own) for _ in range(40)]
        sent = pool.map(lambda who, body: who.taken(body), cycle(people), bodies)
        attempts = [each["id"] for each in sent]
    _await(lambda: 3 <= _graded(book, attempts) < 30, "a few were graded")
    killed = client.service_pid(running_course)
    os.kill(killed, signal.SIGKILL)
    _await(lambda: _answers(gil), "the hub started it again", AGAIN)
    assert client.service_pid(running_course) != killed
    _await(lambda: _graded(book, attempts) == 40, "all were graded", client.PATIENCE)
    with Session(book.engine) as session:
        jobs = session.execute(
            select(Job.attempt_id, func.count(Job.id), func.count(Outcome.job_id), Outcome.points)
            .outerjoin(Outcome, Outcome.job_id == Job.id)
            .where(Job.attempt_id.in_(attempts))
            .group_by(Job.attempt_id)
        ).all()
        keys = session.scalar(
            select(func.count(func.distinct(Attempt.key))).where(Attempt.id.in_(attempts))
        )
    assert [tuple(row[1:]) for row in jobs] == [(1, 1, 2.0)] * 40
    assert keys == 40
    _await(
        lambda: _sandboxes(running_course) <= running_course.settings["grader"]["pool"], "reaped"
    )


def test_the_same_key_is_the_same_attempt(hal, running_course):
    body = client.submission("rheobase", client.solution(running_course, "rheobase"))
    first = hal.submit(body).json()
    assert hal.submit(body).json()["id"] == first["id"]
    assert hal.result(first)["points"] == 1
    assert hal.submit(body).json()["state"] == "graded"


def test_whoever_runs_checks_has_no_token_of_the_hub(running_course, gil):
    gil.progress()
    service = psutil.Process(client.service_pid(running_course))
    inner = service.children(recursive=True)
    assert inner  # at least the one that they are forked from
    for process in inner:
        assert "JUPYTERHUB_API_TOKEN" not in process.environ()


def _graded(book: Gradebook, attempts: list[int]) -> int:
    with Session(book.engine) as session:
        ended = select(func.count()).select_from(Outcome).join(Job, Job.id == Outcome.job_id)
        return session.scalar(ended.where(Job.attempt_id.in_(attempts))) or 0


def _answers(grader: Grader) -> bool:
    try:
        return grader.request("GET", "/progress").status_code == 200
    except requests.ConnectionError:
        return False


def _sandboxes(course: RunningCourse) -> int:
    label = {"label": f"syllab.grader={course.instance}"}
    return len(docker.from_env().containers.list(filters=label, ignore_removed=True))


def _await(condition, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
