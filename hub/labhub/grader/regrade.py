"""Asks for the grading of what is outdated: `python -m labhub.grader.regrade hub.json`."""

from __future__ import annotations

import time

from courseware.hub_settings import HubSettings

from ..settings import run
from .access import gradebook
from .exercises import Exercises


def main(settings: HubSettings) -> None:
    """Ask, and print how many attempts there are to grade. Raises UserError.

    These are the attempts that other checks or another image graded, and those that could not be
    graded. The grader finds them in the database by itself.
    """
    with gradebook(settings) as book:
        asked = book.grade_again(time.time(), Exercises(settings.release).made_with)
    if asked:
        print(f"Attempts to grade again: {asked}. The grader does it now, after what waits.")
    else:
        print("Nothing to grade again: all results are by the checks and the image of now.")


if __name__ == "__main__":
    run(main)
