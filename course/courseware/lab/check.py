"""`check`, `submit_all` and `progress`: what a participant calls in a notebook.

Visible tests run in the participant's own lab and advise. Official results come from the course's
grader, to which the cells are sent as they were run; outside a hub there is none.
"""

from __future__ import annotations

from collections.abc import Callable

# Imported in every kernel, and in a lab not compiled beforehand: all else waits for the first call.

_tests: dict[str, tuple[Callable[[], object], ...]] = {}


def check(exercise: str, *tests: Callable[[], object]) -> None:
    """Run an exercise's visible tests, submit it, and show how each went.

    A test is a function without arguments that raises AssertionError with a helpful message; its
    docstring says what it looks at. Without tests, those given last for the exercise run again.
    Never raises what a test raises. Returns when the official result is there, at the latest
    after `official.WAIT` seconds.
    """
    from . import official, visible

    if tests:
        _tests[exercise] = tests
    outcomes = [visible.run(test) for test in _tests.get(exercise, ())]
    official.check(exercise, outcomes, known=list(_tests))


def submit_all() -> None:
    """Submit every exercise of this notebook whose cell was changed and run; show the results."""
    from . import official

    official.submit_all()


def progress() -> None:
    """Show the points of all tutorials, and what is kept until the grader answers."""
    from . import official

    official.progress()
