"""Makes a tutorial's page: its source as the author wrote it, with the outputs of a run."""

from __future__ import annotations

import base64
import copy
from dataclasses import dataclass
from typing import Any

import nbformat

from ..notebooks import KERNEL
from ..tutorial import Cell, Tutorial
from .text import markdown_escape

Outputs = list[dict[str, Any]]

# What readers open only when they want to: (part or tag, its name).
FOLDED = {"check": "The check", "setup": "Preparation"}


@dataclass(frozen=True)
class Figure:
    """A picture that a tutorial's code drew: PNG bytes and a text for who can't see it."""

    png: bytes
    alt: str
    line: int


def page(source: Tutorial, title: str, run: dict[str, Outputs], *, solutions: bool) -> bytes:
    """The page of a tutorial as a notebook.

    `run` maps the ids of cells to the outputs they had in the solved notebook (see `outputs_of`).
    Exercises show the starter code; solutions, with their outputs, only if `solutions` is set.
    Its `source_map` tells MyST-NB the line of each cell, so that warnings name the source's.
    """
    shown = [c for c in source.cells if solutions or c.part != "solution"]
    shown = [cell for cell in shown if not cell.only_on_slides]
    made = [(_code(cell, run) if cell.is_code else _text(cell.myst), cell.line) for cell in shown]
    if not _begins_with_title(source):
        made.insert(0, (_text(f"# {markdown_escape(title)}"), 1))
    for number, (node, _) in enumerate(made):
        node.id = f"cell-{number}"
    metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "source_map": [line - 2 for _, line in made],  # MyST-NB adds 1, and MyST again
    }
    notebook = nbformat.v4.new_notebook(cells=[node for node, _ in made], metadata=metadata)
    return (nbformat.writes(notebook) + "\n").encode()


def outputs_of(solved: bytes, executed: bytes | None) -> dict[str, Outputs] | None:
    """The outputs by cell id of `executed`, a run of the solved notebook `solved`.

    None if there was no run, or of other code than there is now.
    """
    if executed is None:
        return None
    wanted = _code_cells(nbformat.reads(solved.decode(), as_version=4))
    found = _code_cells(nbformat.reads(executed.decode(), as_version=4))
    if {i: cell.source for i, cell in wanted.items()} != {i: c.source for i, c in found.items()}:
        return None
    return {name: cell.outputs for name, cell in found.items()}


def cover(source: Tutorial, run: dict[str, Outputs]) -> Figure | None:
    """The figure that stands for the tutorial: of the cell tagged `cover`, else the first."""
    found = figures(source, run)
    chosen = [figure for figure, cell in found if "cover" in cell.tags]
    return next(iter([*chosen, *(figure for figure, _ in found)]), None)


def figures(source: Tutorial, run: dict[str, Outputs]) -> list[tuple[Figure, Cell]]:
    """The figures that readers see, each with its cell; an empty `alt` where none was written."""
    found = []
    for cell in source.cells:
        for output in _shown(cell, run):
            png = output.get("data", {}).get("image/png")
            if png and cell.part != "solution":
                figure = Figure(base64.b64decode(png), _alt(cell), cell.line)
                found.append((figure, cell))
    return found


def _begins_with_title(source: Tutorial) -> bool:
    return bool(source.cells) and source.cells[0].myst.startswith("# ")


def _code_cells(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


def _text(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def _code(cell: Cell, run: dict[str, Outputs]) -> nbformat.NotebookNode:
    node = copy.deepcopy(cell.node)
    node.outputs = copy.deepcopy(_shown(cell, run))
    kind = next((FOLDED[t] for t in cell.tags if t in FOLDED), None)
    if kind:
        node.metadata["tags"] = [*cell.tags, "hide-input"]
        node.metadata["mystnb"] = {**node.metadata.get("mystnb", {}), "code_prompt_show": kind}
    return node


def _shown(cell: Cell, run: dict[str, Outputs]) -> Outputs:
    """An exercise's starter and its check have no outputs to show: the run was of the solution."""
    if cell.part in ("exercise", "check") or "remove-output" in cell.tags:
        return []
    name = f"{cell.exercise}-exercise" if cell.part == "solution" else cell.node.get("id")
    return [nbformat.from_dict(output) for output in run.get(str(name), [])]


def _alt(cell: Cell) -> str:
    return str(cell.node.metadata.get("mystnb", {}).get("image", {}).get("alt", "")).strip()
