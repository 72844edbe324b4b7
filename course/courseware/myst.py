"""MyST Markdown in the words of plain Markdown, which is all that a notebook can render."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_FENCE = re.compile(
    r"(?P<indent>\s*)(?P<marks>`{3,}|~{3,}|:{3,})\s*(\{(?P<name>[\w:-]+)\})?(?P<rest>.*)"
)
_ROLE = re.compile(r"(?<!`)\{(?P<name>[a-z:-]+)\}`(?P<text>[^`]+)`")
_DROPPED = re.compile(r"%|\([\w-]+\)=\s*$")  # comments, and targets of links
_HEADING = re.compile(r"#{1,6} ")
_OPTION = re.compile(r"\s*:[\w-]+:")
ADMONITIONS = {"admonition", "attention", "caution", "danger", "error", "hint", "important", "note",
               "seealso", "tip", "warning"}  # fmt: skip
ROLES = {"math": "${0}$", "doi": "[doi:{0}](https://doi.org/{0})"}


@dataclass
class Plain:
    """Plain Markdown and what couldn't be said in it, as (line from 1, what, remedy)."""

    lines: list[str] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)


def plain(text: str, first_line: int = 1) -> Plain:
    """Turn admonitions into quotes, `math` into dollars, drop comments; report what else there is.

    Code in fences stays as it is.
    """
    found = Plain()
    _convert(text.split("\n"), first_line, found)
    return found


def unclosed(text: str) -> int | None:
    """The line of the first fence that is never closed: the rest of the file would be inside it."""
    lines = text.split("\n")
    inside = 0
    for number, line in enumerate(lines):
        if number >= inside and (fence := _opening(line)):
            end = _closing(lines, number, fence["marks"])
            if end is None:
                return number + 1
            inside = end + 1
    return None


def sections(lines: list[str]) -> list[tuple[int, str]]:
    """Markdown cut before each heading of its own line: (its first line from 0, text).

    Empty pieces are left out.
    """
    starts = [0]
    inside = 0
    for number, line in enumerate(lines):
        if number >= inside and (fence := _opening(line)):
            inside = (_closing(lines, number, fence["marks"]) or number) + 1
        elif number >= inside and _HEADING.match(line):
            starts.append(number)
    pieces = [(start, lines[start:end]) for start, end in pairwise([*starts, len(lines)])]
    return [_without_blank_ends(start, piece) for start, piece in pieces if any(piece)]


def _without_blank_ends(start: int, lines: list[str]) -> tuple[int, str]:
    blank = next(number for number, line in enumerate(lines) if line)
    return start + blank, "\n".join(lines).strip("\n")


def _convert(lines: list[str], first_line: int, found: Plain) -> None:
    rest = iter(enumerate(lines))
    for number, line in rest:
        fence = _opening(line)
        if fence:
            end = _closing(lines, number, fence["marks"]) or len(lines)
            body = lines[number + 1 : end]
            _skip(rest, end - number)
            if fence["name"]:
                _directive(fence, body, first_line + number, found)
            else:
                found.lines += lines[number : end + 1]
        elif not _DROPPED.match(line):
            found.lines.append(_roles(line, first_line + number, found))


def _skip(rest: Iterator[tuple[int, str]], count: int) -> None:
    for _ in range(count):
        next(rest, None)


def _opening(line: str) -> re.Match[str] | None:
    fence = _FENCE.fullmatch(line)
    if fence and fence["marks"][0] == ":" and not fence["name"]:
        return None
    return fence


def _closing(lines: list[str], start: int, marks: str) -> int | None:
    closing = re.compile(rf"\s*{marks[0]}{{{len(marks)},}}\s*")
    ends = (n for n in range(start + 1, len(lines)) if closing.fullmatch(lines[n]))
    return next(ends, None)


def _directive(fence: re.Match[str], body: list[str], line: int, found: Plain) -> None:
    options = next((n for n, text in enumerate(body) if not _OPTION.match(text)), len(body))
    body, indent, name = body[options:], fence["indent"], fence["name"]
    if name == "math":
        found.lines += [f"{indent}$$", *body, f"{indent}$$"]
    elif name in ADMONITIONS:
        inner = Plain(problems=found.problems)
        _convert(body, line + 1 + options, inner)
        title = fence["rest"].strip() or name.capitalize()
        quoted = (text.removeprefix(indent) for text in inner.lines)
        found.lines += [f"{indent}> **{title}**", f"{indent}>"]
        found.lines += [f"{indent}> {text}".rstrip() for text in quoted]
    else:
        known = ", ".join(sorted({"math"} | ADMONITIONS))
        what = f"a notebook can't show the directive {{{name}}}"
        found.problems.append((line, what, f"use plain Markdown or one of {known}"))


def _roles(line: str, number: int, found: Plain) -> str:
    def replace(role: re.Match[str]) -> str:
        shape = ROLES.get(role["name"])
        if shape is None:
            what = f"a notebook can't show the role {{{role['name']}}}"
            remedy = f"use plain Markdown or one of {', '.join(ROLES)}"
            found.problems.append((number, what, remedy))
            return role[0]
        return shape.format(role["text"])

    return _ROLE.sub(replace, line)
