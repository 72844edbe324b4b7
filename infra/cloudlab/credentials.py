"""Each participant's own passphrase: issued once, kept as a hash, told to the organiser."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from courseware import passphrase
from courseware.errors import UserError
from courseware.roster import Seat

from cloudlab.system import hand_over
from cloudlab.workspace import Workspace

COLUMNS = ("username", "name", "role", "passphrase")


def issue(workspace: Workspace, seats: list[Seat]) -> int:
    """Give every seat that has none a passphrase; answer how many were issued.

    Hashes go to the hub's users.json, the plain text to credentials.csv (both mode 600). Who
    has a passphrase keeps it, whether or not the CSV is still there. Who leaves the roster can
    no longer log in, and finds the old passphrase good again on return. Raises UserError when
    one of the files can't be read.
    """
    users, former = _read_users(workspace.users), _read_users(workspace.former_users)
    known = {name: user["hash"] for name, user in (former | users).items()}
    plain = _read_plain(workspace.credentials)
    issued = [seat for seat in seats if seat.username not in known]
    for seat in issued:
        phrase = passphrase.generate()
        known[seat.username] = passphrase.hash(phrase)
        plain[seat.username] = [seat.username, seat.name, seat.role, phrase]
    now = {s.username: {"name": s.name, "role": s.role, "hash": known[s.username]} for s in seats}
    left = {name: user for name, user in (former | users).items() if name not in now}
    for name, row in plain.items():
        row[1:3] = [now[name]["name"], now[name]["role"]] if name in now else [row[1], "left"]
    # The plain text first: a passphrase that nobody can read would have to be issued again.
    if plain:
        _replace(workspace.credentials, _csv(plain.values()))
        hand_over(workspace.credentials)
    _replace(workspace.former_users, _json(left))
    _replace(workspace.users, _json(now))
    return len(issued)


def adopt(workspace: Workspace, running: dict[str, dict[str, str]]) -> int:
    """Take over the passphrases that a hub elsewhere already has; how many differ from ours.

    `running` are its accounts, as in users.json. Where another organiser issued them, the plain
    text here is no longer true and goes.
    """
    users, plain = _read_users(workspace.users), _read_plain(workspace.credentials)
    differ = {n for n, user in running.items() if n in users and users[n]["hash"] != user["hash"]}
    if stale := [name for name in differ if plain.pop(name, None)]:
        _replace(workspace.credentials, _csv(plain.values()))
    if running:
        _replace(workspace.users, _json(users | running))
    return len(stale)


def _read_users(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    try:
        users = json.loads(path.read_text(encoding="utf-8"))
        if all(user["hash"] for user in users.values()):
            return users
    except (ValueError, AttributeError, TypeError, KeyError):
        pass
    raise UserError(
        f"{path}: damaged -> restore it from a backup; without it, remove it, and every passphrase "
        "is issued anew"
    )


def _read_plain(path: Path) -> dict[str, list[str]]:
    """The rows by username. A spreadsheet may have added a byte order mark."""
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file))
    except (UnicodeDecodeError, ValueError, csv.Error):
        header, rows = [], []
    if tuple(header) != COLUMNS:
        raise _damaged(path, 1)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS) or not all(row):
            raise _damaged(path, line)
    return {row[0]: row for row in rows}


def _damaged(path: Path, line: int) -> UserError:
    return UserError(
        f"{path}:{line}: not as Syllab wrote it (comma-separated UTF-8 with {', '.join(COLUMNS)}) "
        "-> mend the line or restore the file; or move it away: passphrases stay as they are"
    )


def _csv(rows: Iterable[list[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()


def _json(users: dict[str, dict[str, str]]) -> str:
    return json.dumps(users, ensure_ascii=False, indent=1) + "\n"


def _replace(path: Path, text: str) -> None:
    """Write a file that only its owner may read, wholly or not at all; an equal one stays."""
    if path.exists() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
