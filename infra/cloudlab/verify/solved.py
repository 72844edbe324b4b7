"""Which of a release's solved cells show that a course works."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import nbformat
from courseware.errors import UserError
from courseware.grading import cells
from courseware.tutorial import PREBUILD
from nbformat import NotebookNode

from cloudlab.verify.findings import Failure
from cloudlab.verify.kernel import Kernel
from cloudlab.verify.visitor import Visitor

LIMIT = 120  # seconds for all cells of a part
RAISES = "raises-exception"  # Jupyter's tag of cells that are meant to fail
GRADED_LIMIT = 120  # seconds for a check; the grader's own limit is shorter


@dataclass(frozen=True)
class Part:
    """Some cells of a tutorial's solved notebook, in its order; `exercise` is what they solve."""

    tutorial: str
    cells: list[NotebookNode]
    exercise: str = ""

    def run(self, kernel: Kernel) -> None:
        """Run them, as they stand in their notebook. Raises Failure."""
        until = time.monotonic() + LIMIT
        for cell in self.cells:
            try:
                kernel.run(cell.source, until, cell.id)
            except Failure as failure:
                what = f"the cell “{cell.source.strip().splitlines()[0]}” {failure.what}"
                raise Failure(what, failure.remedy) from None


class Release:
    """A release's folder. Raises UserError where it can't be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            self.tutorials: list[str] = manifest["tutorials"]
            self.home = (folder / "site" / "index.html").read_bytes()
            self._solved = {name: self._read(name) for name in self.tutorials}
        except (OSError, ValueError, LookupError) as error:
            what = f"{folder}: can't be read ({error})"
            raise UserError(f"{what} -> remove that folder and run `make release`") from None

    def tools(self) -> list[Part]:
        """What each tutorial sets up, and what was built into the image for it."""
        found = [Part(name, _tools(notebook)) for name, notebook in self._solved.items()]
        return [part for part in found if part.cells]

    def exercise(self) -> Part | None:
        """The first exercise that is graded, and quickly; None if there is none.

        Before it come the cells that open its tutorial, so that a course's first steps are tried.
        """
        for name, notebook in self._solved.items():
            if not (self.folder / "notebooks" / "checks" / f"test_{name}.py").is_file():
                continue
            for exercise in cells.exercises(notebook):
                if not cells.is_slow(notebook, exercise):
                    return Part(name, _with_opening(notebook, exercise), exercise)
        return None

    def _read(self, name: str) -> NotebookNode:
        path = self.folder / "notebooks" / "solution" / f"{name}.ipynb"
        return nbformat.read(path, as_version=4)


def run_tools(visitor: Visitor, part: Part) -> None:
    """Run a tutorial's tools in a kernel of their own. Raises Failure."""
    with visitor.kernel() as kernel:
        part.run(kernel)


def submit(visitor: Visitor, part: Part) -> str:
    """Solve an exercise and have it graded, as participants do; the points. Raises Failure."""
    with visitor.kernel() as kernel:
        part.run(kernel)
        ask = f"from courseware.lab.check import check\ncheck({part.exercise!r})"
        lines = kernel.run(ask, time.monotonic() + GRADED_LIMIT).splitlines()
    said = [line for line in lines if line.startswith("Official result: ")]
    result = (said or lines or ["no answer"])[-1].removeprefix("Official result: ")
    points = result.split()
    if points[1:2] == ["of"] and points[0] == points[2]:
        return result
    below = lines[lines.index(said[-1]) + 1 :] if said else []
    raise Failure(" ".join([result, *map(str.strip, below)]), _GRADER)


_GRADER = "see that the hub runs this release, and what the hub's log says of the grader"


def _tools(notebook: NotebookNode) -> list[NotebookNode]:
    built = [c for c in notebook.cells if PREBUILD in _tags(c)]
    needs = {n for c in built for n in c.metadata.get("syllab", {}).get("needs", [])}
    wanted = {c.id for c in built}
    wanted |= {c.id for name in needs for c in cells.needed(notebook, name)}
    return [c for c in notebook.cells if c.id in wanted or "setup" in _tags(c)]


def _with_opening(notebook: NotebookNode, exercise: str) -> list[NotebookNode]:
    """What an exercise needs, and the code before the tutorial's first one."""
    opening = takewhile(lambda c: "exercise" not in _tags(c), notebook.cells)
    wanted = {c.id for c in opening if c.cell_type == "code" and RAISES not in _tags(c)}
    wanted |= {c.id for c in cells.needed(notebook, exercise)}
    return [c for c in notebook.cells if c.id in wanted]


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))
