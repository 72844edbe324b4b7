"""Makes the sources from which Jupyter Book renders the website."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from ruamel.yaml import YAML

from .. import links, notebooks, official, schedule, tutorial
from ..course import FILE, Course
from ..errors import CourseError, Problem, UserError, suggest
from ..tutorial import Tutorial
from ..yamlfile import Key, read
from . import bibliography, calendars, feed, ledger, preview, slides, tutorial_pages
from .pages import LAB, Site, render
from .text import day, utc
from .tutorial_pages import Outputs
from .zones import zones_json

EXTRA = "extra"  # what goes into the site as it is
CONFIG: dict[str, Any] = {
    "only_build_toc_files": False,  # slides are in no table of contents
    "exclude_patterns": [f"{EXTRA}/**"],
    "execute": {"execute_notebooks": "off"},
    "parse": {"myst_enable_extensions": ["amsmath", "colon_fence", "dollarmath"]},
    "sphinx": {
        "config": {
            # In place of Jupyter Book's own list: the others bring scripts and styles.
            "extensions": [
                "jupyter_book",
                "myst_nb",
                "sphinx_external_toc",
                "sphinx.ext.extlinks",
                "courseware.theme",
            ],
            "extlinks": {"doi": ["https://doi.org/%s", "doi:%s"]},
            "use_jupyterbook_latex": False,
            "use_multitoc_numbering": False,
            "html_theme": "syllab",
            "html_theme_options": {},
            "html_extra_path": [EXTRA],
            "html_math_renderer": "mathml",
            "html_copy_source": False,
            "html_use_index": False,
            "html_permalinks": False,
            "myst_heading_anchors": 3,
            "nb_merge_streams": True,
            "suppress_warnings": ["mystnb.unknown_mime_type"],
        },
    },
}


@dataclass
class Book:
    """The sources by path, the tutorials with slides, and what an organiser should know."""

    files: dict[str, bytes]
    slides: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def make(
    course: Course, executed: Path, known: ledger.Ledger, solutions: Collection[str] = ()
) -> Book:
    """The website's sources. The same input gives the same bytes.

    `executed` is a folder with the solved notebooks after their run, <tutorial>.ipynb; a tutorial
    without one is shown without outputs, which is noted. `known` is the calendar's ledger, up to
    date. `solutions` are the tutorials whose solutions are shown.
    Raises CourseError with every mistake in the tutorials, links and citations, and UserError for
    solutions of an unknown tutorial.
    """
    _check_solutions(course, solutions)
    sources = tutorial.read_all(course)
    _raise_problems(course)
    made = notebooks.make(course)
    entries = schedule.resolve(course)
    site = Site(course, entries)
    book = Book({}, site.slides)
    for source in sources:
        run = _run(source, made, executed, book)
        title = next(t.title for t in course.tutorials if t.id == source.id)
        page = tutorial_pages.page(source, title, run, solutions=source.id in solutions)
        book.files[f"tutorials/{source.id}.ipynb"] = page
        book.files[f"{EXTRA}/notebooks/{source.id}.ipynb"] = made[f"student/{source.id}.ipynb"]
        _add_files(source, made, book, shown=source.id in solutions)
        _add_cover(source, run, site, book)
        if deck := slides.sources(source, run):
            book.files |= deck
            site.slides.append(source.id)
    book.files |= render(site)
    book.files |= {f"{EXTRA}/{name}": data for name, data in _extra(site, known).items()}
    if course.citations:
        book.files["references.bib"] = (course.folder / course.citations).read_bytes()
    book.files["_toc.yml"] = _yaml(_toc(site))
    book.files["_config.yml"] = _yaml(_config(site))
    return book


def write(book: Book, out: Path) -> None:
    """Write the sources below `out`, leave alone what is right, remove what isn't a source."""
    for path in sorted(out.rglob("*"), reverse=True):
        if path.is_file() and str(path.relative_to(out)) not in book.files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in book.files.items():
        path = out / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _check_solutions(course: Course, solutions: Collection[str]) -> None:
    known = [t.id for t in course.tutorials]
    for name in solutions:
        if name not in known:
            otherwise = f"the tutorials are {', '.join(known) or 'none'}"
            raise UserError(f"SOLUTIONS: no tutorial '{name}' -> {suggest(name, known, otherwise)}")


def _raise_problems(course: Course) -> None:
    problems = list(_broken_links(course))
    if course.citations:
        problems += bibliography.check(course.folder / course.citations)
    if problems:
        raise CourseError(problems)


def _broken_links(course: Course) -> list[Problem]:
    """Links in the texts of `course.yml` that lead nowhere within the site."""
    site = Site(course, schedule.resolve(course))
    file = read(course.folder / FILE)
    known = [f"{page.name}.md" for page in site.pages if page.tutorial is None]
    known += [t.path for t in course.tutorials]
    for key, text in _texts(file.data, ()):
        for target in links.targets(text):
            if target.path and not target.image and target.path not in known:
                remedy = suggest(target.path, known, f"use a web address or {', '.join(known)}")
                file.wrong(key, f"nothing to link to at {target.path}", remedy)
    return file.problems


def _texts(data: Any, key: Key) -> list[tuple[Key, str]]:
    if isinstance(data, str):
        return [(key, data)]
    items: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    return [found for name, value in items for found in _texts(value, (*key, name))]


def _run(
    source: Tutorial, made: dict[str, bytes], executed: Path, book: Book
) -> dict[str, Outputs]:
    path = executed / f"{source.id}.ipynb"
    found = path.read_bytes() if path.is_file() else None
    run = tutorial_pages.outputs_of(made[f"solution/{source.id}.ipynb"], found)
    if run is None:
        why = "its code has changed since it was run" if found else "it hasn't been run yet"
        book.notes.append(f"{source.file}: shown without outputs, {why} -> make notebooks runs it")
        return {}
    for figure, cell in tutorial_pages.figures(source, run):
        if not figure.alt:
            book.notes.append(
                f"{source.file}:{cell.line}: a figure without a text for those who can't see it"
                " -> add to the cell's options: mystnb: {image: {alt: ...}}"
            )
    return run


def _add_files(source: Tutorial, made: dict[str, bytes], book: Book, *, shown: bool) -> None:
    for cell in source.cells:
        if shown or cell.part != "solution":
            for name in [] if cell.only_on_slides else cell.files:
                book.files[f"tutorials/{name}"] = made[f"solution/{name}"]


def _add_cover(source: Tutorial, run: dict[str, Outputs], site: Site, book: Book) -> None:
    figure = tutorial_pages.cover(source, run)
    if figure:
        path = f"figures/{source.id}.png"
        width, height = Image.open(io.BytesIO(figure.png)).size
        site.covers[source.id] = {
            "path": path, "width": width, "height": height, "alt": figure.alt,
        }  # fmt: skip
        book.files[f"{EXTRA}/{path}"] = figure.png


def _extra(site: Site, known: ledger.Ledger) -> dict[str, bytes]:
    """Feeds, preview and the organisers' files."""
    course, entries = site.course, site.entries
    made = {"preview.png": preview.png(course, site.when, site.where)}
    made |= calendars.calendars(course, entries, known)
    if entries:
        made |= {
            "schedule.json": feed.feed(course, entries, known),
            "schedule.schema.json": feed.schema(),
            "zones.json": zones_json(),
        }
    materials = [m for t in course.tutorials for m in t.materials]
    materials += [m for entry in entries for m in entry.session.materials]
    for name in (m.file for m in materials if m.file):
        made[f"files/{name}"] = (course.folder / name).read_bytes()
    return made


def _toc(site: Site) -> dict[str, Any]:
    root, *chapters = [page.name for page in site.pages]
    return {"format": "jb-book", "root": root, "chapters": [{"file": name} for name in chapters]}


def _config(site: Site) -> dict[str, Any]:
    course = site.course
    config: dict[str, Any] = json.loads(json.dumps(CONFIG))
    config |= {"title": course.title, "author": ", ".join(p.name for p in course.people)}
    if course.citations:
        config["sphinx"]["config"]["bibtex_bibfiles"] = ["references.bib"]
        config["sphinx"]["config"]["extensions"].append("sphinxcontrib.bibtex")
    event = feed.event(course, site.entries)
    config["sphinx"]["config"]["html_context"] = {
        "course": course.model_dump(
            mode="json", include={"title", "event", "language", "url", "licence"}
        ),
        "lab": LAB,
        "where": site.where,
        "pages": [{"name": p.name, "title": p.title, "about": p.about} for p in site.pages],
        "tutorials": {f"tutorials/{t.id}": _lesson(site, t.id) for t in course.tutorials},
        "event": json.dumps(event, ensure_ascii=False).replace("<", "\\u003c") if event else "",
    }
    return config


def _lesson(site: Site, name: str) -> dict[str, Any]:
    """When and by whom a tutorial is taught; whether it has slides, and official checks."""
    entries = [entry for entry in site.entries if entry.session.tutorial == name]
    venue = site.course.venue
    place = (venue.city or venue.zone) if venue else ""
    speakers = [site.course.person(who).name for e in entries for who in e.session.speakers]
    return {
        "id": name,
        "slides": name in site.slides,
        "graded": official.checks_file(site.course, name).is_file(),
        "speakers": list(dict.fromkeys(speakers)),
        "days": list(dict.fromkeys(day(e.start) for e in entries)),
        "sessions": [
            {
                "id": e.id,
                "start": utc(e.start_utc),
                "shown": f"{day(e.start)}, {e.start:%H:%M} ({place})",
            }
            for e in entries
        ],
    }


def _yaml(data: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.dump(data, stream)
    return stream.getvalue()
