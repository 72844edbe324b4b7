"""The exercises of a release: their cells, their points, their checks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import nbformat
from courseware import official
from courseware.errors import UserError
from courseware.grading import cells
from nbformat import NotebookNode


@dataclass(frozen=True)
class Exercise:
    """One exercise; `maximum` are its points, `slow` puts it into the slow lane.

    `cells` are the sources by id, as they were handed out, of all that runs before its checks.
    """

    tutorial: str
    name: str
    maximum: float
    slow: bool
    cells: dict[str, str]
    checks: Path

    def sources(self, submitted: dict[str, str]) -> list[str]:
        """What to run for a submission, in order: cells that it lacks are as handed out."""
        return list((self.cells | submitted).values())


class Exercises:
    """All exercises of a release that have official checks, in the course's order.

    `tutorials` has them by tutorial and name; `made_with` each tutorial's hash of checks and the
    ID of the lab's image, by which results of other releases are told apart.
    """

    def __init__(self, release: Path) -> None:
        """Read the release's folder. Raises UserError if it is damaged."""
        try:
            manifest = json.loads((release / "manifest.json").read_text())
            found = {name: _exercises(release, name) for name in manifest["tutorials"]}
            self.image: str = manifest["image"]["id"]
        except (OSError, ValueError, LookupError) as error:
            what = f"{release}: damaged ({error})"
            raise UserError(f"{what} -> remove that folder and run `make up` again") from error
        self.tutorials: dict[str, dict[str, Exercise]] = {n: e for n, e in found.items() if e}
        self.made_with = {
            name: (sha256(_checks(release, name).read_bytes()).hexdigest(), self.image)
            for name in self.tutorials
        }

    def get(self, tutorial: str, exercise: str) -> Exercise | None:
        """The exercise of that name, None if there is none."""
        return self.tutorials.get(tutorial, {}).get(exercise)


def _checks(release: Path, tutorial: str) -> Path:
    return release / "notebooks" / "checks" / f"test_{tutorial}.py"


def _exercises(release: Path, tutorial: str) -> dict[str, Exercise]:
    checks = _checks(release, tutorial)
    if not checks.is_file():
        return {}
    notebook = nbformat.read(release / "notebooks" / "student" / f"{tutorial}.ipynb", as_version=4)
    points: dict[str, float] = {}
    for mark in official.marks(checks, "exercise"):
        points[mark.exercise] = points.get(mark.exercise, 0.0) + mark.points
    return {
        name: _exercise(notebook, tutorial, name, points.get(name, 0.0), checks)
        for name in cells.exercises(notebook)
    }


def _exercise(
    notebook: NotebookNode, tutorial: str, name: str, points: float, checks: Path
) -> Exercise:
    sources = {cell.id: cell.source for cell in cells.needed(notebook, name)}
    return Exercise(tutorial, name, points, cells.is_slow(notebook, name), sources, checks)
