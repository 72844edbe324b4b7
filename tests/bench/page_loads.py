"""What JupyterLab's page asks for at its start, learned from a real browser."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from browser.conftest import ARGUMENTS
from playwright.sync_api import Page, sync_playwright

from bench.place import Place

FILES = ("static/", "lab/extensions/", "lab/api/themes/")
STARTED = "#jp-main-dock-panel"  # is in the page when JupyterLab's own code has run
SLOW = 60_000  # milliseconds


@dataclass(frozen=True)
class Loads:
    """Paths below a lab's address: scripts and styles, and calls of its server."""

    files: tuple[str, ...]
    calls: tuple[str, ...]


def learn(place: Place, username: str) -> Loads:
    """Open a participant's lab in Chromium and note all that is asked for; the lab is stopped."""
    lab = f"/user/{username}/"
    try:
        place.start([username])
        with sync_playwright() as playwright:
            path = shutil.which("chromium")
            chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            page = chromium.new_context(base_url=place.address).new_page()
            seen: list[str] = []
            page.on("request", lambda request: _note(request.method, request.url, lab, seen))
            _open(page, username, place.passphrases[username])
            chromium.close()
    finally:
        place.stop([username])
    found = list(dict.fromkeys(seen))  # each once
    files = tuple(each for each in found if each.startswith(FILES))
    calls = tuple(each for each in found if "api/" in each and each not in files)
    if not files or not calls:
        raise RuntimeError(f"JupyterLab's page asked for {found}")
    return Loads(files, calls)


def _open(page: Page, username: str, passphrase: str) -> None:
    page.goto("/hub/login")
    page.locator("#username_input").fill(username)
    page.locator("#password_input").fill(passphrase)
    page.locator("#login_submit").click()
    page.wait_for_selector(STARTED, timeout=SLOW)
    page.wait_for_load_state("networkidle")


def _note(method: str, address: str, lab: str, seen: list[str]) -> None:
    parts = urlsplit(address)
    if method == "GET" and parts.path.startswith(lab):
        # Numbers alone are the time, which keeps caches out.
        query = "&".join(each for each in parts.query.split("&") if not each.isdecimal())
        path = parts.path.removeprefix(lab)
        seen.append(f"{path}?{query}" if query else path)
