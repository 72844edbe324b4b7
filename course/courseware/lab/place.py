"""Lays the course's notebooks into a participant's home without ever overwriting their work.

    python -m courseware.lab.place [SOURCE [HOME]]

Runs at each start of a lab, so it imports little, and no trouble keeps the lab from starting: it
is printed, and the exit code is 0. The rules are nbgitpuller's, but that a changed file keeps its
name and the course's new version goes beside it:

- missing, or deleted by the participant: placed
- as it was placed, and the course has a new version: replaced
- changed by the participant: left alone; a new version is placed beside it, once
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys

SOURCE = "/usr/local/share/course/notebooks"
FOLDER = "tutorials"
NOTE = "UPDATES.md"
STATE = ".syllab/placed.json"
STATE_LIMIT = 10_000_000  # bytes; more is not ours


class Placer:
    """Places files into one home. `placed` maps what was placed to its SHA-256, `offered` maps a
    changed file to the hash of the version that was placed beside it, `beside` maps that one to
    the changed file."""

    def __init__(self, source: str, home: str) -> None:
        self.source = source
        self.home = home
        self.folder = os.path.join(home, FOLDER)
        self.loaded = _load(os.path.join(home, STATE))
        self.placed = _texts(self.loaded.get("placed"))
        self.offered = _texts(self.loaded.get("offered"))
        self.beside = _texts(self.loaded.get("beside"))
        self.kept: set[str] = set()

    def run(self) -> None:
        """Place everything, tell the participant, remember. Problems are printed."""
        if os.path.islink(self.folder):
            _say(f"{self.folder} is a link: remove it and start the lab again to get them")
            return
        names = sorted(_files(self.source))
        if not names:
            _say(f"none in {self.source}")
        self.names = set(names)
        for name in names:
            self._try(name, self._place, name)
        self._try(NOTE, self._tell)
        self._try(STATE, self._remember)

    def _try(self, name: str, action, *arguments: str) -> None:
        try:
            action(*arguments)
        except OSError as error:
            _say(f"{name} was not placed: {error.strerror or error}")

    def _place(self, name: str) -> None:
        with open(os.path.join(self.source, name), "rb") as file:
            new = file.read()
        wanted, found = _sha256(new), self._found(name)
        if found == wanted:
            self.placed[name] = wanted
        elif found == "" or found == self.placed.get(name):
            self._write(name, new)
            _say(f"{name}: {'updated' if found else 'placed'}")
        elif self.placed.get(name) != wanted:
            self.kept.add(name)
            if self.offered.get(name) != wanted:
                self._offer(name, new)

    def _offer(self, name: str, new: bytes) -> None:
        side = self._free_name(name)
        self._write(side, new)
        self.offered[name] = self.placed[side]
        self.beside[side] = name
        _say(f"{name}: you changed it, so it stays; the course's new version is {side}")

    def _free_name(self, name: str) -> str:
        """A name beside it where nothing lies but, at most, an older version as we placed it."""
        stem, ending = os.path.splitext(name)
        number = 1
        while True:
            side = f"{stem}.new{number if number > 1 else ''}{ending}"
            found = self._found(side)
            if side not in self.names and (found == "" or found == self.placed.get(side)):
                return side
            number += 1

    def _found(self, name: str) -> str:
        """The hash of the participant's file; "" if there is none, "-" if it isn't a plain file."""
        path = os.path.join(self.folder, name)
        if not os.path.lexists(path):
            return ""
        try:
            # Neither following a link nor waiting at a pipe.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return "-"
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return "-"
        with open(handle, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _write(self, name: str, content: bytes) -> None:
        self._make_folders(os.path.join(FOLDER, os.path.dirname(name)))
        _write_whole(os.path.join(self.folder, name), content)
        self.placed[name] = _sha256(content)

    def _make_folders(self, path: str) -> None:
        """Make folders within the home. Raises OSError where a link would lead elsewhere."""
        folder = self.home
        for part in path.split(os.sep):
            folder = os.path.join(folder, part)
            if os.path.islink(folder):
                raise OSError(f"{folder} is a link: remove it and start the lab again")
            if not os.path.isdir(folder):
                os.mkdir(folder)

    def _tell(self) -> None:
        """Keep a note in the folder as long as a new version lies beside a changed file."""
        pending = [(old, new) for new, old in sorted(self.beside.items()) if old in self.kept]
        pending = [(old, new) for old, new in pending if self._found(new) == self.placed.get(new)]
        found = self._found(NOTE)
        if NOTE in self.names or (found != "" and found != self.placed.get(NOTE)):
            return  # theirs
        if pending:
            self._write(NOTE, _note(pending).encode())
        elif found:
            os.unlink(os.path.join(self.folder, NOTE))

    def _remember(self) -> None:
        state = {"placed": self.placed, "offered": self.offered, "beside": self.beside}
        if state == self.loaded:
            return
        self._make_folders(os.path.dirname(STATE))
        _write_whole(os.path.join(self.home, STATE), json.dumps(state, indent=1).encode())


def _note(pending: list[tuple[str, str]]) -> str:
    lines = [f"- `{old}` is as you left it. The new version is `{new}`." for old, new in pending]
    return "\n".join(
        [
            "# The course has been updated",
            "",
            "You changed these files, so they were left alone:",
            "",
            *lines,
            "",
            "Take over what you want, then delete the new version. To start afresh instead, rename",
            "your own file: the course's comes back when your lab starts again.",
            "",
        ]
    )


def _write_whole(path: str, content: bytes) -> None:
    """Write a file so that it is there whole or, after an error, as it was."""
    folder, name = os.path.split(path)
    part = os.path.join(folder, f".{name}.part")
    if os.path.lexists(part):
        os.unlink(part)  # left by a start that was cut short
    try:
        with open(part, "xb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError:
        if os.path.lexists(part):
            os.unlink(part)
        raise


def _files(folder: str, below: str = "") -> list[str]:
    """The files in a folder and its folders, hidden ones apart, as paths within it."""
    found = []
    try:
        with os.scandir(os.path.join(folder, below)) as entries:
            for entry in entries:
                name = os.path.join(below, entry.name)
                if entry.name.startswith("."):
                    continue
                found += _files(folder, name) if entry.is_dir() else [name]
    except OSError as error:
        _say(f"{os.path.join(folder, below)} can't be read: {error.strerror}")
    return found


def _load(path: str) -> dict[str, object]:
    """What was remembered; nothing, if it can't be understood: then all files count as changed."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return {}
        with open(path, "rb") as file:
            state = json.loads(file.read(STATE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _texts(value: object) -> dict[str, str]:
    entries = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in entries if isinstance(text, str)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _say(text: str) -> None:
    try:
        os.write(1, f"notebooks: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        return  # nobody listens


def main(arguments: list[str]) -> None:
    """Place SOURCE's files into HOME; both have defaults. Never raises."""
    source = arguments[0] if arguments else SOURCE
    home = arguments[1] if len(arguments) > 1 else os.path.expanduser("~")
    try:
        Placer(source, home).run()
    except Exception as error:  # whatever it is, the lab must start
        _say(f"were not placed: {error!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
