"""The course's website: one static page that needs no script and asks no other server."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup

from . import schedule
from .course import Course, Person
from .schedule import Entry

LAB = "/hub/user-redirect/lab"
FILES = ("style.css", "favicon.svg")


def build(course: Course, out: Path) -> None:
    """Write the website into the folder `out`: index.html and what it needs, nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(page(course), encoding="utf-8")
    templates = Path(__file__).parent / "templates"
    for name in FILES:
        (out / name).write_bytes((templates / name).read_bytes())


def page(course: Course) -> str:
    """The course's page as HTML. Every text of the course is escaped, or rendered as Markdown."""
    environment = Environment(
        loader=PackageLoader("courseware"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "markdown": _markdown,
        "utc": lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "day": _day,
        "offset": _offset,
    }
    entries = schedule.resolve(course)
    days = [list(group) for _, group in groupby(entries, key=lambda e: e.start.date())]
    template = environment.get_template("index.html.j2")
    return template.render(
        course=course,
        lab=LAB,
        days=days,
        where=_where(course),
        when=_when(entries),
        people=[(person, _roles(course, person)) for person in course.people],
        contact=course.person(course.contact) if course.contact else None,
        named=course.person,
    )


def _markdown(text: str) -> Markup:
    # No HTML and no images: nothing that could act on a reader or be fetched from elsewhere.
    parser = MarkdownIt("commonmark", {"html": False}).disable("image")
    parser.core.ruler.push("lower_headings", _lower_headings)
    return Markup(parser.render(text))  # noqa: S704 - with html off, the parser escapes it


def _lower_headings(state: StateCore) -> None:
    """The page has its own first and second level: those of a text begin at the third."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def _where(course: Course) -> str:
    if course.attendance == "online":
        return "Online"
    venue: Any = course.venue
    places = (venue.name, venue.city, venue.country) if venue else ()
    return ", ".join(place for place in places if place)


def _when(entries: list[Entry]) -> str:
    if not entries:
        return ""
    first, last = _day(entries[0].start), _day(entries[-1].start)
    return first if first == last else f"{first} to {last}"


def _day(moment: datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B %Y}"


def _offset(moment: datetime) -> str:
    """The zone's distance from UTC at that moment, such as UTC-03:00 with a proper minus."""
    shown = f"{moment:%z}".replace("-", "\u2212")
    return f"UTC{shown[:3]}:{shown[3:5]}"


def _roles(course: Course, person: Person) -> list[str]:
    speakers = {
        name for day in course.days for session in day.sessions for name in session.speakers
    }
    speaks = [course.person(name) for name in speakers]
    return [*person.roles, *(["speaker"] if person in speaks else [])]
