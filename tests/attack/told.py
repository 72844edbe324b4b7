"""What a participant may be told of an attempt, and nothing else."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CANARY = "canary"  # attacks that try to get the checks' inputs out write it beside them
SHORTEST = 12  # letters of a hidden line that says something
LONGEST_FAILURE = 300  # characters of what stopped a cell
NUMBER = r"(-?\d{1,6}(\.\d{1,4})?(e[+-]?\d{1,3})?|nan|-?inf)"  # in an authored message

_ERRORS = "|".join(name for name, what in vars(builtins).items() if isinstance(what, type))
_GRADERS_OWN = [
    r"There is no (function|variable) called \w+\.",
    rf"\w+ fails with (an error|{_ERRORS})\.",
    r"\w+ does not return (a number|an array of numbers|an array of the shape \([\d, ]*\))\.",
    r"\w+ returns values that are not numbers \(nan or infinite\)\.",
    r"\w+ gives something else than numbers, text, lists, dicts and arrays\.",
    r"\w+ gives something that can't be read\.",
    r"Your code could not be asked to the end: (it took longer than \d+ s|it stopped answering"
    r"|it ended: did it call exit, or need too much memory\?|it answers what nobody asked"
    r"|it returns too much)\.",
    r"It gives something else than what is asked for\.",
]


def wrong_in(attempt: dict[str, Any], exercise: str, checks: Path, solution: str) -> list[str]:
    """What an attempt tells that it must not; `checks` is the official file of its tutorial."""
    allowed = [*_authored(checks, exercise), *_GRADERS_OWN]
    found = [
        f"says {told!r}"
        for each in attempt["checks"]
        for told in (each["message"], each["hint"])
        if told and not any(re.fullmatch(pattern, told) for pattern in allowed)
    ]
    everything = json.dumps(attempt, ensure_ascii=False)
    if CANARY in everything:
        found.append("tells of an input")
    failed = attempt["failed"]
    if len(failed) > LONGEST_FAILURE or not failed.isprintable():
        found.append(f"tells of a failure that is long or unprintable: {failed[:100]!r}")
    secrets = _lines(checks.read_text(encoding="utf-8")) | _lines(solution)
    return found + [f"tells the hidden line {line!r}" for line in secrets if line in failed]


def _lines(text: str) -> set[str]:
    found = {line.strip() for line in text.splitlines()}
    return {line for line in found if len(line) >= SHORTEST}


def _authored(checks: Path, exercise: str) -> Iterator[str]:
    """Patterns of the messages and hints of an exercise's checks; numbers stand for values."""
    for function in ast.parse(checks.read_text(encoding="utf-8")).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        marks = [mark for mark in function.decorator_list if isinstance(mark, ast.Call)]
        names = [mark.args[0].value for mark in marks if isinstance(mark.args[0], ast.Constant)]
        if marks and exercise not in names:
            continue
        hints = [keyword.value for mark in marks for keyword in mark.keywords]
        asserted = [node.msg for node in ast.walk(function) if isinstance(node, ast.Assert)]
        yield from (_pattern(text) for text in [*hints, *asserted] if _is_text(text))


def _is_text(node: ast.expr | None) -> bool:
    is_constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_constant or isinstance(node, ast.JoinedStr)


def _pattern(text: Any) -> str:
    if isinstance(text, ast.Constant):
        return re.escape(text.value)
    return "".join(
        NUMBER if isinstance(p, ast.FormattedValue) else _pattern(p) for p in text.values
    )
