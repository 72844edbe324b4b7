"""How a participant reaches the lab, and NEST Desktop in it, in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from running_course import RunningCourse

SIMULATED = 60_000  # milliseconds that a first simulation may take


def log_in(page: Page, course: RunningCourse, username: str) -> None:
    """From the course's page through the login form to JupyterLab."""
    page.goto(course.address)
    page.get_by_role("link", name="Open my lab").first.click()
    page.get_by_label("Username").fill(username)
    phrase = course.credentials()[username]["passphrase"]
    page.get_by_label("Passphrase", exact=True).fill(phrase)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("menuitem", name="Kernel")).to_be_visible(timeout=SIMULATED)


def wait_for_backend(desktop: Page) -> None:
    """Wait until NEST Desktop's workspace has its simulator and no message lies over its buttons.

    A message that appears under the pointer takes its click, and stays as long as it is there.
    """
    message = desktop.get_by_role("status").filter(has_text="(nest backend) found.")
    expect(message).to_be_visible(timeout=SIMULATED)
    expect(message).to_be_hidden(timeout=SIMULATED)
