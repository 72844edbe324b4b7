"""Makes a tutorial's slides: what its author wrote for the room, with figures, and the exercises.

Jupyter Book renders them like other pages; the theme makes a deck of them, with a title slide.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from .. import links
from ..errors import CourseError, Problem
from ..notebooks import KERNEL
from ..tutorial import SLIDE, Cell, Tutorial
from .text import raw_html
from .tutorial_pages import Figure, Outputs, figures

FOLDER = "slides"

Slide = list[tuple[NotebookNode, int]]
"""The cells of a slide, each with its line in the tutorial's source."""


def sources(source: Tutorial, run: dict[str, Outputs]) -> dict[str, bytes]:
    """A tutorial's slides, `slides/<tutorial>.ipynb`, and the files that go with them, by path.

    Empty for a tutorial without a text tagged `slide`. `run` maps the ids of cells to the outputs
    they had in the solved notebook (see `tutorial_pages.outputs_of`); without it figures are left
    out. Raises CourseError with every tag `slide` that stands where it can't.
    """
    texts = [cell for cell in source.cells if cell.only_on_slides]
    first = texts[0].line if texts else None
    if problems := [p for cell in source.cells if (p := _problem(source, cell, first))]:
        raise CourseError(problems)
    if not texts:
        return {}
    slides = _slides(source, run)
    made = {f"{FOLDER}/{source.id}.ipynb": _notebook([cell for slide in slides for cell in slide])}
    folder = Path(source.file).parent
    files = [name for cell in texts for name in cell.files]
    return made | {f"{FOLDER}/{name}": (folder / name).read_bytes() for name in files}


def _problem(source: Tutorial, cell: Cell, first: int | None) -> Problem | None:
    """Why a cell can't be on slides, of which the first is on the line `first`."""
    if SLIDE not in cell.tags:
        return None
    if cell.part:
        what, remedy = f"a {cell.part} can't be on a slide", f"remove the tag {SLIDE}"
        if cell.part == "exercise":
            what = "an exercise has its own slide already"
    elif cell.only_on_slides and not _has_one_title(cell.myst):
        what = "a slide has one heading, its title"
        remedy = "begin it with ## and the title, and use no other headings on it"
    elif cell.is_code and (first is None or cell.line < first):
        what = "there is no slide for this figure"
        remedy = f"put a text tagged {SLIDE} before it, or remove the tag"
    else:
        return None
    return Problem(source.file, cell.line, "tags", what, remedy)


def _has_one_title(text: str) -> bool:
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    return bool(re.match(r"## +\S", text)) and headings == ["h2"]


def _slides(source: Tutorial, run: dict[str, Outputs]) -> list[Slide]:
    drawn = figures(source, run)
    slides: list[Slide] = []
    written: Slide = []  # the author's last one: figures go there, whatever exercises are between
    heading, told = "Exercise", set()
    for cell in source.cells:
        if cell.only_on_slides:
            written = [(_text(cell), cell.line)]
            slides.append(written)
        elif SLIDE in cell.tags:
            written += [(_figure(figure, cell), cell.line) for figure, of in drawn if of is cell]
        elif not cell.is_code and (found := re.match(r"#+ +(\S.*)", cell.myst)):
            heading = found[1]
        if cell.part == "exercise" and cell.exercise not in told:
            told.add(cell.exercise)
            slides.append([(_exercise(heading, cell), cell.line)])
    return slides


def _text(cell: Cell) -> NotebookNode:
    """A slide's text: a section of its own, from which links find the other tutorials."""
    text = cell.myst.removeprefix("#")
    for address, path in {(t.address, t.path) for t in links.targets(text)}:
        if path and os.path.normpath(path) not in cell.files:
            text = text.replace(f"]({address}", f"](../tutorials/{address}")
    return nbformat.v4.new_markdown_cell(text)


def _figure(figure: Figure, cell: Cell) -> NotebookNode:
    png = base64.b64encode(figure.png).decode()
    output = nbformat.v4.new_output("display_data", {"image/png": png})
    metadata = {"tags": ["remove-input"], "mystnb": {"image": {"alt": figure.alt}}}
    return nbformat.v4.new_code_cell(cell.node.source, outputs=[output], metadata=metadata)


def _exercise(heading: str, cell: Cell) -> NotebookNode:
    line = f'<p class="exercise">In your notebook: exercise <code>{cell.exercise}</code></p>'
    return nbformat.v4.new_markdown_cell(f"# {heading}\n\n{raw_html(line)}")


def _notebook(cells: Slide) -> bytes:
    for number, (node, _) in enumerate(cells):
        node.id = f"cell-{number}"
    metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "source_map": [line - 2 for _, line in cells],  # as in tutorial_pages.page
        "orphan": True,  # in no table of contents
        "nosearch": True,  # a search should find the tutorial's page
    }
    notebook = nbformat.v4.new_notebook(cells=[node for node, _ in cells], metadata=metadata)
    return (nbformat.writes(notebook) + "\n").encode()
