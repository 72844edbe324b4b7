"""Programs that outlive the command which started them, known again by a note."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

STOP_TIMEOUT = 60  # seconds


def start(command: Sequence[str], *, note: Path, log: Path, env: Mapping[str, str]) -> None:
    """Start `command` by itself, its output added to `log`; `note` says which process it is."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | env,
        )
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"pid": process.pid, "command": list(command)}))


def find(note: Path) -> psutil.Process | None:
    """The noted process if it still runs; its number alone may be somebody else's by now."""
    try:
        noted = json.loads(note.read_text())
        process = psutil.Process(noted["pid"])
        return process if process.cmdline() == noted["command"] else None
    except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
        return None


def family(process: psutil.Process | None) -> set[int]:
    """The IDs of a process and of all that it started; none for None."""
    return {process.pid, *(p.pid for p in process.children(recursive=True))} if process else set()


def stop(note: Path) -> bool:
    """End the noted process and wait for it; False if it did not run."""
    process = find(note)
    if process is not None:
        below = process.children(recursive=True)
        process.terminate()
        _, alive = psutil.wait_procs([process, *below], timeout=STOP_TIMEOUT)
        for survivor in alive:
            survivor.kill()
    note.unlink(missing_ok=True)
    return process is not None
