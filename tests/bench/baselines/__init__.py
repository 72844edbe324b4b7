"""What people use now, with its defaults; each grader is in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from cloudlab.workspace import REPOSITORY, environment
from courseware.course import Course

from bench.answers import Answer


@dataclass(frozen=True)
class Graded:
    """Points and maximum of a submission by exercise, and the seconds until they were there."""

    points: dict[str, tuple[float, float]]
    seconds: float


class Baseline(ABC):
    """A grader that is set up in a new folder, for a tutorial of a course."""

    name: str
    package: str

    def __init__(self, folder: Path, course: Course, tutorial: str) -> None:
        """Make its environment, of the lock beside this file, unless it is there; set it up."""
        self.folder, self.course, self.tutorial = folder, course, tutorial
        folder.mkdir()
        lock = Path(__file__).with_name(f"{self.name}.txt")
        maker = REPOSITORY / "infra" / "environment"
        subprocess.run([maker, f"bench-{self.name}", lock], stdout=subprocess.DEVNULL, check=True)
        self.set_up()

    @abstractmethod
    def set_up(self) -> None:
        """Make of the course what is needed to grade submissions."""

    @abstractmethod
    def grade(self, submissions: list[list[Answer]]) -> list[Graded]:
        """Grade them, all handed in now: each is a notebook with an answer to each exercise."""

    @property
    def version(self) -> str:
        """Its version, as installed."""
        code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
        return self.run(self.program("python"), "-c", code, self.package).strip()

    def program(self, name: str) -> Path:
        """A program of the environment."""
        return environment(f"bench-{self.name}") / "bin" / name

    def run(self, *command: object) -> str:
        """What a command prints. Raises RuntimeError with all it said if it fails."""
        # As in an activated environment: nbgrader calls programs of its own by name.
        path = f"{self.program('')}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [*map(str, command)],
            capture_output=True, text=True, cwd=self.folder, env=os.environ | {"PATH": path},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout
