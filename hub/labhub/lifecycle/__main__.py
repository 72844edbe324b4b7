"""Runs the service: `python -m labhub.lifecycle hub.json`. The hub starts it."""

from labhub.lifecycle.service import main
from labhub.settings import run

run(main)
