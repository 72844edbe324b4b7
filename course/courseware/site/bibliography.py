"""Finds every mistake of a BibTeX file, so that the website's list of references is right.

Jupyter Book itself breaks off at the first one, or leaves works out with a warning at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pybtex.bibtex.utils import split_name_list
from pybtex.database import Person
from pybtex.database.input.bibtex import LowLevelParser, UndefinedMacro, month_names
from pybtex.errors import capture
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text
from pybtex.scanner import PrematureEOF, PybtexSyntaxError
from pybtex.textutils import normalize_whitespace
from pybtex.utils import CaseInsensitiveDict

from ..errors import Problem

EXAMPLE = "@misc{lee2024, author = {Lee, Ann}, title = {A title}, year = 2024}"
# Works that go on changing, such as documentation, needn't have a year, nor an author.
UNDATED = ("manual", "misc", "online", "software")
PEOPLE = ("author", "editor")
# What else of an entry is shown as text, see theme/references.py.
SHOWN = (
    "title", "year", "journal", "volume", "number", "pages", "booktitle", "edition", "type",
    "school", "institution", "organization", "howpublished", "publisher", "address",
)  # fmt: skip
_DOI = r"10\.\d{4,9}/[^\s\\{}\"]*[^\s\\{}\".,;]"
_URL = r"https?://[^\s\\{}<>\"']+"
_LINEAGE = r"(?i)jr\.?|sr\.?|[ivx]+"

Mistake = tuple[str, str, str]
"""The field that it is in, what is wrong, the remedy."""


@dataclass
class _Entry:
    """An entry as it is written, and the lines of itself and its fields."""

    type: str
    key: str
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


class _Parser(LowLevelParser):  # type: ignore[misc]
    """pybtex's parser of BibTeX, which also notes the lines of an entry's fields, in their order.

    A word that isn't defined stays as it is, so that no field counts as missing for it.
    """

    def parse_command(self) -> Any:
        self.lines: list[int] = []
        return super().parse_command()

    def parse_value(self) -> None:
        self.lines.append(self.lineno)
        super().parse_value()

    def substitute_macro(self, name: str) -> str:
        return super().substitute_macro(name) or name


def check(path: Path) -> list[Problem]:
    """Every mistake of a BibTeX file, in the order of the lines. None: it is fine.

    A mistake of syntax hides the other mistakes of its entry, and a brace that is never closed
    those of all that follow.
    """
    file = str(path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [Problem(file, line, "", "is not UTF-8", "save it as UTF-8")]
    except OSError as error:
        what = f"can't be read ({error.strerror})"
        return [Problem(file, None, "", what, "put it there, or correct its name")]
    entries, problems = _read(file, text)
    if not entries and not problems:
        problems.append(Problem(file, None, "", "has no entries", f"add one, such as {EXAMPLE}"))
    first: dict[str, int] = {}
    for entry in entries:
        if entry.key.lower() in first:
            what = f"is already used on line {first[entry.key.lower()]}"
            problems.append(Problem(file, entry.line, entry.key, what, "give each work its own"))
        first.setdefault(entry.key.lower(), entry.line)
        for name, what, remedy in _mistakes(entry):
            line = entry.lines.get(name, entry.line)
            problems.append(Problem(file, line, f"{entry.key}.{name}", what, remedy))
    return sorted(problems, key=lambda p: p.line or 0)


def _read(file: str, text: str) -> tuple[list[_Entry], list[Problem]]:
    """The entries without mistakes of syntax, and these mistakes."""
    entries: list[_Entry] = []
    errors: list[PybtexSyntaxError] = []
    problems: list[Problem] = []
    macros = CaseInsensitiveDict(month_names)
    parser = _Parser(text, macros=macros, handle_error=errors.append)
    known = 0
    for command, content in parser:
        broken = any(not isinstance(error, UndefinedMacro) for error in errors[known:])
        known = len(errors)
        if broken or command.lower() in ("string", "preamble"):
            continue
        key, fields = content
        line = text.count("\n", 0, parser.command_start) + 1
        entry = _Entry(command.lower(), key, line)
        for (name, parts), at in zip(fields, parser.lines, strict=True):
            if name.lower() in entry.fields:
                what = f"stands twice: first on line {entry.lines[name.lower()]}"
                problems.append(Problem(file, at, f"{key}.{name}", what, "keep one of them"))
                continue
            entry.fields[name.lower()] = normalize_whitespace("".join(parts)).strip()
            entry.lines[name.lower()] = at
        entries.append(entry)
    return entries, [_syntax(file, text, error) for error in errors] + problems


def _syntax(file: str, text: str, error: PybtexSyntaxError) -> Problem:
    message = str(error.args[0])
    if isinstance(error, PrematureEOF):
        start, *_ = error.error_context_info
        remedy = "add the brace or quote that is missing in the entry that starts here"
        return Problem(file, text.count("\n", 0, start) + 1, "", "is never closed", remedy)
    if isinstance(error, UndefinedMacro):
        remedy = f"put it in braces, {{{message}}}, or define it with @string"
        return Problem(file, error.lineno, "", f"'{message}' is not defined", remedy)
    remedy = "check the braces, quotes and commas here and on the line before"
    return Problem(file, error.lineno, "", f"is not valid BibTeX: {message}", remedy)


def _mistakes(entry: _Entry) -> Iterator[Mistake]:
    yield from _missing(entry)
    for name, value in entry.fields.items():
        if name in PEOPLE:
            yield from ((name, *wrong) for wrong in map(_wrong_name, _names(value)) if wrong)
        if name in SHOWN + PEOPLE and (wrong := _wrong_latex(value)):
            yield name, *wrong
    yield from _wrong_links(entry)


def _missing(entry: _Entry) -> Iterator[Mistake]:
    if not entry.fields.get("title"):
        yield "title", "is missing", "add it"
    if entry.type in UNDATED:
        return
    if not any(entry.fields.get(name) for name in PEOPLE):
        yield "author", "is missing", "add it; an organisation's name goes in two pairs of braces"
    if not entry.fields.get("year"):
        yield "year", "is missing", "add it"


def _names(value: str) -> list[str]:
    return [str(name) for name in split_name_list(value)]


def _wrong_name(name: str) -> tuple[str, str] | None:
    """What is wrong with a person's name and the remedy, or None when it is fine."""
    write = "write Surname, Given Names and put ' and ' between people"
    with capture() as errors:
        person = Person(name)
    lineage = " ".join(person.lineage_names)
    if errors or (lineage and not re.fullmatch(_LINEAGE, lineage)):
        return f"'{name}' has too many commas for one person", write
    if not person.last_names or re.search(r"^and\b|\band$", name):
        return f"'{name}' is not a name", write
    surname = person.last_names[-1]
    if person.first_names and "," not in name and re.fullmatch(r"[A-Z]{1,3}\.?", surname):
        return f"'{name}' has the surname {surname}", write
    return None


def _wrong_latex(value: str) -> tuple[str, str] | None:
    """LaTeX that wouldn't be shown as what it means, and the remedy, or None."""
    try:
        shown = str(Text.from_latex(value))
    except (PybtexError, ValueError):
        shown = "\\"
    formula = "$" in shown and re.search(r"\$.*\$", value)
    comment = re.search(r"(?<!\\)%", value)
    if "\\" not in shown and not formula and not comment:
        return None
    remedy = r"write the characters themselves (é, β, Ca²⁺), and \% for a percent sign"
    return f"has LaTeX that can't be shown: {value}", remedy


def _wrong_links(entry: _Entry) -> Iterator[Mistake]:
    doi, url = (entry.fields.get(name, "") for name in ("doi", "url"))
    if doi and not re.fullmatch(_DOI, doi):
        found = re.search(_DOI, doi.replace("\\", ""))
        remedy = f"write {found[0] if found else 'it without an address, such as 10.1234/abc'}"
        yield "doi", f"'{doi}' is not a DOI", remedy
    if url and not re.fullmatch(_URL, url):
        yield "url", f"'{url}' is not a web address", "write it in full, without LaTeX"
