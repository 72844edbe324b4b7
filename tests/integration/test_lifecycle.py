"""Labs start and stop by the schedule of a real hub, which is restarted meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from courseware.hub_settings import CourseSession, HubSettings, Lifecycle
from participant import Participant
from running_course import RunningCourse

TIMEOUT = 120  # seconds
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Scheduled:
    """The running course with another schedule, as its organiser meets it."""

    def __init__(self, course: RunningCourse) -> None:
        self.course, self.file = course, course.var / "hub" / "hub.json"
        self.before = HubSettings.read(self.file)
        self.olga: Participant = course.participant("olga")
        self.olga.log_in().raise_for_status()
        self.labs_page = f"{course.address}/hub/labs"

    def run(self, *, capacity: int = 3, **rules: object) -> None:
        """Restart the hub with these rules. Labs go on."""
        changes = {"lifecycle": Lifecycle.model_validate(rules), "capacity": capacity}
        self.before.model_copy(update=changes).write(self.file)
        self.restart()

    def restart(self) -> None:
        """End the hub and its services; they come back by themselves."""
        pid = (self.course.var / "hub" / "supervisord.pid").read_text()
        programs = psutil.Process(int(pid)).children()
        (hub,) = (p for p in programs if "jupyterhub" in p.cmdline())
        hub.terminate()
        hub.wait(60)
        until(lambda: self.olga.http.get(f"{self.course.address}/hub/health").ok)

    def labs(self) -> dict[str, str]:
        """When each lab that is ready was started, by username."""
        users = self.olga.http.get(f"{self.course.address}/hub/api/users").json()
        labs = {user["name"]: user["servers"].get("") for user in users}
        return {name: lab["started"] for name, lab in labs.items() if lab and lab["ready"]}

    def says(self) -> str:
        """The page's sentence on what happens now."""
        page = self.olga.http.get(self.labs_page).content.decode()
        (says,) = re.findall(r'id="says"[^>]*>(.*?)</p>', page, re.DOTALL)
        return " ".join(says.split())

    def listed(self) -> set[str]:
        """Whose labs the page lists as running."""
        page = self.olga.http.get(self.labs_page).content.decode()
        rows = r'<span class="text-secondary">([^<]+)</span></td>\s*<td>running</td>'
        return set(re.findall(rows, page))

    def press(self, wish: str) -> None:
        """Press one of the page's buttons."""
        page = self.olga.http.get(self.labs_page).text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page))
        sent = self.olga.http.post(self.labs_page, data=hidden | {"wish": wish}, headers=FORM)
        sent.raise_for_status()

    def forget(self) -> None:
        """What organisers said and what was done is forgotten."""
        for kept in Path(self.before.state).glob("lifecycle*.json"):
            kept.unlink()

    def stop_all(self) -> None:
        """Stop all labs."""
        for name in self.labs():
            url = f"{self.course.address}/hub/api/users/{name}/server"
            self.olga.http.delete(url, headers={"X-XSRFToken": self.olga._xsrf("/hub/")})
        until(lambda: not self.labs())


def until(true: Callable[[], bool]) -> None:
    """Wait for it; a hub that is restarting doesn't answer."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        with suppress(requests.RequestException, ValueError):
            if true():
                return
        time.sleep(0.3)
    raise TimeoutError


@pytest.fixture
def scheduled(running_course: RunningCourse) -> Iterator[Scheduled]:
    made = Scheduled(running_course)
    made.forget()
    made.stop_all()
    yield made
    made.before.write(made.file)
    made.forget()
    made.restart()
    made.stop_all()


def test_labs_follow_the_schedule_over_restarts_and_an_organisers_word(scheduled: Scheduled):
    now = datetime.now(UTC)
    session = CourseSession(
        title="Soon", start=now + timedelta(minutes=30), end=now + timedelta(minutes=60)
    )
    rules = {"sessions": [session], "warm_seconds": 3600, "idle_seconds": 1}
    scheduled.run(**rules)
    until(lambda: len(scheduled.labs()) >= 1)
    first = scheduled.labs()

    scheduled.restart()
    until(lambda: len(scheduled.labs()) == 3)
    assert first.items() <= scheduled.labs().items()  # none was started anew
    assert "olga" not in scheduled.labs()
    assert scheduled.listed() == set(scheduled.labs())
    everybody = len(scheduled.course.credentials()) - 1  # but Olga
    short = f"3 of {everybody} labs are warmed: the course has no capacity for more."
    until(lambda: short in scheduled.says())
    assert "No lab is stopped before “Soon” is over." in scheduled.says()

    gone = min(scheduled.labs())
    owner = scheduled.course.participant(gone)
    owner.log_in().raise_for_status()
    owner.stop_lab()
    until(lambda: len(scheduled.labs()) == 3)  # there is room for the next one
    assert gone not in scheduled.labs()

    scheduled.press("hold")
    scheduled.run(idle_seconds=1)
    record = Path(scheduled.before.state) / "lifecycle.json"
    restarted = record.stat().st_mtime_ns
    until(lambda: record.stat().st_mtime_ns > restarted)
    assert "On hold" in scheduled.says()
    assert len(scheduled.labs()) == 3

    scheduled.press("go-on")
    until(lambda: not scheduled.labs())
    until(lambda: "No session is on" in scheduled.says())


def test_a_lab_that_computes_without_a_word_is_not_idle(running_course: RunningCourse):
    cy = running_course.in_lab("cy")

    def ask(what: str) -> Any:
        """Something that the lab tells, without that being use of it."""
        return cy.http.get(f"{cy.lab}/api/{what}", params={"no_track_activity": "1"}).json()

    def is_busy() -> bool:
        return any(kernel["execution_state"] == "busy" for kernel in ask("kernels"))

    def used() -> datetime:
        return datetime.fromisoformat(ask("status")["last_activity"])

    with ThreadPoolExecutor(1) as pool:
        computing = pool.submit(cy.run, "import time; time.sleep(15)")
        until(is_busy)
        begun = datetime.now(UTC)
        until(lambda: used() > begun + timedelta(seconds=5))
        assert is_busy()  # not that it came to its end
        computing.result()
    cy.stop_lab()
