"""The course's NEST Desktop projects: imported from a file and simulated, in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cloudlab.workspace import REPOSITORY
from lab_page import SIMULATED, log_in, wait_for_backend
from playwright.sync_api import Page, expect
from running_course import RunningCourse

PROJECTS = REPOSITORY / "course" / "cns2024" / "tutorials" / "desktop"
EXCITATORY, INHIBITORY = 400, 100  # neurons


def open_desktop(page: Page, course: RunningCourse, username: str) -> None:
    """From the course's page through the lab to NEST Desktop's start page."""
    log_in(page, course, username)
    page.goto(f"{course.address}/user/{username}/nest-desktop/")
    expect(page.get_by_text("Select a workspace")).to_be_visible()


def import_project(desktop: Page, file: Path) -> None:
    """From NEST Desktop's start page to its list of projects, with that of the file added."""
    desktop.get_by_role("link", name="NEST", exact=True).click()
    wait_for_backend(desktop)
    desktop.get_by_title("Open dialog to import").click()
    dialog = desktop.get_by_role("dialog")
    dialog.locator(".v-btn-toggle button").first.click()  # a file, not GitHub or an address
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_text("project")).to_be_visible()
    dialog.get_by_role("checkbox").first.check()
    dialog.get_by_role("button", name="Import selected").click()


def rate(times: list[float], neurons: int, start: float, stop: float) -> float:
    """Mean firing rate (spikes/s) between two times (ms)."""
    return 1000 * sum(start < time <= stop for time in times) / neurons / (stop - start)


@pytest.mark.parametrize(
    ("file", "during_input"),  # rates (spikes/s) of both populations from 420 to 700 ms
    [("balanced-network.json", (20, 20)), ("network-input.json", (47, 37))],
)
def test_project_loads_and_simulates(
    page: Page, running_course: RunningCourse, file: str, during_input: tuple[float, float]
):
    name = json.loads((PROJECTS / file).read_text())["name"]
    open_desktop(page, running_course, "bo.li-2")
    import_project(page, PROJECTS / file)
    page.get_by_text(name, exact=True).first.click()
    with page.expect_response("**/nest-server/exec", timeout=SIMULATED) as simulated:
        page.get_by_role("button", name="Simulate").first.click()
    expect(page.get_by_text("Simulation finished.").first).to_be_visible(timeout=SIMULATED)
    expect(page.locator(".js-plotly-plot").get_by_text("Spike count")).to_be_visible()

    recorders = simulated.value.json()["data"]["events"]
    sizes = EXCITATORY, INHIBITORY
    before = [rate(r["times"], n, 200, 400) for r, n in zip(recorders, sizes, strict=True)]
    during = [rate(r["times"], n, 420, 700) for r, n in zip(recorders, sizes, strict=True)]
    # The project fixes the seed. Over ten seeds, these vary by less than 3.5 spikes/s.
    assert before == pytest.approx([20, 20], abs=4)
    assert during == pytest.approx(during_input, abs=6)
