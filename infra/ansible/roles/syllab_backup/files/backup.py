"""Backs up one course with restic, and reads it back.

usage: backup.py make | save

It lies in the folder `backup` of the course's folder on the machine, beside `settings.json`
(repository, keep, environment, hub) and `password`. Python's own library is all that it needs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

OWN = Path(__file__).resolve().parent
LIVE = OWN.parent / "live"
STATE = LIVE / "state"
COPY = OWN / "copy"  # what of the hub goes into a snapshot, apart from homes
NOTE = OWN / "restoring.json"  # is there while `restore.py` exchanges things
VOLUMES = Path("/var/lib/docker/volumes")
INSTANCE = OWN.parent.name
LARGEST = "5G"  # larger files are left out: a sparse one has any size
READ_BACK = "10%"  # of the repository's data, at random, each time


class Problem(Exception):
    """What is wrong, and what to do."""


def make() -> None:
    """Make the repository, unless it is there. Raises Problem if it is not to be opened."""
    known = restic("cat", "config", check=False)
    if "wrong password" in known.stderr:
        raise Problem(
            "The backups' repository has another password: it is another course's, or another"
            " organiser's -> choose another one in hosts.yml, backup.repository"
        )
    if known.returncode:
        restic("init")
        print("made")
    mark = hashlib.sha256(settings()["repository"].encode()).hexdigest()
    (OWN / f"made-{mark[:8]}").touch()


def save(tag: str = "") -> None:
    """Take a snapshot, read it back, and drop those that are too old.

    With a tag it is taken of whatever is there, damaged or not, and nothing is dropped.
    """
    found = homes()
    if not (LIVE / "hub.json").exists() and not found:
        print("Nothing is deployed yet: nothing to save.")
        return
    if NOTE.exists():
        raise Problem("A restore was cut off -> make restore: it puts back what was there first")
    restic("unlock")  # what one that was cut off left; `main` sees that no other runs
    copy_hub(found)
    if not tag:
        examine(COPY)
    # restic itself would look for one with the same homes only, and read everything again.
    parent = [f"--parent={snapshot['id']}" for snapshot in snapshots()[-1:]]
    done = restic(
        "backup", "--json", f"--host={INSTANCE}", f"--tag={tag}", *parent,
        f"--exclude-larger-than={LARGEST}", str(COPY), *map(str, found.values()), check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3):  # 3: some files went while it read them
        raise Problem(
            f"restic: {done.stderr.strip()} -> is the repository reachable, and not full?"
        )
    summary = json.loads(done.stdout.splitlines()[-1])
    size = summary["total_bytes_processed"] / 1e6
    print(f"snapshot {summary['snapshot_id'][:8]}: {len(found)} homes, {size:.1f} MB")
    if not tag:
        read_back(summary["snapshot_id"])
        drop_old()


def drop_old() -> None:
    """Keep all of the last two days, and one of each day for as many days as asked for."""
    # By host alone: by paths, as restic would, each new home would begin a group of its own.
    restic(
        "forget", "--group-by=host", f"--host={INSTANCE}", "--keep-within=2d",
        f"--keep-daily={settings()['keep']}", "--prune",
    )  # fmt: skip


def homes() -> dict[str, Path]:
    """Where the homes on this machine are, by their volumes' names."""
    return {path.parent.name: path for path in sorted(VOLUMES.glob(f"{INSTANCE}-home-*/_data"))}


def copy_hub(found: dict[str, Path]) -> None:
    """Copy databases, as they are at one moment, settings and accounts to one place."""
    shutil.rmtree(COPY, ignore_errors=True)
    (COPY / "state").mkdir(parents=True)
    files = [*LIVE.glob("*.json"), *STATE.glob("*.json"), *STATE.glob("*.sqlite")]
    for file in files:
        if not file.is_symlink():  # the folder is the hub's user's
            copy_file(file, COPY / file.relative_to(LIVE))
    (COPY / "homes.json").write_text(json.dumps({name: str(path) for name, path in found.items()}))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; a database that is in use into one file."""
    if source.suffix == ".sqlite":
        with suppress(sqlite3.DatabaseError):  # then as it is: `examine` tells, where it matters
            with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
                old.backup(new)
                new.execute("PRAGMA journal_mode=DELETE")
            return
    shutil.copyfile(source, target)


def read_back(snapshot: str) -> None:
    """See that a snapshot can be restored: its data by samples, its databases wholly."""
    restic("check", f"--read-data-subset={READ_BACK}")
    with tempfile.TemporaryDirectory(dir=OWN) as folder:
        restic("restore", snapshot, "--target", folder, "--include", str(COPY))
        examine(Path(folder + str(COPY)))


def examine(copy: Path) -> None:
    """Raise Problem unless the databases of a copy are whole."""
    for database in copy.glob("state/*.sqlite"):
        try:
            with closing(sqlite3.connect(database)) as connection:
                found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
        if found != "ok":
            raise Problem(f"{database.name} is damaged ({found}) -> restore the last good backup")


def snapshots() -> list[dict]:
    """This course's snapshots, oldest first."""
    found = json.loads(restic("snapshots", "--json", f"--host={INSTANCE}").stdout)
    return sorted(found or [], key=lambda snapshot: snapshot["time"])


def settings() -> dict:
    """What the role wrote."""
    return json.loads((OWN / "settings.json").read_text())


def restic(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run restic on the repository. Raises Problem with its words if `check` and it fails."""
    environment = {
        **os.environ,
        **settings()["environment"],
        "RESTIC_REPOSITORY": settings()["repository"],
        "RESTIC_PASSWORD_FILE": str(OWN / "password"),
        "RESTIC_CACHE_DIR": str(OWN / "cache"),
    }
    done = subprocess.run(["restic", *command], env=environment, capture_output=True, text=True)
    if check and done.returncode:
        raise Problem(f"restic {command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def main(verbs: dict[str, Callable[..., None]], command: list[str]) -> None:
    """Do what the command line says, one at a time; end with what is wrong, if something is."""
    os.umask(0o077)
    with (OWN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            verbs[command[0]](*command[1:])
        except (Problem, OSError) as problem:
            sys.exit(str(problem))


if __name__ == "__main__":
    main({"make": make, "save": save}, sys.argv[1:])
