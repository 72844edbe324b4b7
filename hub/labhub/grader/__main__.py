"""Runs the grader: `python -m labhub.grader hub.json`. The hub starts it, as a service of its own.

Imports nothing here: each process that runs checks reads this file, too.
"""

if __name__ == "__main__":
    from labhub.grader.server import main
    from labhub.settings import run

    run(main)
