"""What the login page and JupyterLab's ask for, learned from a real browser."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from browser.conftest import ARGUMENTS
from playwright.sync_api import Page, sync_playwright

from bench.place import Place

HUB_FILES = ("/hub/static/", "/hub/logo")
FILES = ("static/", "lab/extensions/", "lab/api/themes/")
STARTED = "#jp-main-dock-panel"  # is in the page when JupyterLab's own code has run
SLOW = 60_000  # milliseconds


@dataclass(frozen=True)
class Loads:
    """What pages load: `login` the hub's own, by paths of its address, and JupyterLab `files` and
    then `calls` of its server, by paths below the lab's.
    """

    login: tuple[str, ...]
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
            page.on("request", lambda request: _note(request.method, request.url, seen))
            _open(page, username, place.passphrases[username])
            chromium.close()
    finally:
        place.stop([username])
    paths = dict.fromkeys(seen)  # each once
    below = [each.removeprefix(lab) for each in paths if each.startswith(lab)]
    loads = Loads(
        login=tuple(each for each in paths if each.startswith(HUB_FILES)),
        files=tuple(each for each in below if each.startswith(FILES)),
        calls=tuple(each for each in below if "api/" in each and not each.startswith(FILES)),
    )
    if not (loads.login and loads.files and loads.calls):
        raise RuntimeError(f"the pages asked for no more than {seen}")
    return loads


def _open(page: Page, username: str, passphrase: str) -> None:
    page.goto("/hub/login")
    page.locator("#username_input").fill(username)
    page.locator("#password_input").fill(passphrase)
    page.locator("#login_submit").click()
    page.wait_for_selector(STARTED, timeout=SLOW)
    page.wait_for_load_state("networkidle")


def _note(method: str, address: str, seen: list[str]) -> None:
    if method == "GET":
        parts = urlsplit(address)
        # Numbers alone are the time, which keeps caches out.
        query = "&".join(each for each in parts.query.split("&") if not each.isdecimal())
        seen.append(f"{parts.path}?{query}" if query else parts.path)
