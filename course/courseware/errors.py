"""The errors an organiser can put right. A command line prints them without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class UserError(Exception):
    """A mistake an organiser can mend; its text says what is wrong and what to do."""


@dataclass(frozen=True)
class Problem:
    """One mistake in one file: where it is, what is wrong, what to do about it.

    `line` counts from 1; None where the whole file is meant. `key` is the path to the
    entry, such as `days[0].sessions[3].speakers`, or empty.
    """

    file: str
    line: int | None
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key}: " if self.key else ""
        return f"{where}: {key}{self.what} -> {self.remedy}"


class CourseError(UserError):
    """Every mistake found in a course's files, in the order of their lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word` (letter case aside), or None when none is close."""
    by_folded = {k.casefold(): k for k in known}
    match = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else None


def suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    """A remedy: "did you mean 'x'?" when something close is known, else `otherwise`."""
    match = nearest(word, known)
    return f"did you mean '{match}'?" if match else otherwise
