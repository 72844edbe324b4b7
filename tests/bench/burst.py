"""Participants of a running course who submit exercises at the same moment."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import grader_client
from grader_client import Grader
from running_course import RunningCourse

from bench import meter
from bench.answers import Answer

FILL_TIMEOUT = 120  # seconds


class Participants:
    """Those of a running course who are named, each with a token of their own."""

    def __init__(self, course: RunningCourse, names: list[str]) -> None:
        """Returns when the course's grader is ready. Raises TimeoutError."""
        self.course = course
        self.graders = [grader_client.with_token(course, name) for name in names]
        await_pool(self.course)

    def at_once(self, answers: list[Answer]) -> list[float]:
        """Submit them all together, each by somebody else; the seconds until each one's score.

        Returns when the pool is full again. Raises RuntimeError when right answers don't get all
        points, or wrong ones do.
        """
        with ThreadPoolExecutor(len(answers)) as together:
            seconds = list(together.map(_scored, self.graders, answers))
        await_pool(self.course)
        return seconds

    def one_by_one(self, answers: list[Answer]) -> list[float]:
        """The same, but each when the one before has its score and the pool is full again."""
        return [each for answer in answers for each in self.at_once([answer])]

    def pool_memory(self) -> float:
        """Bytes of the containers that wait for submissions, as `docker stats` counts them."""
        return float(sum(meter.memory(_pool(self.course))))


def await_pool(course: RunningCourse) -> None:
    """Returns when all the containers that wait for submissions are there. Raises TimeoutError."""
    deadline = time.monotonic() + FILL_TIMEOUT
    while len(_pool(course)) < course.settings["grader"]["pool"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the grader's pool is not full after {FILL_TIMEOUT} s")
        time.sleep(0.2)


def _pool(course: RunningCourse) -> list[docker.models.containers.Container]:
    label = {"label": f"syllab.grader={course.instance}"}
    return docker.from_env().containers.list(filters=label, ignore_removed=True)


def _scored(grader: Grader, answer: Answer) -> float:
    # No two answers are the same: nothing can be known from before.
    cells = {answer.cell: f"{answer.source}\n# {uuid.uuid4()}"}
    body = grader_client.submission(answer.exercise, cells, answer.tutorial)
    started = time.monotonic()
    sent = grader.submit(body)
    if sent.status_code != 200:
        raise RuntimeError(f"{answer.exercise} was not taken: {sent.status_code} {sent.text}")
    result = _result(grader, sent.json())
    seconds = time.monotonic() - started
    if result["state"] != "graded" or result["failed"]:
        raise RuntimeError(f"{answer.exercise} could not be graded: {result}")
    answer.hold(result["points"], result["maximum"])
    return seconds


def _result(grader: Grader, attempt: dict[str, Any]) -> dict[str, Any]:
    try:
        return grader.result(attempt)
    except TimeoutError:  # it waits as long as one should; the last of so many may need longer
        return grader.result(attempt)
