"""The schema of `hub.json`, the hub's only input. Whoever starts a hub writes it."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from .errors import UserError

Port = Annotated[int, Field(ge=1, le=65535)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Address(_Model):
    ip: IPv4Address
    """The address to listen on."""
    port: Port
    """The port to listen on."""


class LabLimits(_Model):
    memory_bytes: int = Field(ge=64 * 2**20)
    """Memory of one lab, in bytes."""
    cpus: float = Field(gt=0)
    """Processor cores of one lab."""
    pids: int = Field(ge=16)
    """Processes and threads of one lab."""


class GraderSettings(_Model):
    address: Address
    """Where labs reach the grader: on the gateway of their network."""
    database: str
    """The gradebook, as an address of SQLAlchemy's: sqlite:////folder/file, postgresql+psycopg://"""
    pool: int = Field(ge=1)
    """How many containers wait for submissions, started already."""


class SwarmSettings(_Model):
    """Labs on the workers of a swarm, whose manager the hub's machine is."""

    homes: Literal["pinned", "nfs"]
    """Homes stay on the machine of the first lab, or are on the manager for all."""


class Signer(_Model):
    name: str
    """The person's name: any text."""
    affiliation: str
    """Where the person works, or empty."""


class Certificate(_Model):
    """Who gets a certificate of participation, and all that stands on it but the name."""

    share: float | None = Field(default=None, gt=0, le=100)
    """The percentage of all points that it takes; None where one attempt is enough."""
    language: str
    """The language of the texts, as a BCP 47 tag."""
    heading: str
    """What stands above the participant's name."""
    phrase: str
    """What stands between the participant's name and the course's title."""
    title: str
    """The course's title."""
    subtitle: str
    """The course's subtitle, or empty."""
    event: str
    """The meeting that the course is part of, or empty."""
    dates: str
    """The days of the course in words, or empty."""
    place: str
    """The place in words, or empty."""
    text: list[str]
    """Further lines."""
    signed: list[Signer]
    """Who signs it."""


class Grading(_Model):
    """The course's policy: which of a participant's attempts at an exercise counts."""

    counts: Literal["best", "last"] = "best"
    """The attempt with the most points, or the last one."""
    deadline: AwareDatetime | None = None
    """From this moment on, attempts that arrive don't count."""
    certificate: Certificate | None = None
    """What those who took part get, if anything."""


class CourseSession(_Model):
    """A session for which participants need their labs."""

    title: str
    """What it is called: any text."""
    start: AwareDatetime
    """When it starts."""
    end: AwareDatetime
    """When it ends."""


class Lifecycle(_Model):
    """Which labs are started and stopped by the schedule; as it is here, none."""

    sessions: list[CourseSession] = []
    """The sessions for which labs are started, and during which none is stopped."""
    warm_seconds: int = Field(default=0, ge=0)
    """How long before a session labs begin to start; 0 for never."""
    idle_seconds: int = Field(default=0, ge=0)
    """After how long without activity a lab is stopped outside sessions; 0 for never."""


class HubSettings(_Model):
    """Everything a hub needs to know."""

    instance: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Starts the name of every object in the engine: containers, volumes, the network."""
    title: str
    """The course's title: any text."""
    release: Path
    """The folder of the release that this hub runs."""
    image: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    """The ID of the labs' image; the release's manifest must name the same."""
    public: Address
    """Where the proxy listens."""
    address: str | None = Field(default=None, pattern=r"^https://[^/\s]+/$")
    """Where browsers reach the course, if a server in front of the proxy speaks TLS for it."""
    hub: Address
    """Where labs reach the hub: the gateway of their network."""
    proxy_api_port: Port
    """The proxy's own interface, on the loopback."""
    site_port: Port
    """The course's website, on the loopback."""
    network: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")
    """The labs' network in the engine."""
    users: Path
    """The file of accounts: {"username": {"name", "role", "hash"}}."""
    state: Path
    """The hub's own folder: database, cookie secret, tokens."""
    lab: LabLimits
    """What each lab may use."""
    capacity: int = Field(ge=1)
    """How many labs may run at once."""
    grader: GraderSettings
    """The service that grades exercises."""
    grading: Grading
    """What of its results counts."""
    lifecycle: Lifecycle = Lifecycle()
    """When labs start and stop by themselves."""
    swarm: SwarmSettings | None = None
    """Where labs are on other machines than the hub."""

    @field_validator("release", "users", "state")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError("must be an absolute path")
        return path

    @classmethod
    def read(cls, path: Path) -> HubSettings:
        """Read `hub.json`. Raises UserError with every key that is wrong."""
        remedy = "it is written by `make up`: run that again"
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            raise UserError(f"{path}: can't be read ({error.strerror}) -> {remedy}") from None
        except ValidationError as error:
            found = ((".".join(map(str, e["loc"])), e["msg"]) for e in error.errors())
            wrong = [f"{path}: {key}: {message} -> {remedy}" for key, message in found]
            raise UserError("\n".join(wrong)) from None

    def write(self, path: Path) -> None:
        """Write `hub.json`, readable by its owner only, wholly or not at all."""
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        new.replace(path)
