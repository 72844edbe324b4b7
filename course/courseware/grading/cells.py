"""Which of a notebook's cells the grading of an exercise needs."""

from __future__ import annotations

from nbformat import NotebookNode


def exercises(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells of a notebook's exercises by name, in order."""
    found = (cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", []))
    return {cell.metadata["syllab"]["exercise"]: cell for cell in found}


def needed(notebook: NotebookNode, exercise: str) -> list[NotebookNode]:
    """The `setup` cells, the exercises that it needs, and its own cell, in the notebook's order.

    Raises KeyError when there is no such exercise.
    """
    known = exercises(notebook)
    wanted, todo = set(), [exercise]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += known[name].metadata["syllab"].get("needs", [])
    chosen = {known[name].id for name in wanted}
    return [c for c in notebook.cells if c.id in chosen or "setup" in c.metadata.get("tags", [])]


def is_slow(notebook: NotebookNode, exercise: str) -> bool:
    """Whether grading it was declared to take long. Raises KeyError for an unknown exercise."""
    return bool(exercises(notebook)[exercise].metadata["syllab"].get("slow", False))
