"""Where things are: the repository, the course folder and everything made, under `var`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Workspace:
    """The paths of one course on this machine; `var` holds all that is made for it.

    `solutions` are the tutorials whose solutions the website shows.
    """

    course: Path
    var: Path
    solutions: tuple[str, ...] = ()

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
    def instance(self) -> Path:
        """Which course this is, and the name of its objects in the engine."""
        return self.hub / "instance.json"

    @property
    def users(self) -> Path:
        """Who may log in, with hashes."""
        return self.hub / "users.json"

    @property
    def former_users(self) -> Path:
        """Who left the roster; their passphrases hold again if they return."""
        return self.hub / "former_users.json"

    @property
    def grades(self) -> Path:
        """What organisers get from the gradebook (mode 700)."""
        return self.var / "grades"

    @property
    def deploy(self) -> Path:
        """What is known of machines elsewhere, and the registry of images (mode 700)."""
        return self.var / "deploy"

    @property
    def process(self) -> Path:
        """What ENGINE=process makes."""
        return self.var / "process"

    @property
    def engine_note(self) -> Path:
        """Which engine was started by hand."""
        return self.var / "engine.json"

    @property
    def kernel(self) -> Path:
        """The course's environment as a kernel, for another JupyterHub."""
        return self.var / "kernel"

    @property
    def schema(self) -> Path:
        return self.var / "course.schema.json"

    @property
    def made(self) -> tuple[Path, ...]:
        """What `make clean` takes away below `var`; environments and a running engine stay."""
        return (
            self.hub, self.log, self.build, self.notebooks, self.releases, self.site,
            self.process, self.credentials, self.schema, self.grades, self.deploy,
            self.kernel,
        )  # fmt: skip


def environment(name: str) -> Path:
    """The folder of one of the Python environments, which all courses of this copy share."""
    return REPOSITORY / "var" / "env" / name
