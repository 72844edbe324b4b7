"""Finds what a Markdown text links to and shows, so that what isn't there can be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt


@dataclass(frozen=True)
class Target:
    """A link or an image: its address as written, its line (from 0), and which of both it is."""

    address: str
    line: int
    image: bool

    @property
    def path(self) -> str | None:
        """The path within the course that it names; None for the web, mail and `#headings`."""
        parts = urlsplit(self.address)
        if parts.scheme or parts.netloc or parts.path.startswith("/"):
            return None
        return unquote(parts.path) or None


def targets(text: str) -> Iterator[Target]:
    """Every link and image of a CommonMark text, in order."""
    for block in MarkdownIt("commonmark", {"html": False}).parse(text):
        line = block.map[0] if block.map else 0
        for token in block.children or []:
            if token.type in ("softbreak", "hardbreak"):
                line += 1
            elif token.type == "link_open":
                yield Target(str(token.attrGet("href")), line, image=False)
            elif token.type == "image":
                yield Target(str(token.attrGet("src")), line, image=True)
