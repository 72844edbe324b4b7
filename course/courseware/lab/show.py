"""What participants see of outcomes and results: as text, and as HTML for a notebook.

Texts may come from the participant's code, so everything is escaped, and letters that a terminal
would obey are left out. Words say what colours say.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

from .submit import Status
from .visible import Outcome

ADVICE = "A quick look in your own lab, to help you along: it is not a grade."
LONGEST = 2000  # characters of any one text
CELL = 'style="text-align: left; vertical-align: top; padding: .2em .8em"'


@dataclass(frozen=True)
class Row:
    """One check: whether it passed, what it is about, and what there is to say about it."""

    passed: bool
    label: str
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A part of the output: a headline, checks, and sentences below them."""

    headline: str
    rows: list[Row] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table with a title, and sentences below it."""

    title: str
    head: list[str]
    rows: list[list[str]]
    below: list[str] = field(default_factory=list)


def visible(exercise: str, outcomes: list[Outcome]) -> Section:
    """The outcome of the visible tests."""
    passed = sum(not outcome.wrong for outcome in outcomes)
    rows = [Row(not each.wrong, each.label, [each.wrong] * bool(each.wrong)) for each in outcomes]
    return Section(f"{exercise}: {passed} of {len(outcomes)} checks passed", rows, [ADVICE])


def official(status: Status) -> Section:
    """Where the submission stands, or its result."""
    result = status.result
    if result is None:
        return Section(f"Official result: {status.says}")
    headline = f"Official result: {points(result)} (attempt {result['number']})"
    rows = [
        Row(False, f"{check['message'] or 'a check failed'} ({points(check)})", _hint(check))
        for check in _wrong(result)
    ]
    if result["failed"]:
        rows.insert(0, Row(False, "your cells could not be run to the end", [result["failed"]]))
    rows = rows or [Row(True, "all checks")]
    return Section(headline, rows, [standing(result["progress"])])


def summary(status: Status) -> list[str]:
    """The same in two cells of a table: points, and what there is to say."""
    result = status.result
    if result is None:
        return ["", status.says]
    said = [result["failed"]] if result["failed"] else []
    said += [" ".join([check["message"], *_hint(check)]) for check in _wrong(result)]
    return [points(result), " / ".join(said) or "all checks passed"]


def standing(progress: dict[str, Any]) -> str:
    """How far the participant is in a tutorial, as "introduction: 5 of 14 points"."""
    return f"{progress['tutorial']}: {points(progress)}"


def points(of: dict[str, Any]) -> str:
    """The points of a check, an attempt, an exercise or a tutorial, as "1 of 2 points"."""
    maximum = round(of["maximum"], 2)
    return f"{round(of['points'], 2):g} of {maximum:g} point{'' if maximum == 1 else 's'}"


def panel_text(sections: list[Section]) -> str:
    """The sections as text."""
    lines = []
    for section in sections:
        lines.append(section.headline)
        for row in section.rows:
            lines.append(f"  {'passed ' if row.passed else 'not yet'}  {row.label}")
            lines += [f"           {detail}" for detail in row.details]
        lines += section.below
    return "\n".join(_clean(line) for line in lines if line)


def panel_html(sections: list[Section]) -> str:
    """The sections as HTML."""
    passed = [row.passed for section in sections for row in section.rows]
    colour = _colour(all(passed)) if passed else "var(--jp-border-color1, #757575)"
    return (
        f'<div style="border-left: 4px solid {colour}; padding: .2em 1em; margin: .4em 0">'
        f"{''.join(_section(section) for section in sections)}</div>"
    )


def table_text(table: Table) -> str:
    """The table as text, in columns."""
    rows = [[_clean(cell).replace("\n", " ") for cell in row] for row in [table.head, *table.rows]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([_clean(table.title), *lines, *map(_clean, table.below)])


def table_html(table: Table) -> str:
    """The table as HTML."""
    head = "".join(f'<th scope="col" {CELL}>{_escaped(cell)}</th>' for cell in table.head)
    rows = "".join(
        f"<tr>{''.join(f'<td {CELL}>{_escaped(cell)}</td>' for cell in row)}</tr>"
        for row in table.rows
    )
    return (
        f'<table><caption style="text-align: left"><strong>{_escaped(table.title)}</strong>'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{_sentences(table.below)}"
    )


def _wrong(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for check in result["checks"] if check["points"] < check["maximum"]]


def _hint(check: dict[str, Any]) -> list[str]:
    return [f"Hint: {check['hint']}"] if check["hint"] else []


def _section(section: Section) -> str:
    headline = f"<strong>{_escaped(section.headline)}</strong>" if section.headline else ""
    rows = "".join(_row(row) for row in section.rows)
    listed = f'<ul style="list-style: none; padding: 0; margin: .4em 0">{rows}</ul>' if rows else ""
    return f'<div style="margin: .4em 0">{headline}{listed}{_sentences(section.below)}</div>'


def _row(row: Row) -> str:
    sign, word = ("✓", "passed") if row.passed else ("✗", "not yet")
    mark = f'<strong style="color: {_colour(row.passed)}">{sign}</strong> {word}'
    details = "".join(f"<br>{_escaped(detail)}" for detail in row.details)
    return f'<li style="margin: .3em 0">{mark}: {_escaped(row.label)}{details}</li>'


def _sentences(sentences: list[str]) -> str:
    return "".join(
        f'<div><small style="opacity: .75">{_escaped(each)}</small></div>' for each in sentences
    )


def _colour(good: bool) -> str:
    # JupyterLab's own, which follow its theme.
    return "var(--jp-success-color1, #2a7d3f)" if good else "var(--jp-warn-color1, #b35900)"


def _escaped(text: str) -> str:
    return html.escape(_clean(text))


def _clean(text: str) -> str:
    return "".join(letter for letter in text[:LONGEST] if letter.isprintable() or letter == "\n")
