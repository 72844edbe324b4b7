"""A participant solves an exercise in JupyterLab, first wrong, then right; an organiser sees it."""

from __future__ import annotations

import csv
import io

from lab_page import SIMULATED, log_in
from playwright.sync_api import Browser, Locator, Page, expect
from running_course import RunningCourse

WRONG = "def rheobase(C_m, tau_m, E_L, V_th):\n    return C_m * V_th / tau_m"
RIGHT = "def rheobase(C_m, tau_m, E_L, V_th):\n    return C_m * (V_th - E_L) / tau_m"


def code_cell(page: Page, text: str) -> Locator:
    return page.locator(".jp-CodeCell", has=page.locator(".cm-content", has_text=text)).first


def run(cell: Locator) -> None:
    cell.locator(".cm-content").click()
    cell.page.keyboard.press("Shift+Enter")


def answer(page: Page, source: str) -> Locator:
    """Put the answer into the exercise's cell, run it and the check; the check's output."""
    editor = code_cell(page, "def rheobase").locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    check = code_cell(page, 'check("rheobase", test_default_neuron')
    run(check)
    return check.locator(".jp-OutputArea-output")


def test_wrong_then_helped_then_right_then_in_the_organisers_table(
    page: Page, browser: Browser, running_course: RunningCourse
):
    log_in(page, running_course, "fay")
    page.goto(f"{running_course.address}/user/fay/lab/tree/tutorials/introduction.ipynb")
    idle = page.get_by_text("Python 3 (ipykernel) | Idle")
    expect(idle).to_be_visible(timeout=SIMULATED)
    run(code_cell(page, "import nest"))

    output = answer(page, WRONG)
    expect(output.last).to_contain_text("0 of 1 point", timeout=SIMULATED)
    expect(output.last).to_contain_text("relative to rest")

    output = answer(page, RIGHT)
    expect(output.last).to_contain_text("1 of 1 point", timeout=SIMULATED)
    expect(output.last).to_contain_text("introduction: 1 of 13 points")

    assert points_in_table(browser, running_course, "fay", "rheobase") == 1


def points_in_table(browser: Browser, course: RunningCourse, username: str, exercise: str) -> float:
    """What the file says that an organiser downloads."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{course.address}/hub/login?next=/hub/home")
    page.get_by_label("Username").fill("olga")
    phrase = course.credentials()["olga"]["passphrase"]
    page.get_by_label("Passphrase", exact=True).fill(phrase)
    page.get_by_role("button", name="Log in").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="grades").click()
    rows = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    (row,) = (row for row in rows if row["username"] == username)
    (column,) = (name for name in row if exercise in name)
    context.close()
    return float(row[column])
