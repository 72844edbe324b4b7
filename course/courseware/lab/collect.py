"""Collects what is submitted: the cells that an exercise needs, as they were run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from . import handed_out
from .handed_out import Notebook


class Unready(Exception):
    """Nothing can be submitted yet; the text says what to do first."""


def notebook_of(exercise: str, folder: str, run: dict[str, str]) -> Notebook:
    """The notebook of an exercise, its own cell having been run. Raises Unready.

    `folder` has the notebooks as they were handed out, `run` is `record.cells`.
    """
    known = handed_out.read(folder)
    candidates = [notebook for notebook in known if exercise in notebook.own]
    if not candidates:
        names = ", ".join(dict.fromkeys(name for notebook in known for name in notebook.own))
        raise Unready(f"There is no exercise '{exercise}' here; there are: {names or 'none'}.")
    found = handed_out.of_kernel(candidates, run)
    if not any(notebook.own[exercise] in run for notebook in found):
        raise Unready(f"Run the cell of '{exercise}' first: it is submitted as it was run.")
    return _only(found)


def notebook_here(folder: str, run: dict[str, str]) -> Notebook:
    """The notebook that the cells were run from. Raises Unready."""
    known = handed_out.read(folder)
    if not any(cell in run for notebook in known for cell in notebook.own.values()):
        raise Unready("No exercise was run in this notebook yet: run their cells first.")
    return _only(handed_out.of_kernel(known, run))


def submission(exercise: str, notebook: Notebook, run: dict[str, str]) -> dict[str, Any]:
    """What the grader is sent, with a key of its own."""
    return {
        "key": uuid4().hex,
        "tutorial": notebook.tutorial,
        "exercise": exercise,
        "cells": {cell: run[cell] for cell in notebook.needed(exercise) if cell in run},
    }


def is_changed(exercise: str, notebook: Notebook, run: dict[str, str]) -> bool:
    """Whether the exercise's own cell was run with something else than the starter in it."""
    cell = notebook.own[exercise]
    return run[cell].rstrip() != notebook.sources[cell].rstrip()


def _only(found: list[Notebook]) -> Notebook:
    if len(found) > 1:
        names = " or ".join(notebook.tutorial for notebook in found)
        raise Unready(f"This may be {names}: run another cell of your notebook first.")
    return found[0]
