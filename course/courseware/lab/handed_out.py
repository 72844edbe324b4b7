"""The course's notebooks as they were handed out: which cells belong to which exercise."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Notebook:
    """One tutorial: its cells' sources by id, the `setup` cells' ids, and its exercises."""

    tutorial: str
    sources: dict[str, str] = field(default_factory=dict)
    setup: set[str] = field(default_factory=set)
    own: dict[str, str] = field(default_factory=dict)
    """The id of each exercise's own cell, in the notebook's order."""
    needs: dict[str, list[str]] = field(default_factory=dict)

    def needed(self, exercise: str) -> list[str]:
        """The ids of the cells that an exercise needs, as `courseware.grading.cells.needed`.

        Raises KeyError when there is no such exercise.
        """
        wanted: set[str] = set()
        todo = [exercise]
        while todo:
            name = todo.pop()
            if self.own[name] not in wanted:
                wanted.add(self.own[name])
                todo += self.needs[name]
        return [cell for cell in self.sources if cell in wanted | self.setup]


def read(folder: str) -> list[Notebook]:
    """The notebooks in the folder, by name; none when there is no such folder."""
    paths = sorted(Path(folder).glob("*.ipynb"))
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [_notebook(each) for each in contents if "syllab" in each["metadata"]]


def _notebook(content: dict[str, Any]) -> Notebook:
    notebook = Notebook(content["metadata"]["syllab"]["tutorial"])
    for cell in content["cells"]:
        notebook.sources[cell["id"]] = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        if "setup" in tags:
            notebook.setup.add(cell["id"])
        if "exercise" in tags:
            about = cell["metadata"]["syllab"]
            notebook.own[about["exercise"]] = cell["id"]
            notebook.needs[about["exercise"]] = about.get("needs", [])
    return notebook


def of_kernel(notebooks: list[Notebook], run: Iterable[str]) -> list[Notebook]:
    """Those that the cells were run from: one, unless the cells are in several or in none.

    `run` are the cells' ids, the one run last at the end. Notebooks share ids (a `setup` cell, an
    exercise's name), so each cell, from the last one back, leaves over those that have it.
    """
    left = notebooks
    for cell in reversed(list(run)):
        left = [each for each in left if cell in each.sources] or left
    return left
