"""The websites that tests look at: of the flagship course, and of the night school in tests/."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bs4 import BeautifulSoup
from cloudlab.workspace import REPOSITORY

NIGHT = REPOSITORY / "tests" / "courses" / "night"


@dataclass(frozen=True)
class Website:
    """A built website: its course, the folder that it is in, and its address."""

    course: Path
    folder: Path
    address: str

    @property
    def pages(self) -> list[str]:
        """Every page but the slides, as a path below the address."""
        return [name for name in self._html if not name.startswith("slides/")]

    @property
    def decks(self) -> list[str]:
        """All slides, as a path below the address."""
        return [name for name in self._html if name.startswith("slides/")]

    @property
    def _html(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*.html"))

    def read(self, page: str) -> BeautifulSoup:
        """A page as it was built."""
        return BeautifulSoup((self.folder / page).read_text("utf-8"), "html.parser")


def syllab_site(course: Path, var: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `make site`'s command; its answer, whatever the exit code."""
    command = [sys.executable, "-m", "cloudlab.cli", "--course", course, "--var", var, *options]
    return subprocess.run(
        [*map(str, command), "site"], capture_output=True, text=True, cwd=REPOSITORY
    )


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback, as any static host does; its address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass
