"""A course as its folder describes it: the schema of `course.yml`. `load` reads and checks one."""

from __future__ import annotations

import pathlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from . import schedule
from .fields import (
    AptPackage,
    Clock,
    Date,
    Email,
    Language,
    LocalTime,
    Markdown,
    Path,
    Percent,
    PipPackage,
    Size,
    Slug,
    Text,
    Url,
    Zone,
    size_bytes,
    wrong,
)

FILE = "course.yml"
SOONEST_IDLE = 10  # minutes
Kind = Literal["talk", "tutorial", "discussion", "break", "social", "opening", "closing"]


class _Model(BaseModel):
    # A frozen course can be shared; unknown keys are mistakes.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Event(_Model):
    name: Text
    """The meeting that the course is part of."""
    url: Url | None = None
    """The meeting's website."""


class Venue(_Model):
    zone: Zone
    """The IANA time zone in which the schedule's times are written, such as Europe/Berlin."""
    name: Text | None = None
    """The building or room."""
    city: Text | None = None
    """The city, by which readers know the zone."""
    country: Text | None = None
    """The country."""


class Person(_Model):
    name: Text
    """The person's name as it is shown."""
    id: Slug | None = None
    """A short name for sessions to refer to; without it they use the full name."""
    roles: list[Literal["organiser", "helper"]] = []
    """What the person does. Who speaks follows from the sessions."""
    affiliation: Text | None = None
    """Where the person works, with the country."""
    email: Email | None = None
    """An address to publish."""
    url: Url | None = None
    """The person's own page."""

    @property
    def handle(self) -> str:
        """What sessions call this person."""
        return self.id or self.name


class Slot(_Model):
    """A stretch of time on a day. Exactly one of `end` and `duration` is given."""

    start: Clock
    """When it starts, by the clocks at the venue: "HH:MM"."""
    end: Clock | None = None
    """When it ends, "HH:MM"; at or before the start means the next day."""
    duration: Annotated[int, Field(ge=1, le=16 * 60)] | None = None
    """How long it lasts, in minutes; instead of `end`."""
    fold: Literal[0, 1] | None = None
    """When clocks are set back and the start happens twice: 0 for the earlier, 1 for the later."""

    @model_validator(mode="after")
    def _one_ending(self) -> Slot:
        if (self.end is None) == (self.duration is None):
            what = "has no end" if self.end is None else "has both `end` and `duration`"
            raise wrong(what, 'give either `end: "HH:MM"` or `duration:` in minutes')
        return self


class Material(_Model):
    """Slides and the like. Exactly one of `url` and `file` is given."""

    title: Text
    """What it is."""
    url: Url | None = None
    """Where it is."""
    file: Path | None = None
    """The file within the course folder that the website offers; instead of `url`."""

    @model_validator(mode="after")
    def _one_place(self) -> Material:
        if (self.url is None) == (self.file is None):
            what = "is nowhere" if self.url is None else "has both `url` and `file`"
            raise wrong(what, "give either its `url:` or a `file:` of the course folder")
        return self


class Session(Slot):
    title: Text
    """What it is called in the schedule."""
    id: Slug | None = None
    """A name that stays the same when the title changes; made from the title without it."""
    kind: Kind = "talk"
    """What sort of session it is."""
    speakers: list[Text] = []
    """Who gives it: names (or ids) from `people`."""
    tutorial: Slug | None = None
    """The id of the tutorial that it teaches."""
    materials: list[Material] = []
    """Slides and other things that go with it, beside those of its tutorial."""
    summary: Markdown | None = None
    """A few sentences about it, in Markdown."""


class Day(_Model):
    date: Date
    """The day at the venue: YYYY-MM-DD."""
    sessions: list[Session] = Field(min_length=1)
    """What happens on the day."""


class Tutorial(_Model):
    id: Slug
    """A short name for file names and addresses."""
    title: Text
    """What it is called."""
    source: Path | None = None
    """Its MyST Markdown file within the course folder; `tutorials/<id>.md` when not given."""
    summary: Markdown | None = None
    """A few sentences about it, in Markdown."""
    materials: list[Material] = []
    """Slides and other things that go with it."""
    points: Annotated[float, Field(gt=0)] | None = None
    """What its exercises give in all, if the official checks are to be held against it."""
    cpu: Annotated[float, Field(gt=0, le=1800)] = 120
    """Seconds of processor time that running its solved notebook may take."""
    memory: Size = "350M"
    """Memory that running its solved notebook may need."""

    @property
    def memory_bytes(self) -> int:
        """`memory` in bytes."""
        return size_bytes(self.memory)

    @property
    def path(self) -> str:
        """The source within the course folder."""
        return self.source or f"tutorials/{self.id}.md"


class Image(_Model):
    recipe: Slug = "plain"
    """What the lab's image is built on: a folder of `images/`, or `plain` for JupyterLab alone."""
    apt: list[AptPackage] = []
    """Debian packages to add."""
    pip: list[PipPackage] = []
    """Python packages to add, each with its version: name==1.2.3."""
    lock: Path | None = None
    """The file that pins these and what they need, with hashes. Needed when `pip` is given."""


class Lab(_Model):
    memory: Size = "1G"
    """Memory for each participant, such as 1G."""
    cpus: float = Field(default=1.0, ge=0.1, le=256)
    """Processor cores for each participant."""
    pids: int = Field(default=512, ge=64, le=32768)
    """Processes and threads for each participant."""
    disk: Size = "2G"
    """Disk for each participant's files, such as 2G."""
    overcommit: bool = False
    """Allow more labs than the machine's memory holds if each one used all it may."""
    warm: int = Field(default=15, ge=0, le=24 * 60)
    """Minutes before a session with a tutorial from which on labs are started; 0 for never."""
    idle: int = Field(default=60, ge=0, le=7 * 24 * 60)
    """Minutes without activity after which a lab stops outside such sessions; 0 for never."""

    @field_validator("idle")
    @classmethod
    def _not_too_soon(cls, idle: int) -> int:
        if 0 < idle < SOONEST_IDLE:
            what = f"is {idle}, but labs only say every five minutes what goes on in them"
            raise wrong(what, f"give {SOONEST_IDLE} minutes or more, or 0 for never")
        return idle

    @property
    def memory_bytes(self) -> int:
        """`memory` in bytes."""
        return size_bytes(self.memory)

    @property
    def disk_bytes(self) -> int:
        """`disk` in bytes."""
        return size_bytes(self.disk)


class Link(_Model):
    title: Text
    """What it leads to."""
    url: Url
    """Where it leads."""
    text: Markdown | None = None
    """A sentence about it, in Markdown."""


class Notice(_Model):
    text: Markdown
    """What to say, in Markdown."""
    url: Url | None = None
    """Where to go."""


class Licence(_Model):
    text: Text = "CC-BY-4.0"
    """The licence of the course's texts and figures (an SPDX name)."""
    code: Text = "BSD-3-Clause"
    """The licence of the course's code (an SPDX name)."""


class Certificate(_Model):
    """A certificate of participation: one page, with the course's title, event, days and place."""

    share: Percent | None = None
    """The share of all points that it takes, such as 50 %; without it one attempt is enough."""
    heading: Text = "Certificate of participation"
    """What stands above the participant's name."""
    phrase: Text = "took part in"
    """What stands between the participant's name and the course's title."""
    text: list[Text] = Field(default=[], max_length=5)
    """Further lines, such as how many hours it took."""
    signed: list[Text] = Field(default=[], max_length=3)
    """Who signs it: names (or ids) from `people`."""


class Grading(_Model):
    counts: Literal["best", "last"] = "best"
    """Which of a participant's attempts at an exercise counts."""
    deadline: LocalTime | None = None
    """The last minute in which attempts count, by the clocks at the venue: YYYY-MM-DD HH:MM."""
    certificate: Certificate | None = None
    """What those who took part get; without it there are no certificates."""


class Course(_Model):
    """Everything about a course. Only the title is required."""

    title: Text
    """What the course is called."""
    subtitle: Text | None = None
    """A line below the title."""
    event: Event | None = None
    """The meeting that the course is part of."""
    description: Markdown | None = None
    """What participants do and learn, in Markdown."""
    goals: list[Markdown] = []
    """What participants learn, each in Markdown, as an end to "You will"."""
    summary: Text | None = None
    """One sentence for search engines; the title serves without it."""
    url: Url | None = None
    """Where the website is published. Previews in messengers and the calendars' links need it."""
    language: Language = "en"
    """The language of the texts, as a BCP 47 tag."""
    attendance: Literal["onsite", "online"] = "onsite"
    """Whether people meet at the venue or online."""
    venue: Venue | None = None
    """Where it takes place. A schedule needs its zone."""
    days: list[Day] = []
    """The schedule."""
    people: list[Person] = []
    """Everybody who speaks or organises."""
    contact: Text | None = None
    """Whom to ask: a name (or id) from `people`."""
    tutorials: list[Tutorial] = []
    """The hands-on parts that have notebooks."""
    grading: Grading = Grading()
    """What counts of the results of official checks."""
    image: Image = Image()
    """What is in the lab."""
    lab: Lab = Lab()
    """What each participant's lab may use."""
    capacity: int = Field(default=40, ge=1, le=10000)
    """How many labs may run at once."""
    links: list[Link] = []
    """Things to know about."""
    registration: Notice | None = None
    """How to register."""
    software: Markdown | None = None
    """What participants need, in Markdown."""
    feedback: Notice | None = None
    """How to give feedback."""
    acknowledgements: Markdown | None = None
    """Whom to thank, in Markdown."""
    citations: Path | None = None
    """What to cite: a BibTeX file within the course folder."""
    licence: Licence = Licence()
    """Under which licences the course may be used."""

    _folder: pathlib.Path = PrivateAttr(default=pathlib.Path("."))

    @property
    def folder(self) -> pathlib.Path:
        """The folder that the course was loaded from."""
        return self._folder

    @property
    def id(self) -> str:
        """The folder's name, in the letters that addresses and images may be named with."""
        return schedule.slug(self._folder.resolve().name, otherwise="course")

    def person(self, handle: str) -> Person:
        """The person with that id or name. Raises KeyError when there is none."""
        by_handle = {p.name: p for p in self.people} | {p.handle: p for p in self.people}
        return by_handle[handle]


def load(folder: pathlib.Path) -> Course:
    """Read and check the course in `folder`.

    Raises CourseError with every mistake found.
    """
    from . import checking  # it needs the models above

    course = Course.model_validate(checking.checked(pathlib.Path(folder)))
    course._folder = pathlib.Path(folder)
    return course


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `course.yml`, for editors and for the reference page."""
    return Course.model_json_schema()
