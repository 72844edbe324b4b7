"""Takes from Jupyter Book's output what readers need, and from its log what is wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ..course import Course
from ..errors import Problem

_WARNING = re.compile(
    r"(?:(?P<file>/[^:\n]+?)(?::(?P<line>\d+))?: )?"
    r"(?:WARNING|ERROR|CRITICAL): (?P<what>.+?)(?: \[[\w.]+\])?$"
)


def publish(html: Path, out: Path, pages: Iterable[str], files: Iterable[str]) -> list[str]:
    """Make `out` the website: `pages` (without .html) of the output `html`, all that they refer
    to, and `files`. The folder is replaced as a whole, and only if nothing is missing.

    Returns what pages refer to that isn't there, as "page: address", and does nothing then.
    """
    wanted, missing = set(files), []
    for page in pages:
        wanted.add(f"{page}.html")
        for address in _references((html / f"{page}.html").read_text("utf-8")):
            path = _local(address, page)
            if path and (html / path).is_file():
                wanted.add(path)
            elif path:
                missing.append(f"{page}: {address}")
    if not missing:
        _replace(html, out, sorted(wanted))
    return missing


def problems(log: str, sources: Path, course: Course) -> list[Problem]:
    """The warnings in Jupyter Book's `log`, with the files of the course that they are about."""
    origins = {
        str(sources / folder / f"{each.id}.ipynb"): course.folder / each.path
        for each in course.tutorials
        for folder in ("tutorials", "slides")
    }
    if course.citations:
        origins[str(sources / "references.bib")] = course.folder / course.citations
    found = []
    for line in log.splitlines():
        if warning := _WARNING.search(line):
            file = str(origins.get(warning["file"], warning["file"] or "the website"))
            number = int(warning["line"]) if warning["line"] else None
            found.append(Problem(file, number, "", warning["what"], "correct it there"))
    return list(dict.fromkeys(found))


class _References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def _references(html: str) -> Iterator[str]:
    parser = _References()
    parser.feed(html)
    return iter(parser.found)


def _local(address: str, page: str) -> str | None:
    """The path within the site that an address on a page names; None if it is elsewhere."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    steps: list[str] = []
    for step in (PurePosixPath(page).parent / unquote(parts.path)).parts:
        steps = steps[:-1] if step == ".." else [*steps, step]
    return "/".join(steps)


def _replace(html: Path, out: Path, paths: Iterable[str]) -> None:
    fresh, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    for path in paths:
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(html / path, fresh / path)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
