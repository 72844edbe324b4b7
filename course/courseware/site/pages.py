"""The pages that are made from `course.yml`, as MyST Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..course import Course, Material, Person, Session
from ..schedule import Entry
from . import calendars, text

LAB = "/hub/user-redirect/lab"  # the hub's own, at the same address as the site


@dataclass(frozen=True)
class Page:
    """A page's name within the site (without an ending), its title, and what it is about."""

    name: str
    title: str
    about: str
    tutorial: str | None = None


@dataclass
class Site:
    """What all pages draw on. `covers` maps a tutorial's id to its figure: (path, size, alt).

    `slides` are the ids of the tutorials that have a deck.
    """

    course: Course
    entries: list[Entry]
    covers: dict[str, dict[str, Any]] = field(default_factory=dict)
    slides: list[str] = field(default_factory=list)

    @property
    def pages(self) -> list[Page]:
        """All pages in the order in which one reads them; only those with something to say."""
        course = self.course
        title = course.title
        shown = [
            Page("index", title, course.summary or title),
            self.entries and Page("schedule", "Schedule", f"What happens when: {title}"),
            *(
                Page(f"tutorials/{t.id}", t.title, t.summary or t.title, t.id)
                for t in course.tutorials
            ),
            self.has_materials and Page("materials", "Materials", f"Slides, notebooks: {title}"),
            Page("get-ready", "Get ready", f"What you need and how to open your lab: {title}"),
            course.people and Page("people", "People", f"Who speaks and organises: {title}"),
            course.registration and Page("registration", "Registration", f"How to join: {title}"),
            course.feedback and Page("feedback", "Feedback", f"Tell us what you think: {title}"),
            (course.citations or course.acknowledgements)
            and Page("credits", "Acknowledgements and citations", f"Thanks and sources: {title}"),
        ]
        return [page for page in shown if isinstance(page, Page)]

    @property
    def has_materials(self) -> bool:
        """Whether there is anything to take home."""
        sessions = [entry.session.materials for entry in self.entries]
        return bool(self.course.tutorials or self.course.links or any(sessions))

    @property
    def days(self) -> list[list[Entry]]:
        """The sessions by their day at the venue."""
        return [list(group) for _, group in groupby(self.entries, key=lambda e: e.start.date())]

    @property
    def where(self) -> str:
        """The place in a few words; empty when it isn't known."""
        return calendars.where(self.course)

    @property
    def when(self) -> str:
        """The day, or the first and the last; empty without a schedule."""
        if not self.entries:
            return ""
        first, last = (text.day(self.entries[i].start) for i in (0, -1))
        return first if first == last else f"{first} to {last}"

    def materials(self, session: Session) -> list[Material]:
        """What goes with a session, its tutorial's materials first."""
        tutorial = next((t for t in self.course.tutorials if t.id == session.tutorial), None)
        return [*(tutorial.materials if tutorial else []), *session.materials]

    def roles(self, person: Person) -> list[str]:
        """What a person does in the course."""
        speakers = {name for entry in self.entries for name in entry.session.speakers}
        speaks = person in [self.course.person(name) for name in speakers]
        return [*person.roles, *(["speaker"] if speaks else [])]

    def link(self, address: str) -> str:
        """Where a link in a text of `course.yml` leads: sources become pages."""
        name, mark, rest = address.partition("#")
        sources = {t.path: f"tutorials/{t.id}" for t in self.course.tutorials}
        sources |= {f"{page.name}.md": page.name for page in self.pages}
        return f"{sources[name]}.html{mark}{rest}" if name in sources else address


def material_address(material: Material) -> str:
    """Where a page finds a material: on the web, or among the site's files."""
    return material.url or f"files/{material.file}"


def render(site: Site) -> dict[str, bytes]:
    """The MyST source of each page that isn't a tutorial, by file name.

    Every text of the course is escaped, or rendered as Markdown.
    """
    environment = _environment(site.link)
    made = {}
    for page in site.pages:
        if page.tutorial is None:
            template = environment.get_template(f"{page.name}.md.j2")
            made[f"{page.name}.md"] = (template.render(site=site, page=page) + "\n").encode()
    return made


def _environment(link: Callable[[str], str]) -> Environment:
    environment = Environment(
        loader=PackageLoader("courseware.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "lab": LAB,
        "material_address": material_address,
    }
    environment.filters |= {
        "markdown": lambda source: text.markdown(source, link),
        "escape_markdown": text.markdown_escape,
        "raw_html": text.raw_html,
        "utc": text.utc,
        "day": text.day,
        "offset": text.offset,
    }
    return environment
