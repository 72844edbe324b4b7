"""The roster: who gets a lab. A CSV file with the columns username, name and role."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from .errors import CourseError, Problem, nearest, suggest

Role = Literal["participant", "helper", "organiser"]
COLUMNS = ("username", "name", "role")
ROLES: tuple[Role, ...] = get_args(Role)
# Usernames become parts of container, volume and folder names and of addresses.
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
USERNAME_LENGTH = 32
NAME_LENGTH = 100
# Marks that turn the direction of text around: with them a name could disguise its neighbours.
_DIRECTION_MARKS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Seat:
    """One person on the roster. `name` is any text: escape it wherever it is shown."""

    username: str
    name: str
    role: Role


def load(path: Path) -> list[Seat]:
    """Read a roster, in the file's order.

    Raises CourseError with every mistake of the file at once.
    """
    rows = _rows(Path(path))
    columns, problems = _columns(path, *rows[0])
    if problems:
        raise CourseError(problems)
    seats: list[Seat] = []
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        seat, found = _seat(str(path), line, columns, cells)
        if seat.username and seat.username in lines:
            first = lines[seat.username]
            what = f"'{seat.username}' is already on line {first}"
            found.append(Problem(str(path), line, "username", what, "give each seat its own"))
        lines.setdefault(seat.username, line)
        seats.append(seat)
        problems += found
    if not rows[1:]:
        remedy = "add a line such as: seat01,Seat 1,participant"
        problems.append(Problem(str(path), None, "", "has no seats", remedy))
    if problems:
        raise CourseError(problems)
    return seats


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The file's rows that aren't blank, with their lines; the first one holds the columns."""

    def fail(line: int | None, what: str, remedy: str) -> CourseError:
        return CourseError([Problem(str(path), line, "", what, remedy)])

    header = f"start it with the line: {','.join(COLUMNS)}"
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fail(line, "is not UTF-8", "save it as 'CSV UTF-8'") from None
    except OSError as error:
        raise fail(None, f"can't be read ({error.strerror})", header) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise fail(reader.line_num, f"is not CSV ({error})", "check its quotes") from None
    if not rows:
        raise fail(None, "is empty", header)
    return rows


def _columns(path: Path, line: int, cells: list[str]) -> tuple[list[str], list[Problem]]:
    columns = [c.strip().lower() for c in cells]
    if len(columns) == 1 and re.search(r"[;\t]", columns[0]):
        what = "its columns are not separated by commas"
        return columns, [Problem(str(path), line, "", what, "save it with commas")]
    problems = []
    misspelt = {nearest(column, COLUMNS) for column in columns if column not in COLUMNS}
    for column in columns:
        if column not in COLUMNS:
            remedy = suggest(column, COLUMNS, f"the columns are {', '.join(COLUMNS)}")
            problems.append(Problem(str(path), line, column, "is not a column", remedy))
        elif columns.count(column) > 1:
            problems.append(Problem(str(path), line, column, "stands twice", "keep one"))
    for column in COLUMNS:
        if column not in columns and column not in misspelt:
            remedy = f"the first line must be: {','.join(COLUMNS)}"
            problems.append(Problem(str(path), line, column, "is missing", remedy))
    return columns, list(dict.fromkeys(problems))


def _seat(file: str, line: int, columns: list[str], cells: list[str]) -> tuple[Seat, list[Problem]]:
    row = dict(zip(columns, cells, strict=False))
    seat = Seat(*(row.get(column, "").strip() for column in COLUMNS))  # type: ignore[arg-type]
    problems = []
    if len(cells) != len(columns):
        what = f"has {len(cells)} values for {len(columns)} columns"
        problems.append(Problem(file, line, "", what, "quote a value that has a comma in it"))
        return seat, problems
    for key, wrong in (
        ("username", wrong_username(seat.username)),
        ("name", wrong_name(seat.name)),
        ("role", _wrong_role(seat.role)),
    ):
        if wrong:
            problems.append(Problem(file, line, key, *wrong))
    return seat, problems


def wrong_username(username: str) -> tuple[str, str] | None:
    """What is wrong with a username and the remedy, or None when it is fine."""
    if not username:
        return "is empty", "give the seat a username such as seat01"
    if len(username) > USERNAME_LENGTH:
        what = f"{username[:20]!r}... is longer than {USERNAME_LENGTH} characters"
        return what, "shorten it"
    if not USERNAME.fullmatch(username):
        remedy = "use lower-case letters a-z, digits, '.', '_' and '-', a letter or digit first"
        return f"{username!r} can't be a username", remedy
    return None


def wrong_name(name: str) -> tuple[str, str] | None:
    """What is wrong with a person's name and the remedy, or None when it is fine."""
    if not name:
        return "is empty", "write the name to show, such as Seat 1"
    if len(name) > NAME_LENGTH:
        return f"is longer than {NAME_LENGTH} characters", "shorten it"
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in _DIRECTION_MARKS for c in name):
        return f"{name!r} has a control character", "type the name again"
    return None


def _wrong_role(role: str) -> tuple[str, str] | None:
    if role in ROLES:
        return None
    remedy = suggest(role, ROLES, f"use one of {', '.join(ROLES)}")
    return (f"{role!r} is not a role" if role else "is empty"), remedy
