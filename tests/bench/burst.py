"""Participants of a running course who submit exercises at the same moment."""

from __future__ import annotations

import csv
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import grader_client
from grader_client import Grader
from running_course import RunningCourse

from bench.answers import Answer

FILL_TIMEOUT = 120  # seconds


def roster(path: Path, count: int) -> list[str]:
    """Write a roster of so many participants; their usernames."""
    names = [f"p{number:03}" for number in range(1, count + 1)]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([("username", "name", "role"), *((n, n, "participant") for n in names)])
    return names


class Participants:
    """Those of a running course who are named, each with a token of their own."""

    def __init__(self, course: RunningCourse, names: list[str]) -> None:
        """Returns when the course's grader is ready. Raises TimeoutError."""
        self.course = course
        self.graders = [grader_client.with_token(course, name) for name in names]
        self._await_pool()

    def at_once(self, answers: list[Answer]) -> list[float]:
        """Submit them all together, each by somebody else; the seconds until each one's score.

        Returns when the pool is full again. Raises RuntimeError when right answers don't get all
        points, or wrong ones do.
        """
        with ThreadPoolExecutor(len(answers)) as together:
            seconds = list(together.map(_scored, self.graders, answers))
        self._await_pool()
        return seconds

    def one_by_one(self, answers: list[Answer]) -> list[float]:
        """The same, but each when the one before has its score and the pool is full again."""
        return [each for answer in answers for each in self.at_once([answer])]

    def pool_memory(self) -> float:
        """Bytes of the containers that wait for submissions, as `docker stats` counts them."""
        stats = [each.stats(stream=False, one_shot=True)["memory_stats"] for each in self._pool()]
        return float(sum(each["usage"] - each["stats"]["inactive_file"] for each in stats))

    def _pool(self) -> list[docker.models.containers.Container]:
        label = {"label": f"syllab.grader={self.course.instance}"}
        return docker.from_env().containers.list(filters=label, ignore_removed=True)

    def _await_pool(self) -> None:
        deadline = time.monotonic() + FILL_TIMEOUT
        while len(self._pool()) < self.course.settings["grader"]["pool"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the grader's pool is not full after {FILL_TIMEOUT} s")
            time.sleep(0.2)


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
