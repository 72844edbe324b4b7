"""Builds the website: its sources by courseware, the pages by Jupyter Book in its environment."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from courseware import schedule
from courseware.course import Course
from courseware.errors import CourseError, UserError
from courseware.site import book, ledger, publish, slides
from courseware.site.pages import Site

from cloudlab import environments, system
from cloudlab.digest import inputs_sha256
from cloudlab.progress import Step, console, run, step
from cloudlab.workspace import REPOSITORY, Workspace, environment

LOCK = REPOSITORY / "course" / "requirements.txt"
THEME = REPOSITORY / "course" / "courseware" / "theme"
CODE = (THEME, Path(publish.__file__), Path(__file__))  # what the sources alone don't tell


def build(course: Course, workspace: Workspace) -> None:
    """Make the website in var/site/; quick when nothing changed.

    Raises UserError with all that is wrong in the course's files; the website stays as it was then.
    """
    with step("Site") as current:
        before = ledger.read(course.folder)
        known = before.updated(schedule.resolve(course), datetime.now(UTC))
        executed = workspace.notebooks / "executed"
        made = book.make(course, executed, known, workspace.solutions)
        sources = workspace.build / "site" / "sources"
        book.write(made, sources)
        made_from = workspace.build / "site" / "made-from"
        wanted = inputs_sha256([sources, *CODE, LOCK])
        if workspace.site.exists() and made_from.exists() and made_from.read_text() == wanted:
            current.outcome = f"{workspace.site}, as it was"
        else:
            environments.ensure("book", [LOCK], workspace, current)
            system.hand_over(environment("book"))
            made_from.unlink(missing_ok=True)
            _render(course, workspace, made, sources, current)
            made_from.write_text(wanted)
            current.outcome = str(workspace.site)
        system.hand_over(workspace.site)
        system.hand_over(workspace.build)
        if known != before:  # now that the calendars say so
            known.write(course.folder)
            system.hand_over(course.folder / ledger.FILE)
            console.print(f"  written: {course.folder / ledger.FILE} (keep it with the course)")
    for note in made.notes:
        console.print(f"  [yellow]note[/] {note}")


def _render(
    course: Course, workspace: Workspace, made: book.Book, sources: Path, current: Step
) -> None:
    rendered = sources.parent / "rendered"
    log = workspace.log / "site.log"
    command = environment("book") / "bin" / "jupyter-book"
    options: list[str | Path] = ["--path-output", rendered, "--warningiserror", "--keep-going"]
    try:
        run([command, "build", sources, *options], log=log, current=current, remedy="see the log")
    except UserError:
        shutil.rmtree(rendered, ignore_errors=True)  # a second try would pass over what it has read
        if found := publish.problems(log.read_text(errors="replace"), sources, course):
            raise CourseError(found) from None
        raise
    pages = [page.name for page in Site(course, schedule.resolve(course)).pages]
    files = [
        name.removeprefix(f"{book.EXTRA}/") for name in made.files if name.startswith(book.EXTRA)
    ]
    files += [f"_static/{file.name}" for file in (THEME / "static").iterdir()]
    pages += [f"{slides.FOLDER}/{each}" for each in made.slides]
    html = rendered / "_build" / "html"
    if missing := publish.publish(html, workspace.site, [*pages, "search"], files):
        raise UserError("The site refers to what isn't there:\n" + "\n".join(missing))
