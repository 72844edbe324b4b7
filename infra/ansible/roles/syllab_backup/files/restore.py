"""Brings a course's hub database, gradebook and homes back from a snapshot.

usage: restore.py SNAPSHOT

The start of a snapshot's ID, or `latest`. It lies beside `backup.py`. Restored things are laid
ready while the hub runs, and then exchanged for what is there by renaming. Cut off at any point,
nothing is lost: the next call puts back what was exchanged, before it begins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import backup
from backup import COPY, INSTANCE, LIVE, NOTE, STATE, VOLUMES, Problem, restic

BEFORE = "before-restore"  # the tag of snapshots of what a restore replaced
RESERVE = 500 * 2**20  # bytes of disk that stay free
START_TIMEOUT = 90  # seconds
RESTARTS = 3  # of a hub that ends again and again
HUB = backup.settings()["hub"]  # of several machines one has the hub, the others have homes
PROGRAMS = [f"syllab-{INSTANCE}-{name}.service" for name in ("proxy", "site", "hub")] if HUB else []
# What a path is called while it is exchanged, before and after; a database's log goes with it.
ASIDE, NEW = ".before-restore", ".restored"
TAILS = ("", "-wal", "-shm", "-journal")


def restore(wanted: str) -> None:
    """Bring a snapshot back. Homes that it doesn't know stay as they are.

    Raises Problem; what was there before is then there again, and running.
    """
    if HUB and not (LIVE / "hub.json").exists():
        raise Problem("Nothing is deployed on this machine -> make deploy, then make restore")
    if NOTE.exists():
        undo()
    sweep()
    snapshot = find(wanted)
    backup.save(BEFORE)
    fetched = VOLUMES.parent / f"syllab-{INSTANCE}-restore"  # renamed from there, not copied
    shutil.rmtree(fetched, ignore_errors=True)
    try:
        make_room(snapshot)
        restic("restore", snapshot, "--target", str(fetched))
        backup.examine(Path(f"{fetched}{COPY}"))
        replace(lay_ready(fetched))
    finally:
        shutil.rmtree(fetched, ignore_errors=True)
        sweep()
    print(f"snapshot {snapshot[:8]} is back; what was there is in the one before")


def find(wanted: str) -> str:
    """The ID of a snapshot; `latest` is the last one but those of what a restore replaced."""
    known = backup.snapshots()
    if wanted == "latest":
        fitting = [s for s in known if BEFORE not in s.get("tags", [])][-1:]
    else:
        fitting = [s for s in known if s["id"].startswith(wanted)]
    if len(fitting) != 1:
        told = ", ".join(f"{s['short_id']} ({s['time'][:16]})" for s in known[-10:])
        raise Problem(f"There is no snapshot {wanted} -> there are: {told or 'none'}")
    return fitting[0]["id"]


def make_room(snapshot: str) -> None:
    """Raise Problem if what is restored doesn't fit beside what is there."""
    told = restic("stats", "--json", "--mode=restore-size", snapshot).stdout
    wanted, free = json.loads(told)["total_size"] + RESERVE, shutil.disk_usage(VOLUMES).free
    if wanted > free:
        raise Problem(
            f"{wanted / 1e9:.1f} GB are needed below {VOLUMES.parent}, {free / 1e9:.1f} GB are free"
            " -> free some"
        )


def lay_ready(fetched: Path) -> list[Path]:
    """Put each restored thing beside the one that it replaces; the paths of those."""
    came = Path(f"{fetched}{COPY}")
    paths = [lay_state_ready(file) for file in (came / "state").iterdir()]
    for name, place in json.loads((came / "homes.json").read_text()).items():
        labels = {"instance": INSTANCE, "user": name.removeprefix(f"{INSTANCE}-home-")}
        options = [f"--label=syllab.{key}={value}" for key, value in labels.items()]
        run("docker", "volume", "create", *options, name)  # nothing happens if it is there
        os.rename(f"{fetched}{place}", f"{place}{NEW}")
        paths.append(Path(place))
    return [path for path in paths if path]


def lay_state_ready(file: Path) -> Path | None:
    """The same for a file of the hub's state; None if what is there is to stay."""
    path, owner = STATE / file.name, LIVE.stat()
    if file.suffix == ".json" and path.exists():  # notes of what is where: as it is now
        return None
    STATE.mkdir(exist_ok=True)
    shutil.copyfile(file, f"{path}{NEW}")
    for each in (STATE, f"{path}{NEW}"):
        os.chown(each, owner.st_uid, owner.st_gid)
    return path


def replace(paths: list[Path]) -> None:
    """Exchange what is there for what was laid ready beside it, while nothing runs."""
    NOTE.write_text(json.dumps([str(path) for path in paths if path.exists()]))
    try:
        stop()
        for path in paths:
            move(path, f"{path}{ASIDE}")
            os.rename(f"{path}{NEW}", path)
        start()
        await_hub()
    except BaseException:
        undo()
        raise
    complete()


def undo() -> None:
    """Put back what was exchanged, and start the hub with it."""
    stop()
    for path in json.loads(NOTE.read_text()):
        if os.path.lexists(f"{path}{ASIDE}") and not os.path.lexists(f"{path}{NEW}"):
            remove(path)
        move(f"{path}{ASIDE}", path)
    start()
    complete()


def complete() -> None:
    """The exchange is over, one way or the other."""
    NOTE.unlink()
    systemctl("enable")


def move(path: Path | str, target: Path | str) -> None:
    """Rename a file or folder that may be there, and a database's logs."""
    for tail in reversed(TAILS):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{tail}", f"{target}{tail}")


def remove(path: Path | str) -> None:
    """Remove a file or folder, and a database's logs."""
    for each in [Path(f"{path}{tail}") for tail in TAILS]:
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def sweep() -> None:
    """Remove what an exchange leaves, once it is complete or undone."""
    for end in () if NOTE.exists() else (ASIDE, NEW):
        for path in [*STATE.glob(f"*{end}"), *VOLUMES.glob(f"{INSTANCE}-home-*/_data{end}")]:
            remove(path)


def stop() -> None:
    """Stop the hub, also for the next boot, and all labs, whose homes are exchanged."""
    systemctl("disable", "--now")
    chosen = f"--filter=label=syllab.instance={INSTANCE}"
    # The engine lists no services unless there are several machines.
    for listing, removal in (("service ls", "service rm"), ("ps --all", "rm --force")):
        command = ["docker", *listing.split(), "--quiet", chosen]
        found = subprocess.run(command, capture_output=True, text=True).stdout.split()
        if found:
            run("docker", *removal.split(), *found)


def start() -> None:
    """Start the hub."""
    systemctl("start")


def systemctl(*command: str) -> None:
    """Do something with the hub, where there is one."""
    if PROGRAMS:
        run("systemctl", *command, *PROGRAMS)


def await_hub() -> None:
    """Wait until the hub answers, if there is one. Raises Problem with its last words."""
    if not HUB:
        return
    public = json.loads((LIVE / "hub.json").read_text())["public"]
    address = f"http://{public['ip']}:{public['port']}/hub/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and restarts() < RESTARTS:
        with suppress(OSError), direct.open(address, timeout=5):
            return
        time.sleep(0.3)
    words = run("journalctl", f"--unit={PROGRAMS[-1]}", "--lines=12", "--output=cat")
    raise Problem(
        f"The hub doesn't answer with what was restored; what was there is back:\n{words}"
    )


def restarts() -> int:
    """How often the hub ended and was started again since `start`."""
    return int(run("systemctl", "show", "--property=NRestarts", "--value", PROGRAMS[-1]))


def run(*command: str) -> str:
    """Run a program; its output. Raises Problem with its words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    backup.main({"restore": restore}, ["restore", *sys.argv[1:]])
