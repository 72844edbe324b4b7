"""The grader as a lab meets it: submits exercises with a lab's token, and waits for results."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import psutil
import requests
from courseware.grading import cells
from jupyterhub import orm
from running_course import RunningCourse

GRADER = "access:services!service=grader"  # the scope of labs' tokens
PATIENCE = 240  # seconds for one result, those for waiting in the queue included
Answer = dict[str, Any]


@dataclass(frozen=True)
class Grader:
    """A participant's way to the grader at `address`, such as http://172.18.0.1:8004."""

    address: str
    token: str

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any request with the token (or the `headers` given), whatever is answered."""
        headers = {"Authorization": f"token {self.token}"} | options.pop("headers", {})
        with requests.Session() as session:
            session.trust_env = False  # no proxy between this machine and itself
            return session.request(
                method, self.address + path, headers=headers, timeout=60, **options
            )

    def submit(self, body: Answer) -> requests.Response:
        """Submit once, whatever is answered."""
        return self.request("POST", "/attempts", json=body)

    def grade(self, exercise: str, own: dict[str, str], tutorial: str = "introduction") -> Answer:
        """Submit cells and wait for the result; waits as told when there were too many before."""
        return self.result(self.taken(submission(exercise, own, tutorial)))

    def taken(self, body: Answer) -> Answer:
        """Submit until it is taken, which waits as told when there were too many before."""
        while (sent := self.submit(body)).status_code == 429:
            time.sleep(float(sent.headers["Retry-After"]))
        assert sent.status_code == 200, sent.text
        return sent.json()

    def result(self, attempt: Answer) -> Answer:
        """The attempt when it's neither queued nor running. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while attempt["state"] in ("queued", "running"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"attempt {attempt['id']} is still {attempt['state']}")
            seen = f"{attempt['state']} {attempt.get('place', '')}".strip()
            query = {"after": seen, "wait": 20}
            answer = self.request("GET", f"/attempts/{attempt['id']}", params=query)
            assert answer.status_code == 200, answer.text
            attempt = answer.json()
        return attempt

    def progress(self) -> Answer:
        """Points and attempts of this participant, tutorial by tutorial."""
        answer = self.request("GET", "/progress")
        assert answer.status_code == 200, answer.text
        return answer.json()


def submission(exercise: str, own: dict[str, str], tutorial: str = "introduction") -> Answer:
    """A body to submit, with a new key. `own` are the sources by cell id."""
    key = uuid.uuid4().hex
    return {"key": key, "tutorial": tutorial, "exercise": exercise, "cells": own}


def address(course: RunningCourse) -> str:
    """The grader's address."""
    grader = course.settings["grader"]["address"]
    return f"http://{grader['ip']}:{grader['port']}"


def in_lab(course: RunningCourse, username: str) -> Grader:
    """The grader for somebody of the roster, by the token of the lab that is started for them."""
    lab = course.in_lab(username)
    token = lab.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()
    return Grader(address(course), token)


def with_token(course: RunningCourse, username: str, *scopes: str) -> Grader:
    """The grader for somebody who has no lab, by a token of the hub's with those scopes."""
    url = f"sqlite:///{course.settings['state']}/jupyterhub.sqlite"
    with orm.new_session_factory(url)() as session:
        token = orm.User.find(session, username).new_api_token(scopes=scopes or [GRADER])
    return Grader(address(course), token)


def service_pid(course: RunningCourse) -> int:
    """The process that listens at the grader's address."""
    port = course.settings["grader"]["address"]["port"]
    listening = [each for each in psutil.net_connections("tcp") if each.status == "LISTEN"]
    (found,) = {each.pid for each in listening if each.laddr.port == port}
    return found


@cache
def _notebook(var: Path, kind: str, tutorial: str) -> nbformat.NotebookNode:
    return nbformat.read(var / "notebooks" / kind / f"{tutorial}.ipynb", as_version=4)


def answer(
    course: RunningCourse, exercise: str, source: str, tutorial: str = "introduction"
) -> dict[str, str]:
    """The exercise's cell with that source, by its id; all others are as they were handed out."""
    cell = cells.exercises(_notebook(course.var, "student", tutorial))[exercise]
    return {cell.id: source}


def blank(course: RunningCourse, exercise: str, tutorial: str = "introduction") -> dict[str, str]:
    """All cells that the exercise needs, as they were handed out."""
    notebook = _notebook(course.var, "student", tutorial)
    return {cell.id: cell.source for cell in cells.needed(notebook, exercise)}


def solution(
    course: RunningCourse, exercise: str, tutorial: str = "introduction"
) -> dict[str, str]:
    """All cells that the exercise needs, solved."""
    notebook = _notebook(course.var, "solution", tutorial)
    return {cell.id: cell.source for cell in cells.needed(notebook, exercise)}
