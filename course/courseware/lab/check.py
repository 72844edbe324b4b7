"""`check`: visible, instant checks in the notebook. They advise; they are not a grade."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from dataclasses import dataclass

ADVICE = "A quick look in your own lab, to help you along: it is not a grade."
LONGEST_MESSAGE = 600  # characters

_tests: dict[str, tuple[Callable[[], object], ...]] = {}


@dataclass(frozen=True)
class Outcome:
    """How one test went: what it looks at, and what is wrong, empty when nothing is."""

    label: str
    wrong: str


def check(exercise: str, *tests: Callable[[], object]) -> None:
    """Run an exercise's visible tests and show how each went. Never raises what a test raises.

    A test is a function without arguments that raises AssertionError with a helpful message; its
    docstring says what it looks at. Without tests, those given last for the exercise run again.
    """
    if tests:
        _tests[exercise] = tests
    if exercise not in _tests:
        known = ", ".join(_tests) or "none yet"
        _show(f"Nothing to check for '{exercise}': run its check cell first. Known: {known}.", "")
        return
    outcomes = [_run(test) for test in _tests[exercise]]
    _show(_text(exercise, outcomes), _html(exercise, outcomes))


def _run(test: Callable[[], object]) -> Outcome:
    doc = getattr(test, "__doc__", None) or getattr(test, "__name__", "check").replace("_", " ")
    label = doc.strip().split("\n")[0]
    try:
        test()
    except AssertionError as error:
        return Outcome(label, _message(error) or "not yet")
    except (Exception, SystemExit) as error:  # the participant's code may do anything
        return Outcome(label, f"{type(error).__name__}: {_message(error)}")
    return Outcome(label, "")


def _message(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST_MESSAGE]
    except Exception:  # str() is the participant's as well
        return "(without a message)"


def _headline(exercise: str, outcomes: list[Outcome]) -> str:
    passed = sum(not outcome.wrong for outcome in outcomes)
    return f"{exercise}: {passed} of {len(outcomes)} checks passed"


def _text(exercise: str, outcomes: list[Outcome]) -> str:
    lines = [_headline(exercise, outcomes)]
    for outcome in outcomes:
        mark = "not yet" if outcome.wrong else "passed "
        lines.append(f"  {mark}  {outcome.label}")
        if outcome.wrong:
            lines.append(f"           {outcome.wrong}")
    return "\n".join([*lines, ADVICE])


def _html(exercise: str, outcomes: list[Outcome]) -> str:
    good = not any(outcome.wrong for outcome in outcomes)
    rows = "".join(_row(outcome) for outcome in outcomes)
    return (
        f'<div style="border-left: 4px solid {_colour(good)}; padding: .2em 1em; margin: .4em 0">'
        f"<strong>{html.escape(_headline(exercise, outcomes))}</strong>"
        f'<ul style="list-style: none; padding: 0; margin: .4em 0">{rows}</ul>'
        f'<small style="opacity: .75">{ADVICE}</small></div>'
    )


def _row(outcome: Outcome) -> str:
    good = not outcome.wrong
    sign, word = ("✓", "passed") if good else ("✗", "not yet")
    mark = f'<strong style="color: {_colour(good)}">{sign}</strong> {word}'
    wrong = f"<br>{html.escape(outcome.wrong)}" if outcome.wrong else ""
    return f'<li style="margin: .3em 0">{mark}: {html.escape(outcome.label)}{wrong}</li>'


def _colour(good: bool) -> str:
    # JupyterLab's own, which follow its theme.
    return "var(--jp-success-color1, #2a7d3f)" if good else "var(--jp-warn-color1, #b35900)"


def _show(text: str, markup: str) -> None:
    # Looked up, not imported: outside of IPython there is nothing to show HTML.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(text)
        return
    from IPython.display import display

    data = {"text/plain": text, "text/html": markup or f"<p>{html.escape(text)}</p>"}
    display(data, raw=True)
