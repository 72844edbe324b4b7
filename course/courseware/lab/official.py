"""Shows official results: of one exercise, of a notebook's exercises, of all tutorials."""

from __future__ import annotations

from os.path import expanduser
from pathlib import Path
from typing import Any

from . import collect, outbox, place, record, show
from . import grader as graders
from .collect import Unready
from .grader import Busy, Down, Refused
from .handed_out import Notebook
from .live import Live
from .show import Section, Table
from .submit import Round, Status
from .visible import Outcome

NOTEBOOKS = place.SOURCE
WAIT, WAIT_FOR_ALL = 90.0, 300.0  # seconds

_outbox = outbox.Outbox(Path(expanduser("~"), outbox.FOLDER))


def check(exercise: str, outcomes: list[Outcome], known: list[str]) -> None:
    """Show the visible outcomes, and below them the official result as it comes.

    `known` are the exercises that have visible tests.
    """
    live = Live()
    sections = [show.visible(exercise, outcomes)] if outcomes else []
    grader = graders.found()
    if grader is None:
        names = ", ".join(known) or "none yet"
        nothing = f"Nothing to check for '{exercise}': run its check cell first. Known: {names}."
        _show(live, sections or [Section(nothing)])
        return

    def tell(round_: Round) -> None:
        official = show.official(round_.status[exercise])
        _show(live, [*sections, official, Section("", below=round_.notes)])

    try:
        notebook = collect.notebook_of(exercise, NOTEBOOKS, record.cells)
        submission = collect.submission(exercise, notebook, record.cells)
        Round(grader, _outbox, {exercise: submission}, tell).run(WAIT)
    except Unready as error:
        _show(live, [*sections, show.official(Status(f"none. {error}"))])
    except Exception as error:  # whatever it is, the visible outcome stays
        _show(live, [*sections, show.official(Status(f"none. {_unexpected(error)}"))])


def submit_all() -> None:
    """Submit the exercises of the kernel's notebook that were changed and run."""
    live = Live()
    grader = graders.found()
    if grader is None:
        _show(live, [Section(graders.NO_GRADER)])
        return
    try:
        cells = record.cells
        notebook = collect.notebook_here(NOTEBOOKS, cells)
        run = [name for name, cell in notebook.own.items() if cell in cells]
        changed = [name for name in run if collect.is_changed(name, notebook, cells)]
        left_out = [
            *_listed("Not run, so not submitted", [n for n in notebook.own if n not in run]),
            *_listed("As handed out, so not submitted", [n for n in run if n not in changed]),
        ]

        def tell(round_: Round) -> None:
            table = _results(notebook, round_, left_out)
            live.show(show.table_text(table), show.table_html(table))

        submissions = {name: collect.submission(name, notebook, cells) for name in changed}
        Round(grader, _outbox, submissions, tell).run(WAIT_FOR_ALL)
    except Unready as error:
        _show(live, [Section(str(error))])
    except Exception as error:
        _show(Live(), [Section(_unexpected(error))])  # below the table, which stays


def progress() -> None:
    """Show the points of all tutorials, after sending what was kept."""
    live = Live()
    grader = graders.found()
    if grader is None:
        _show(live, [Section(graders.NO_GRADER)])
        return
    notes: list[str] = []
    try:
        delivery = _outbox.send(grader)
        kept = [f"{each['tutorial']}, {each['exercise']}" for each in _outbox.kept()]
        notes += [*_outbox.news(), *delivery.notes]
        notes += _listed("Kept in your home, not sent yet", kept)
        if kept:
            _outbox.send_later(grader)
        if delivery.unreachable:
            raise delivery.unreachable
        table = _points(grader.progress(), notes)
        live.show(show.table_text(table), show.table_html(table))
    except Busy as error:
        _show(live, [Section(f"{error} Try again in {error.seconds} s.", below=notes)])
    except (Down, Refused) as error:
        _show(live, [Section(str(error), below=notes)])
    except KeyboardInterrupt:
        _show(live, [Section("Interrupted.", below=notes)])
    except Exception as error:
        _show(live, [Section(_unexpected(error), below=notes)])


def _results(notebook: Notebook, round_: Round, left_out: list[str]) -> Table:
    rows = [[name, *show.summary(status)] for name, status in round_.status.items()]
    reached = [show.standing(round_.progress)] if round_.progress else []
    title, head = f"{notebook.tutorial}: official results", ["Exercise", "Points", "Result"]
    return Table(title, head, rows, [*reached, *left_out, *round_.notes])


def _points(tutorials: list[dict[str, Any]], notes: list[str]) -> Table:
    rows = []
    for tutorial in tutorials:
        rows.append([tutorial["tutorial"], "all", show.points(tutorial), "", ""])
        for each in tutorial["exercises"]:
            counts = [str(each["attempts"]), str(each["waiting"] or "")]
            rows.append(["", each["exercise"], show.points(each), *counts])
    head = ["Tutorial", "Exercise", "Points", "Attempts", "Waiting"]
    return Table("Your points", head, rows, notes)


def _listed(what: str, names: list[str]) -> list[str]:
    return [f"{what}: {'; '.join(names)}."] if names else []


def _unexpected(error: Exception) -> str:
    # Only its type: its text may hold anything.
    name = type(error).__name__
    return f"Something went wrong here ({name}). Try again; if it stays so, tell a helper."


def _show(live: Live, sections: list[Section]) -> None:
    live.show(show.panel_text(sections), show.panel_html(sections))
