"""The flagship course's website beside what stock Jupyter Book makes of the same sources.

Stock is the same version with its own theme and extensions. It gets our generated sources, and is
spared our part of the work: checking the course, generating the sources, calendars and preview,
and choosing the files that are published.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from browser.conftest import ARGUMENTS
from cloudlab.progress import step
from cloudlab.workspace import REPOSITORY, environment
from courseware import course
from courseware.site import book
from measure import KB, Request, lighthouse, visit
from playwright.sync_api import sync_playwright
from ruamel.yaml import YAML
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from bench import Comparison

FLAGSHIP = REPOSITORY / "course" / "cns2024"
EXECUTED = REPOSITORY / "var" / "notebooks" / "executed"
BOOK = environment("book") / "bin"
REPEATS = 3
STOCK = "stock Jupyter Book {} with sphinx-book-theme {}, same sources"
VERSIONS = """
from importlib.metadata import version
print(version("jupyter-book"), version("sphinx-book-theme"))
"""


def run() -> Comparison:
    """Seconds to build, requests and bytes of three pages, and Lighthouse's performance."""
    with tempfile.TemporaryDirectory() as folder:
        ours, stock = Ours(Path(folder) / "ours"), Stock(Path(folder) / "stock")
        with step("Getting ready"):
            ours.build()  # makes the environment, if it isn't there
            versions = _output(BOOK / "python", "-c", VERSIONS).split()
        result = Comparison(
            f"Syllab's website of {FLAGSHIP.name}",
            {"stock": STOCK.format(*versions)},
            notes=[
                f"Seconds are the median of {REPEATS}, scores the best, as other work lowers them.",
                "Other hosts are kept from being reached: such requests count, but have no bytes.",
                *ours.notes,
            ],
        )
        with step("Building both websites"):
            _builds(ours, stock, result)
        with _host(ours.html) as mine, _host(stock.html) as theirs:
            with step("Visiting pages of both"):
                _pages(mine, theirs, ours.pages, result)
            with step("Lighthouse on pages of both"):
                _performance(mine, theirs, ours.pages, result)
    return result


class Ours:
    """Our website, of a copy of the course."""

    def __init__(self, folder: Path) -> None:
        self.course, self.var = folder / "course", folder / "var"
        self.html = self.var / "site"
        self.sources = self.var / "build" / "site" / "sources"
        self.notes: list[str] = []
        shutil.copytree(FLAGSHIP, self.course)
        [first, *_] = course.load(self.course).tutorials
        self.tutorial = self.course / first.path
        self.text = self.tutorial.read_text("utf-8")
        self.clear()
        self.pages = {
            "home": "index.html", "schedule": "schedule.html",
            "tutorial": f"tutorials/{first.id}.html",
        }  # fmt: skip

    def clear(self) -> None:
        """As if it had never been built."""
        shutil.rmtree(self.var, ignore_errors=True)
        if EXECUTED.is_dir():
            shutil.copytree(EXECUTED, self.var / "notebooks" / "executed")

    def add(self, sentence: str) -> None:
        """Change a tutorial's text by a sentence at its end."""
        self.tutorial.write_text(f"{self.text}\n{sentence}\n", "utf-8")

    def build(self) -> None:
        """All that `make site` does."""
        options = ["--course", self.course, "--var", self.var]
        said = _output(sys.executable, "-m", "cloudlab.cli", *options, "site")
        self.notes = re.findall(r"\w+\.md: shown without outputs.*", said)

    def render(self) -> None:
        """Of that, what stock Jupyter Book does as well."""
        with tempfile.TemporaryDirectory() as out:
            _output(BOOK / "jupyter-book", "build", self.sources, "--path-output", out)


class Stock:
    """Jupyter Book as it comes."""

    def __init__(self, folder: Path) -> None:
        self.sources, self.out = folder / "sources", folder / "out"
        self.html = self.out / "_build" / "html"

    def clear(self) -> None:
        """As if it had never been built."""
        shutil.rmtree(self.out, ignore_errors=True)

    def take(self, sources: Path) -> None:
        """Take over our sources as they are now, but for what only our theme knows."""
        files = {
            str(path.relative_to(sources)): path.read_bytes()
            for path in sources.rglob("*")
            if path.is_file()
        }
        ours = YAML(typ="safe").load(files["_config.yml"])
        config = {
            "title": ours["title"], "author": ours["author"],
            "execute": ours["execute"],
            "only_build_toc_files": True,
            "sphinx": {"config": {"html_extra_path": [book.EXTRA]}},
        }  # fmt: skip
        if "references.bib" in files:
            config["bibtex_bibfiles"] = ["references.bib"]
            files["credits.md"] = files["credits.md"].replace(b":style: syllab\n", b"")
        files["_config.yml"] = json.dumps(config).encode()  # which is YAML, too
        book.write(book.Book(files), self.sources)

    def build(self) -> None:
        """What there is to do: render the sources."""
        _output(BOOK / "jupyter-book", "build", self.sources, "--path-output", self.out)


def _builds(ours: Ours, stock: Stock, result: Comparison) -> None:
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(REPEATS):
        ours.clear()
        stock.clear()
        ours.add("")
        first = _both(ours, stock)
        taken["build from nothing"].append(first)
        taken["of that, rendering"].append((_seconds(ours.render), first[1]))
        ours.add(sentence := f"Sentence number {number}.")
        taken["build after a change in a tutorial"].append(_both(ours, stock))
        pages = [(site.html / ours.pages["tutorial"]).read_text("utf-8") for site in (ours, stock)]
        if not all(sentence in page for page in pages):
            raise RuntimeError("the change didn't reach the pages")
        taken["build of what has not changed"].append(_both(ours, stock))
    for what, times in taken.items():
        result.add(what, "s", *(statistics.median(each) for each in zip(*times, strict=True)))


def _both(ours: Ours, stock: Stock) -> tuple[float, float]:
    """The seconds that ours takes, and then stock on the same sources."""
    mine = _seconds(ours.build)
    stock.take(ours.sources)
    return mine, _seconds(stock.build)


def _pages(mine: str, theirs: str, pages: dict[str, str], result: Comparison) -> None:
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name, page in pages.items():
            first = _counts(visit(browser, f"{mine}/{page}"))
            second = _counts(visit(browser, f"{theirs}/{page}"))
            for (what, unit), ours in first.items():
                result.add(f"{name}: {what}", unit, ours, second[what, unit])
        browser.close()


def _counts(load: list[Request]) -> dict[tuple[str, str], float]:
    """What a visit costs, by what it is and its unit."""
    own = urlsplit(load[0].address).netloc
    texts = [request for request in load if not request.figure]
    elsewhere = [request for request in load if urlsplit(request.address).netloc != own]
    return {
        ("requests, figures apart", ""): len(texts),
        ("requests to other hosts", ""): len(elsewhere),
        ("compressed, figures apart", "KB"): sum(each.zipped for each in texts) / KB,
        ("as it is, figures apart", "KB"): sum(len(each.body or b"") for each in texts) / KB,
        ("figures", "KB"): sum(len(each.body or b"") for each in load if each.figure) / KB,
    }


def _performance(mine: str, theirs: str, pages: dict[str, str], result: Comparison) -> None:
    addresses = [f"{host}/{page}" for page in pages.values() for host in (mine, theirs)]
    runs = [lighthouse(addresses, ["performance"]) for _ in range(REPEATS)]
    scores = {a: [run[a]["scores"]["performance"] for run in runs] for a in addresses}
    for name, page in pages.items():
        best = (max(scores[f"{host}/{page}"]) for host in (mine, theirs))
        result.add(f"{name}: Lighthouse performance, phone", "of 100", *best)


@contextmanager
def _host(folder: Path) -> Iterator[str]:
    """Serve a folder as static hosts do, compressed; its address."""
    options = {"path": str(folder), "default_filename": "index.html"}
    sockets = bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        handlers = [(r"/(.*)", StaticFileHandler, options)]
        application = Application(handlers, compress_response=True, log_function=lambda handler: 0)
        HTTPServer(application).add_sockets(sockets)

    loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _seconds(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _output(*command: object) -> str:
    """What a command printed. Raises RuntimeError with that if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=REPOSITORY)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
