"""Runs a notebook inside a lab: run_notebook.py NOTEBOOK RESULT [allow-errors].

`cloudlab.execution` hands it to the lab as text, so it can use only what is in the image. Prints
the number of each cell when it starts it, from 0, and nothing else. RESULT has the outputs also
when a cell fails; the exit code is 1 then. Its metadata tells what was `used`: the kernel's peak
`memory` (bytes) and the processor time (s) of each cell, `cpu`, in their order.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient


def main(source: str, result: str, *options: str) -> int:
    """Run it; the exit code."""
    notebook = nbformat.read(source, as_version=4)
    meter = Meter()
    client = NotebookClient(
        notebook,
        allow_errors="allow-errors" in options,
        record_timing=False,  # the same run gives the same bytes
        iopub_timeout=60,  # seconds for outputs that are late on a busy machine; 4 lose some
        raise_on_iopub_timeout=True,
        on_cell_start=lambda cell, cell_index: print(cell_index, flush=True),
        on_cell_complete=lambda cell, cell_index: meter.note(cell_index),
        on_notebook_start=lambda notebook: meter.start(),
    )
    try:
        # What a kernel's compilers print must not be taken for ours.
        client.execute(stdout=sys.stderr, cleanup_kc=False)
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        notebook.metadata["used"] = meter.used(len(notebook.cells))
        nbformat.write(notebook, result)
    return 0


class Meter:
    """What a kernel uses, with the programs that it ran and waited for."""

    def __init__(self) -> None:
        self.before = 0.0
        self.cpu: dict[int, float] = {}
        self.memory = 0

    def start(self) -> None:
        """The kernel, our one child, was started."""
        (self.kernel,) = psutil.Process().children()
        self.before = self._cpu()

    def note(self, cell: int) -> None:
        """A cell has ended."""
        now = self._cpu()
        self.cpu[cell], self.before = now - self.before, now
        status = Path(f"/proc/{self.kernel.pid}/status").read_text()
        self.memory = int(status.split("VmHWM:")[1].split()[0]) * 1024

    def used(self, cells: int) -> dict[str, object]:
        """What the module's text tells of."""
        return {"memory": self.memory, "cpu": [self.cpu.get(cell, 0.0) for cell in range(cells)]}

    def _cpu(self) -> float:
        return float(sum(self.kernel.cpu_times()[:4]))


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stderr.flush()
    # The kernel goes with the container. Taking leave of it can hang: jupyter_client then waits
    # for its heartbeat's thread, which waits for the kernel that is gone.
    os._exit(status)
