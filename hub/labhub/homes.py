"""On which machine each participant's home is, where homes are not shared between machines."""

from __future__ import annotations

import json
from pathlib import Path


class Homes:
    """A file of {"username": "machine"}.

    Not part of the hub's database, which forgets who leaves the roster and goes back to an earlier
    state with a release: a home is where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def machine(self, username: str) -> str | None:
        """The machine with the home; None while there is no home."""
        return self._read().get(username)

    def place(self, username: str, machine: str) -> None:
        """Note that the home is on `machine` from now on."""
        self._write(self._read() | {username: machine})

    def forget(self, username: str) -> None:
        """The home is lost: the next lab makes a new one."""
        self._write({name: at for name, at in self._read().items() if name != username})

    def _read(self) -> dict[str, str]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def _write(self, homes: dict[str, str]) -> None:
        new = self._path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(homes, indent=1, sort_keys=True) + "\n")
        new.replace(self._path)
