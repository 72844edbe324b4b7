"""What test machines are in the engine, and its removal, also after runs that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

LABEL = "syllab.test-machines"  # its value is the folder of the machines made together


def locked(folder: Path) -> int:
    """Lock a folder for as long as this process lives. Raises BlockingIOError if it is locked."""
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise
    return file


def sweep() -> None:
    """Remove what runs that were killed have left: nobody holds the lock of their folder."""
    kinds = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
    shown = [
        docker(*kind, f"--filter=label={LABEL}", "--format", f'{{{{.Label "{LABEL}"}}}}')
        for kind in kinds
    ]
    for folder in set("\n".join(shown).split()):
        try:
            lock = locked(Path(folder))
        except BlockingIOError:
            continue
        except FileNotFoundError:
            remove(folder)
            continue
        remove(folder)
        shutil.rmtree(folder)
        os.close(lock)


def remove(folder: str) -> None:
    """Remove the machines of one folder, their disks and their network."""
    chosen = f"--filter=label={LABEL}={folder}"
    for listing, removal in (
        (["ps", "--all"], ["rm", "--force", "--volumes"]),
        (["volume", "ls"], ["volume", "rm"]),
        (["network", "ls"], ["network", "rm"]),
    ):
        found = docker(*listing, "--quiet", chosen).split()
        if found:
            docker(*removal, *found)


def docker(*command: str) -> str:
    """Run a docker command, which must succeed; its output."""
    done = subprocess.run(["docker", *command], capture_output=True, text=True)
    assert done.returncode == 0, f"docker {' '.join(command)}\n{done.stderr}"
    return done.stdout
