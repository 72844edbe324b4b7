"""What browsers' makers and readers would notice of a page: scores, requests and bytes."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from browser.conftest import ARGUMENTS
from cloudlab.workspace import environment
from playwright.sync_api import Browser
from playwright.sync_api import Request as Seen

NODE_MODULES = environment("test-npm") / "node_modules"
KB = 1024  # bytes

# Each picture comes into view once, so that those that load late do; then the page's end.
_SCROLL = """async () => {
  for (const image of document.images) {
    image.scrollIntoView({behavior: "instant"});
    await image.decode().catch(() => {});
  }
  scrollTo({top: document.body.scrollHeight, behavior: "instant"});
}"""


@dataclass(frozen=True)
class Request:
    """What a page asked for, whether that is a figure, and what came; None if nothing did."""

    address: str
    figure: bool
    body: bytes | None

    @property
    def zipped(self) -> int:
        """The bytes that travel when the host compresses."""
        return len(gzip.compress(self.body, 9, mtime=0)) if self.body else 0


def visit(browser: Browser, address: str) -> list[Request]:
    """All that a page asks for at a first visit, read to its end.

    What is elsewhere than the page itself is noted, but kept from being reached.
    """
    own = urlsplit(address).netloc
    seen: list[Seen] = []
    context = browser.new_context()
    context.route(lambda url: urlsplit(url).netloc != own, lambda route: route.abort())
    context.on("request", lambda request: seen.append(request))
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    page.evaluate(_SCROLL)
    page.wait_for_load_state("networkidle")
    found = [Request(each.url, each.resource_type == "image", _body(each)) for each in seen]
    context.close()
    return found


def _body(request: Seen) -> bytes | None:
    response = request.response()
    return response.body() if response and response.ok else None


def lighthouse(addresses: Iterable[str], categories: Iterable[str]) -> dict[str, dict]:
    """By address: `scores` by category, of 100, and the audits that `lost` something.

    Nothing but the loopback is reached, whatever a page refers to.
    """
    flags = ["--headless", *ARGUMENTS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    asked = {
        "chromium": shutil.which("chromium"),
        "flags": flags,
        "categories": list(categories),
        "addresses": list(addresses),
    }
    node = environment("test") / "bin" / "node"
    script = Path(__file__).with_name("lighthouse.mjs")
    done = subprocess.run(
        [node, script, json.dumps(asked)], cwd=NODE_MODULES.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
