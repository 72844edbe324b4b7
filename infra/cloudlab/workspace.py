"""Where things are: the repository, the course folder and everything made, under `var`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Workspace:
    """The paths of one course on this machine; `var` holds all that is made for it."""

    course: Path
    var: Path

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def credentials(self) -> Path:
        """The organiser's one plaintext copy of the passphrases (mode 600)."""
        return self.var / "credentials.csv"

    @property
    def notebooks(self) -> Path:
        return self.var / "notebooks"

    @property
    def site(self) -> Path:
        return self.var / "site"

    @property
    def releases(self) -> Path:
        return self.var / "releases"

    @property
    def build(self) -> Path:
        """Staging folders of images."""
        return self.var / "build"

    @property
    def hub(self) -> Path:
        """The hub's settings and state (mode 700)."""
        return self.var / "hub"

    @property
    def settings(self) -> Path:
        return self.hub / "hub.json"

    @property
    def users(self) -> Path:
        return self.hub / "users.json"


def environment(name: str) -> Path:
    """The folder of one of the Python environments, which all courses of this copy share."""
    return REPOSITORY / "var" / "env" / name
