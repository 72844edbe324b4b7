"""Texts of a course in the words of a page: dates, escapes, Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup


def markdown_escape(text: str) -> str:
    """`text` so that Markdown shows it as it is: each punctuation mark escaped (CommonMark 2.4)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def raw_html(html: str) -> Markup:
    """A directive that passes `html` through, behind a fence longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", html)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}{{raw}} html\n{html.strip()}\n{fence}")  # noqa: S704 - it is HTML


def markdown(text: str, link: Callable[[str], str] = str) -> Markup:
    """A Markdown text of `course.yml` as HTML; `link` turns each address into the one to use.

    No HTML and no images: nothing that could act on a reader or be fetched from elsewhere.
    """
    parser = MarkdownIt("commonmark", {"html": False}).disable("image")
    parser.core.ruler.push("lower_headings", _lower_headings)
    parser.core.ruler.push("links", lambda state: _links(state, link))
    return Markup(parser.render(text))  # noqa: S704 - with html off, the parser escapes it


def _lower_headings(state: StateCore) -> None:
    """The page has its own first and second level: those of a text begin at the third."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def _links(state: StateCore, link: Callable[[str], str]) -> None:
    for block in state.tokens:
        for token in block.children or []:
            if token.type == "link_open":
                token.attrSet("href", link(str(token.attrGet("href"))))


def day(moment: datetime) -> str:
    """A moment's day as it is written in British English: Saturday 20 July 2024."""
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def offset(moment: datetime) -> str:
    """The zone's distance from UTC at that moment, such as UTC-03:00 with a proper minus."""
    shown = f"{moment:%z}".replace("-", "\u2212")
    return f"UTC{shown[:3]}:{shown[3:5]}"


def utc(moment: datetime) -> str:
    """A UTC moment as machines read it: 2024-07-20T12:00:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
