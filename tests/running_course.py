"""The flagship course brought up by the real command, beside any other on this machine."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cloudlab.workspace import REPOSITORY
from participant import Participant

ROSTER = Path(__file__).parent / "roster.csv"
PORTS = 5  # that the course uses, one after the other


@dataclass
class RunningCourse:
    """A course under `var`, at `port` of the loopback."""

    var: Path
    port: int
    course: Path = REPOSITORY / "course" / "cns2024"
    roster: Path = ROSTER

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def instance(self) -> str:
        return self.settings["instance"]

    @property
    def settings(self) -> dict:
        return json.loads((self.var / "hub" / "hub.json").read_text())

    def syllab(self, *verb: str, show: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the organiser's command; its answer, whatever the exit code. `show` prints it."""
        output = None if show else subprocess.PIPE
        return subprocess.run(
            self.command(*verb), stdout=output, stderr=subprocess.STDOUT, text=True
        )

    def command(self, *verb: str) -> list[str]:
        """The organiser's command."""
        command = [sys.executable, "-m", "cloudlab.cli", "--course", self.course, "--var", self.var]
        return [*map(str, command), *verb]

    def up(self, *, show: bool = False) -> str:
        """Bring it up; what the organiser read."""
        options = ["--port", str(self.port), "--roster", str(self.roster)]
        done = self.syllab("up", *options, show=show)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def credentials(self) -> dict[str, dict[str, str]]:
        """The rows of credentials.csv by username."""
        with (self.var / "credentials.csv").open(newline="", encoding="utf-8") as file:
            return {row["username"]: row for row in csv.DictReader(file)}

    def participant(self, username: str) -> Participant:
        """Somebody of the roster with the passphrase that was issued."""
        return Participant(self.address, username, self.credentials()[username]["passphrase"])

    def in_lab(self, username: str) -> Participant:
        """Somebody of the roster, logged in, with a lab that is ready."""
        participant = self.participant(username)
        participant.log_in().raise_for_status()
        participant.start_lab()
        return participant


def free_ports() -> int:
    """The first of the five free ports in a row that a course needs."""
    for first in range(18000, 19000, 10):
        probes = [socket.socket() for _ in range(PORTS)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise RuntimeError("no five free ports in a row from 18000 on")
