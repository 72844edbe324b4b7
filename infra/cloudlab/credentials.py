"""Each participant's own passphrase: issued once, kept as a hash, told to the organiser."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from courseware import passphrase
from courseware.roster import Seat

from cloudlab.system import hand_over
from cloudlab.workspace import Workspace

COLUMNS = ("username", "name", "role", "passphrase")


def issue(workspace: Workspace, seats: list[Seat]) -> int:
    """Give every seat that has none a passphrase; answer how many were issued.

    Hashes go to the hub's users.json, the plain text to credentials.csv (both mode 600). Who
    has a passphrase keeps it, whether or not the CSV is still there; who left the roster can no
    longer log in.
    """
    users = json.loads(workspace.users.read_text()) if workspace.users.exists() else {}
    plain = _read_plain(workspace.credentials)
    issued = 0
    kept: dict[str, dict[str, str]] = {}
    for seat in seats:
        hashed = users.get(seat.username, {}).get("hash")
        if hashed is None:
            plain[seat.username] = passphrase.generate()
            hashed = passphrase.hash(plain[seat.username])
            issued += 1
        kept[seat.username] = {"name": seat.name, "role": seat.role, "hash": hashed}
    rows = [(s.username, s.name, s.role, plain[s.username]) for s in seats if s.username in plain]
    # The plain text first: a passphrase that nobody can read would have to be issued again.
    if rows or workspace.credentials.exists():
        _write_plain(workspace.credentials, rows)
        hand_over(workspace.credentials)
    if kept != users:
        _replace(workspace.users, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    return issued


def _read_plain(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["username"]: row["passphrase"] for row in csv.DictReader(file)}


def _write_plain(path: Path, rows: Sequence[tuple[str, str, str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    if not path.exists() or path.read_bytes() != text.getvalue().encode():
        _replace(path, text.getvalue())


def _replace(path: Path, text: str) -> None:
    """Write a file that only its owner may read, wholly or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
