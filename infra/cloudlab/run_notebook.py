"""Runs a notebook inside a lab: run_notebook.py NOTEBOOK RESULT [allow-errors].

`cloudlab.execution` hands it to the lab as text, so it can use only what is in the image. Prints
the number of each cell when it starts it, from 0, and nothing else. RESULT has the outputs also
when a cell fails; the exit code is 1 then.
"""

from __future__ import annotations

import os
import sys
import traceback

import nbformat
from nbclient import NotebookClient


def main(source: str, result: str, *options: str) -> int:
    """Run it; the exit code."""
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        allow_errors="allow-errors" in options,
        record_timing=False,  # the same run gives the same bytes
        iopub_timeout=60,  # seconds for outputs that are late on a busy machine; 4 lose some
        raise_on_iopub_timeout=True,
        on_cell_start=lambda cell, cell_index: print(cell_index, flush=True),
    )
    try:
        # What a kernel's compilers print must not be taken for ours.
        client.execute(stdout=sys.stderr, cleanup_kc=False)
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        nbformat.write(notebook, result)
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stderr.flush()
    # The kernel goes with the container. Taking leave of it can hang: jupyter_client then waits
    # for its heartbeat's thread, which waits for the kernel that is gone.
    os._exit(status)
