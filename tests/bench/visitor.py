"""One simulated participant: what a browser asks for, from the login form to a first result."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import ClientSession, ClientTimeout, CookieJar, TCPConnector, WSMsgType
from participant import execute_request
from yarl import URL

PATIENCE = 300  # seconds, after which a participant gives up
CONNECTIONS = 6  # of a browser to one host
LARGEST = 2**24  # bytes of a message

# The flagship's labs are its subject.
FIRST_CELL = """
import nest
neuron = nest.Create("iaf_psc_alpha")
nest.Simulate(10.0)
print(f"V_m: {neuron.V_m}")
"""
FIRST_RESULT = "V_m: "


@dataclass
class Visit:
    """The seconds since the arrival at which each stage was reached, and what went wrong."""

    username: str
    seconds: dict[str, float] = field(default_factory=dict)
    failure: str | None = None


class Visitor:
    """A browser without a window, with its own cookies and connections: `async with`."""

    def __init__(self, address: str, username: str) -> None:
        self.address, self.username = URL(address), username
        self.lab = self.address / "user" / username

    async def __aenter__(self) -> Visitor:
        # The hub's cookies are quoted already, and it has an IP address.
        self.http = ClientSession(
            cookie_jar=CookieJar(unsafe=True, quote_cookie=False),
            connector=TCPConnector(limit=CONNECTIONS),
            timeout=ClientTimeout(total=PATIENCE),
            raise_for_status=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.http.close()

    async def log_in(
        self, passphrase: str, then: str = "", files: tuple[str, ...] = ()
    ) -> tuple[URL, bytes]:
        """Send the login form; the page that follows, which without `then` is a lab's.

        `files` are what the form's page loads.
        """
        login = self.address / "hub" / "login"
        await self._get(login)
        await self._get_all(self.address, files)
        form = {"username": self.username, "password": passphrase, "_xsrf": self._xsrf(login)}
        query = {"next": then} if then else {}
        async with self.http.post(login.with_query(query), data=form) as answer:
            if answer.url.path == login.path:
                raise RuntimeError("the passphrase was not taken")
            return answer.url, await answer.read()

    async def open_lab(self, url: URL, page: bytes) -> None:
        """From the page after the login to JupyterLab's; waits while the lab starts."""
        while not url.path.startswith(f"{self.lab.path}/lab"):
            if not url.path.startswith("/hub/spawn"):
                raise RuntimeError(f"{url.path} is not on the way to a lab")
            await self._progress()
            url, page = await self._get(url)  # as the waiting page does
        if b"jupyter-config-data" not in page:
            raise RuntimeError(f"{url.path} is not JupyterLab")

    async def load(self, files: tuple[str, ...], calls: tuple[str, ...]) -> None:
        """Ask for what JupyterLab's page asks for: scripts and styles first, then its server."""
        await self._get_all(self.lab / "", files)
        await self._get_all(self.lab / "", calls)

    async def run(self, code: str, printed: str) -> None:
        """Open a notebook's kernel, run code there and wait until it has printed that."""
        notebook = {"path": "herd.ipynb", "name": "herd.ipynb", "type": "notebook"}
        session = await self.api("POST", self.lab / "api/sessions", notebook | _KERNEL)
        channels = self.lab / "api/kernels" / session["kernel"]["id"] / "channels"
        origin = str(self.address.origin())
        async with self.http.ws_connect(channels, origin=origin, max_msg_size=LARGEST) as socket:
            request = execute_request(code)
            await socket.send_json(request)
            async for message in socket:
                if message.type == WSMsgType.TEXT and _has(message.json(), request, printed):
                    return
        raise RuntimeError("the kernel's connection has ended")

    async def api(self, method: str, url: URL, body: Any = None) -> Any:
        """Call the hub's or the lab's interface; its answer."""
        headers = {"X-XSRFToken": self._xsrf(url), "Content-Type": "application/json"}
        data = json.dumps(body) if body else None
        async with self.http.request(method, url, data=data, headers=headers) as answer:
            return json.loads(await answer.read() or "null")

    async def _progress(self) -> None:
        """Returns when the lab is ready, as the hub's event stream says. Raises RuntimeError."""
        path = self.address / "hub/api/users" / self.username / "server/progress"
        async with self.http.get(path) as answer:
            async for line in answer.content:
                event = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if event.get("failed"):
                    raise RuntimeError(event.get("message") or "the lab did not start")
                if event.get("ready"):
                    return

    async def _get(self, url: URL) -> tuple[URL, bytes]:
        """Where it leads, and what is there."""
        async with self.http.get(url) as answer:
            return answer.url, await answer.read()

    async def _get_all(self, below: URL, paths: tuple[str, ...]) -> None:
        urls = [below.join(URL(path, encoded=True)) for path in paths]
        await asyncio.gather(*map(self._get, urls))

    def _xsrf(self, url: URL) -> str:
        return self.http.cookie_jar.filter_cookies(url)["_xsrf"].value


Note = Callable[[str], None]
Way = Callable[[Visitor, Note], Awaitable[None]]


async def visit(address: str, username: str, way: Way) -> Visit:
    """Let somebody go that way, which notes the stages that it reaches. Never raises."""
    found = Visit(username)
    started = time.monotonic()

    def note(stage: str) -> None:
        found.seconds[stage] = time.monotonic() - started

    with _told(found):
        async with asyncio.timeout(PATIENCE), Visitor(address, username) as visitor:
            await way(visitor, note)
    return found


@contextmanager
def _told(found: Visit) -> Iterator[None]:
    """What goes wrong is the visit's failure: of one participant, not of the benchmark."""
    try:
        yield
    except TimeoutError:
        found.failure = f"not done after {PATIENCE} s"
    except Exception as error:
        found.failure = f"{type(error).__name__}: {error}"


_KERNEL = {"kernel": {"name": "python3"}}


def _has(message: dict[str, Any], request: dict[str, Any], printed: str) -> bool:
    """Whether a kernel's message prints that. Raises RuntimeError if it won't come any more."""
    if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
        return False
    kind, content = message["msg_type"], message["content"]
    if kind == "error":
        raise RuntimeError(f"{content['ename']}: {content['evalue']}")
    if kind == "status" and content["execution_state"] == "idle":
        raise RuntimeError("the cell has run, but printed no result")
    return kind == "stream" and printed in content["text"]
