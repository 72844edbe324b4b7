"""A participant without a browser: logs in by the form, starts a lab, runs code in a kernel."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests
import websocket

SPAWN_TIMEOUT = 120  # seconds
RUN_TIMEOUT = 180  # seconds


@dataclass
class Participant:
    """One person with one cookie jar. `address` is the course's, such as http://127.0.0.1:8000."""

    address: str
    username: str
    passphrase: str
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False  # no proxy between this machine and itself

    @property
    def lab(self) -> str:
        return f"{self.address}/user/{self.username}"

    def log_in(self) -> requests.Response:
        """Send the login form; the page that follows (403 for a wrong passphrase)."""
        self.http.get(f"{self.address}/hub/login")
        form = {
            "username": self.username,
            "password": self.passphrase,
            "_xsrf": self._xsrf("/hub/"),
        }
        return self.http.post(f"{self.address}/hub/login?next=/hub/home", data=form)

    def start_lab(self) -> float:
        """Start the lab and wait for JupyterLab's page; the seconds it took."""
        started = time.monotonic()
        if not self.lab_is_ready():  # another test may have left it running
            self.http.post(
                f"{self.address}/hub/api/users/{self.username}/server",
                headers={"X-XSRFToken": self._xsrf("/hub/")},
            ).raise_for_status()
        self.await_lab()
        page = self.http.get(f"{self.lab}/lab")  # goes through the hub's OAuth once
        page.raise_for_status()
        assert "JupyterLab" in page.text
        return time.monotonic() - started

    def await_lab(self) -> None:
        """Wait until the lab is ready. Raises TimeoutError if it doesn't get there."""
        deadline = time.monotonic() + SPAWN_TIMEOUT
        while not self.lab_is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.username}'s lab is not ready after {SPAWN_TIMEOUT} s")
            time.sleep(0.1)

    def lab_is_ready(self) -> bool:
        user = self.http.get(f"{self.address}/hub/api/users/{self.username}").json()
        return user["servers"].get("", {}).get("ready", False)

    def stop_lab(self) -> None:
        """Stop the lab and wait until it is gone."""
        url = f"{self.address}/hub/api/users/{self.username}/server"
        self.http.delete(url, headers={"X-XSRFToken": self._xsrf("/hub/")}).raise_for_status()
        deadline = time.monotonic() + SPAWN_TIMEOUT
        while self.http.get(f"{self.address}/hub/api/users/{self.username}").json()["servers"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.username}'s lab did not stop")
            time.sleep(0.1)

    def run(self, code: str, timeout: float = RUN_TIMEOUT) -> str:
        """Run code in a fresh kernel of the lab; what it prints. Raises RuntimeError on errors."""
        headers = {"X-XSRFToken": self._xsrf(f"/user/{self.username}/")}
        kernel = self.http.post(f"{self.lab}/api/kernels", headers=headers)
        kernel.raise_for_status()
        identity = kernel.json()["id"]
        try:
            return self._run_in(identity, code, timeout)
        finally:
            self.http.delete(f"{self.lab}/api/kernels/{identity}", headers=headers)

    def _run_in(self, kernel: str, code: str, timeout: float) -> str:
        url = f"{self.lab}/api/kernels/{kernel}/channels".replace("http://", "ws://", 1)
        prepared = self.http.prepare_request(requests.Request("GET", f"{self.lab}/api"))
        socket = websocket.create_connection(
            url, cookie=prepared.headers["Cookie"], timeout=timeout, origin=self.address
        )
        try:
            message = execute_request(code)
            socket.send(json.dumps(message))
            return _output(socket, message["header"]["msg_id"])
        finally:
            socket.close()

    def contents(self, path: str) -> requests.Response:
        """The lab's file at `path`, as Jupyter's contents API gives it."""
        return self.http.get(f"{self.lab}/api/contents/{path}")

    def _xsrf(self, path: str) -> str:
        found = {c.path: c.value for c in self.http.cookies if c.name == "_xsrf"}
        return found[path]


def execute_request(code: str) -> dict[str, Any]:
    """The message that asks a kernel to run code.

    https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
    """
    header = {
        "msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
        "session": uuid.uuid4().hex, "version": "5.3",
    }  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    return {
        "header": header, "parent_header": {}, "metadata": {}, "content": content,
        "channel": "shell",
    }  # fmt: skip


def _output(socket: websocket.WebSocket, request: str) -> str:
    """What a request printed, when its kernel is idle again."""
    printed: list[str] = []
    while True:
        message = json.loads(socket.recv())
        if message.get("parent_header", {}).get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            printed.append(content["text"])
        elif message["msg_type"] == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            return "".join(printed)
