"""Notes each cell's source as it is run, by the cell's id: that is what is submitted.

The saved notebook isn't read: it may be older than what was run. An IPython extension, loaded in
every kernel of a lab by images/lab/ipython_kernel_config.py.
"""

from __future__ import annotations

from typing import Any

cells: dict[str, str] = {}
"""The source of each cell as it was run last, by id; the one run last is at the end."""


def load_ipython_extension(shell: Any) -> None:
    """Note from now on what this shell runs; IPython calls it."""
    shell.events.register("pre_run_cell", note)


def note(info: Any) -> None:
    """Note one cell. `info` is IPython's ExecutionInfo.

    Its cell_id is the `cellId` that JupyterLab sends with each cell; code without one, such as a
    console's, belongs to no notebook.
    """
    if isinstance(info.cell_id, str):
        cells.pop(info.cell_id, None)
        cells[info.cell_id] = info.raw_cell
