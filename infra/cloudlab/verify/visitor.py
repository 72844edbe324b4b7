"""A participant at the course, without a browser's window."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import requests
import websocket

from cloudlab.verify.findings import TROUBLE, Failure
from cloudlab.verify.kernel import Kernel
from cloudlab.verify.wire import Wire

START = 180  # seconds that a lab may take to be ready, those in the queue included
STOP = 60  # seconds that it may take to be gone
_HUB_LOG = "see what the hub's log says"


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    username: str
    passphrase: str = field(repr=False)


class Visitor:
    """One person with one browser. Every method raises Failure, or an error of TROUBLE."""

    def __init__(self, wire: Wire, person: Person) -> None:
        self.wire, self.person = wire, person
        self.http = wire.session()
        self.is_in = False

    @property
    def name(self) -> str:
        """The username."""
        return self.person.username

    @property
    def lab(self) -> str:
        """Where this person's lab is."""
        return f"{self.wire.address}/user/{quote(self.name)}"

    def log_in(self) -> None:
        """Through the hub's form to the page "My lab"."""
        page = self.submit_form()
        if page.status_code in (403, 429):
            remedy = "see that this account is in the hub's users.json with this passphrase"
            raise Failure("is refused", remedy)
        page.raise_for_status()
        if not self._is_known():
            raise Failure("is sent back to the form, without a word", _HUB_LOG)
        self.is_in = True

    def submit_form(self) -> requests.Response:
        """Open the login form and send it; the page that follows."""
        login = f"{self.wire.address}/hub/login"
        self.http.get(login).raise_for_status()
        form = {"username": self.name, "password": self.person.passphrase, "_xsrf": self._xsrf()}
        return self.http.post(f"{login}?next=/hub/home", data=form)

    def start_lab(self) -> None:
        """Start the lab, and wait for it as the hub's waiting page does."""
        page = self.http.get(f"{self.wire.address}/hub/spawn")
        page.raise_for_status()
        until = time.monotonic() + START
        with self.http.get(f"{self._api}/server/progress", stream=True) as events:
            events.raise_for_status()
            for line in events.iter_lines():
                event = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if event.get("ready"):
                    return
                if event.get("failed"):
                    raise Failure(event["message"], _HUB_LOG)
                if time.monotonic() > until:
                    break
        raise Failure(f"is not ready after {START} s", _HUB_LOG)

    def open_lab(self, files: set[str]) -> None:
        """Open JupyterLab's page, and see that the files are in the folder `tutorials`."""
        page = self.http.get(f"{self.lab}/lab")
        page.raise_for_status()
        if "JupyterLab" not in page.text:
            raise Failure("shows a page that isn't JupyterLab's", "see what the lab's log says")
        if not files:
            return
        folder = self.http.get(f"{self.lab}/api/contents/tutorials")
        there = {each["name"] for each in folder.json()["content"]} if folder.ok else set()
        if files - there:
            what = f"lacks {', '.join(sorted(files - there))} in the folder tutorials"
            raise Failure(what, "see that the hub runs this release's image")

    @contextmanager
    def kernel(self) -> Iterator[Kernel]:
        """A kernel in the lab, which is gone at the end."""
        headers = {"X-XSRFToken": self._xsrf(f"/user/{self.name}/")}
        made = self.http.post(f"{self.lab}/api/kernels", headers=headers)
        made.raise_for_status()
        kernel = f"{self.lab}/api/kernels/{made.json()['id']}"
        try:
            socket = self._websocket(f"{kernel}/channels")
            try:
                yield Kernel(socket)
            finally:
                socket.close()
        finally:
            with suppress(*TROUBLE):
                self.http.delete(kernel, headers=headers)

    def stop_lab(self) -> None:
        """Stop the lab, if there is one, and wait until it is gone."""
        if not self._has_lab():
            return
        self.http.delete(
            f"{self._api}/server", headers={"X-XSRFToken": self._xsrf()}
        ).raise_for_status()
        until = time.monotonic() + STOP
        while self._has_lab():
            if time.monotonic() > until:
                raise Failure(f"is not gone after {STOP} s", _HUB_LOG)
            time.sleep(0.2)

    def log_out(self) -> None:
        """Log out, and see that this is so."""
        self.http.get(f"{self.wire.address}/hub/logout").raise_for_status()
        if self._is_known():
            raise Failure("is still logged in", _HUB_LOG)

    @property
    def _api(self) -> str:
        return f"{self.wire.address}/hub/api/users/{quote(self.name)}"

    def _is_known(self) -> bool:
        """Whether the hub shows the page "My lab" and not its form."""
        page = self.http.get(f"{self.wire.address}/hub/home")
        return page.ok and urlsplit(page.url).path == "/hub/home"

    def _has_lab(self) -> bool:
        user = self.http.get(self._api)
        user.raise_for_status()
        return bool(user.json()["servers"])

    def _websocket(self, url: str) -> websocket.WebSocket:
        request = self.http.prepare_request(requests.Request("GET", url))
        return websocket.create_connection(
            url.replace("https://", "wss://", 1).replace("http://", "ws://", 1),
            socket=self.wire.connect(),
            cookie=request.headers.get("Cookie", ""),
            origin=self.wire.address,
        )

    def _xsrf(self, path: str = "/hub/") -> str:
        """The value that JupyterHub wants to see again with a form. Raises LookupError."""
        return str({c.path: c.value for c in self.http.cookies if c.name == "_xsrf"}[path])
