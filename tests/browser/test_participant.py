"""A participant's first minutes, in Chromium: card, lab, notebook, NEST Desktop."""

from __future__ import annotations

import re

from lab_page import SIMULATED, log_in, wait_for_backend
from playwright.sync_api import Page, expect
from running_course import RunningCourse


def test_first_notebook_shows_nests_result(page: Page, running_course: RunningCourse):
    log_in(page, running_course, "ada")
    page.goto(f"{running_course.address}/user/ada/lab/tree/tutorials/introduction.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.click()
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    result = page.locator(".jp-OutputArea-output", has_text=re.compile(r"\d+ spikes, at \["))
    for _ in range(8):  # the cells up to the first simulation and its plot
        page.keyboard.press("Shift+Enter")
    expect(result.first).to_be_visible(timeout=SIMULATED)
    expect(page.locator(".jp-OutputArea-output img").first).to_be_visible(timeout=SIMULATED)
    expect(page.locator(".jp-OutputArea-output", has_text="Traceback")).to_have_count(0)


def test_nest_desktop_opens_from_its_tile_and_simulates(page: Page, running_course: RunningCourse):
    loaded: list[str] = []  # with an answer; what the page's policy stops never leaves
    page.context.on("response", lambda response: loaded.append(response.url))
    log_in(page, running_course, "bo.li-2")
    with page.context.expect_page() as opened:
        page.locator(".jp-LauncherCard", has_text="NEST Desktop").click()
    desktop = opened.value
    expect(desktop.get_by_text("Select a workspace")).to_be_visible()
    desktop.goto(f"{desktop.url.partition('#')[0]}#/nest")
    wait_for_backend(desktop)
    # NEST Desktop 4.2 opens the last of its list by itself, at times before it knows the models,
    # and can't simulate that one then. Their order changes, so take the first of two.
    desktop.get_by_text(re.compile("(spike|step current) response")).first.click()
    desktop.get_by_role("button", name="Simulate").first.click()
    expect(desktop.get_by_text("Simulation finished.").first).to_be_visible(timeout=SIMULATED)
    expect(desktop.get_by_text("V_m of").first).to_be_visible()  # the plot's legend
    assert [url for url in loaded if url.endswith("/nest-server/exec")]
    assert [url for url in loaded if not url.startswith((running_course.address, "data:"))] == []


def test_another_participants_lab_is_closed(page: Page, running_course: RunningCourse):
    log_in(page, running_course, "bo.li-2")
    answer = page.goto(f"{running_course.address}/user/ada/lab")
    assert answer
    assert answer.status == 403


def test_a_wrong_passphrase_is_told_and_the_form_stays(page: Page, running_course: RunningCourse):
    page.goto(f"{running_course.address}/hub/login")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Passphrase", exact=True).fill("not mine")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("passphrase")
    expect(page.get_by_label("Username")).to_have_value("ada")


def test_a_hostile_name_is_shown_as_it_is_written(page: Page, running_course: RunningCourse):
    log_in(page, running_course, "ada")
    page.goto(f"{running_course.address}/hub/home")
    expect(page.get_by_text("Ada <'&\"> Lovelace").first).to_be_visible()
