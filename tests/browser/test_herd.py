"""09:00: several log in at the same moment, in Chromium, and the hub is killed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import docker
import psutil
import pytest
from participant import Participant
from playwright.sync_api import Browser, Page, expect
from running_course import RunningCourse

PEOPLE = ("ada", "bo.li-2", "cy", "dora", "emil", "fay")
ALL_READY = 180_000  # milliseconds


@pytest.fixture
def people(running_course: RunningCourse) -> Iterator[dict[str, Participant]]:
    """Those who come, none of whom has a lab yet."""
    found = {name: running_course.participant(name) for name in PEOPLE}
    for each in found.values():
        each.log_in().raise_for_status()
        each.stop_lab()
    yield found
    for each in found.values():
        each.log_in().raise_for_status()  # the hub was restarted
        each.stop_lab()


def test_everybody_gets_a_lab_though_the_hub_is_killed_amid_their_starts(
    browser: Browser, running_course: RunningCourse, people: dict[str, Participant]
):
    with ExitStack() as contexts:
        pages = []
        for name, person in people.items():
            context = contexts.enter_context(browser.new_context())
            pages.append(_fill_in_form(context.new_page(), running_course, name, person))
        for page in pages:
            page.get_by_role("button", name="Log in").click(no_wait_after=True)
        expect(pages[-1].locator("#progress-message")).to_contain_text("in the line: about ")
        _kill_the_hub(running_course)
        assert len(_labs(running_course)) < len(PEOPLE)
        for page in pages:
            expect(page.get_by_role("menuitem", name="Kernel")).to_be_visible(timeout=ALL_READY)
    assert _labs(running_course) == sorted(PEOPLE)


def _fill_in_form(page: Page, course: RunningCourse, name: str, person: Participant) -> Page:
    page.goto(f"{course.address}/hub/login")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Passphrase", exact=True).fill(person.passphrase)
    return page


def _labs(course: RunningCourse) -> list[str]:
    """Which of them have labs in the engine, each as often as there are."""
    label = {"label": f"syllab.instance={course.instance}"}
    found = docker.from_env().containers.list(all=True, filters=label, ignore_removed=True)
    return sorted(who for lab in found if (who := lab.labels.get("syllab.user")) in PEOPLE)


def _kill_the_hub(course: RunningCourse) -> None:
    supervisor = psutil.Process(int((course.var / "hub" / "supervisord.pid").read_text()))
    (hub,) = (each for each in supervisor.children() if "jupyterhub" in each.cmdline())
    hub.kill()
    psutil.wait_procs([hub], timeout=30)
