"""Which labs run, as the engine's events tell; a real engine, and containers of our own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import docker
import pytest
from docker.models.containers import Container
from labhub.running import Running
from running_course import RunningCourse

LABEL = "syllab.test=running"
TIMEOUT = 20  # seconds


@pytest.fixture
def start(running_course: RunningCourse) -> Iterator[Callable[[], Container]]:
    """Starts a container that does nothing."""
    client, image = docker.from_env(), running_course.settings["image"]

    def start() -> Container:
        name, value = LABEL.split("=")
        return client.containers.run(image, ["sleep", "300"], detach=True, labels={name: value})

    yield start
    for left in client.containers.list(all=True, filters={"label": LABEL}):
        left.remove(force=True)


def connect() -> docker.APIClient:
    return docker.APIClient()


def comes(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds within the time."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_knows_who_ran_before_who_starts_and_who_ends(start):
    before = start()
    running = Running(connect, LABEL, logging.getLogger("test"))
    assert comes(lambda: running.includes(before.id))
    after = start()
    assert comes(lambda: running.includes(after.id))
    before.kill()
    assert comes(lambda: not running.includes(before.id))
    assert running.includes(after.id)


def test_an_engine_that_breaks_off_is_asked_again(start, caplog):
    lab = start()
    broken = iter([True])

    def sometimes() -> docker.APIClient:
        if next(broken, False):
            raise docker.errors.DockerException("no socket")
        return connect()

    running = Running(sometimes, LABEL, logging.getLogger("test"))
    assert comes(lambda: running.includes(lab.id))
    assert "The engine's events broke off: no socket" in caplog.text
