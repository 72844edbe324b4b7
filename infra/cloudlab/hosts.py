"""The schema of `hosts.yml`: on which machines a course runs, and under which name."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Literal

from courseware import shape, yamlfile
from courseware.errors import CourseError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
HostKey = Annotated[str, Field(pattern=r"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$")]
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]+$")]


def _beside(path: Path, info: ValidationInfo) -> Path:
    """Relative paths are relative to the file's own folder."""
    folder = (info.context or {}).get("folder", Path.cwd())
    return folder / path.expanduser()


HostPath = Annotated[Path, AfterValidator(_beside)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Own(_Model):
    """A certificate that the organiser has."""

    file: HostPath
    """The certificate with its chain, in PEM."""
    key: HostPath
    """Its private key, in PEM."""


class Acme(_Model):
    """A certificate from an authority that speaks ACME (RFC 8555)."""

    directory: str | None = None
    """The authority's directory; None for Caddy's default, Let's Encrypt."""
    ca: HostPath | None = None
    """The certificate of a private authority's own server, in PEM."""
    email: str | None = None
    """Where the authority writes to when something is wrong."""


class Machine(_Model):
    """One machine, as it is reached over SSH."""

    name: Name
    """Its name in messages."""
    address: str
    """Where SSH reaches it: an address or a name."""
    private: IPv4Address | None = None
    """Its address among the course's machines; None where that is `address`."""
    role: Literal["manager", "worker"] = "manager"
    """The manager has hub and grader (and the labs, if it is alone), workers have labs."""
    user: str = "root"
    """Who logs in; root, or somebody with sudo without a passphrase."""
    port: int = 22
    """SSH's port."""
    via: str | None = None
    """The machine to go through, as user@address; None where it is reached directly."""
    host_keys: list[HostKey] = []
    """Its public SSH host keys; if there are none, the first that answers is believed."""
    disk: str | None = None
    """The disk for homes and images, as a path or a pattern of paths; None for the system's."""


class OpenStack(_Model):
    """Servers of an OpenStack cloud; the credentials are those of clouds.yaml."""

    cloud: str
    """The cloud's name in clouds.yaml."""
    image: str = "debian-12"
    """The servers' image: Debian 12, Ubuntu 22.04 or 24.04."""
    user: str = "debian"
    """The login of that image."""
    flavor: str
    """The manager's flavour."""
    worker_flavor: str | None = None
    """The workers' flavour; None for the manager's."""
    workers: int = Field(default=0, ge=0)
    """How many machines have labs beside the manager."""
    external_network: str | None = None
    """The network that floating IPs come from; None to reach the servers at their own addresses."""
    network: str | None = None
    """A network that is there already; None to make one."""
    cidr: IPv4Network = IPv4Network("10.77.0.0/24")
    """The addresses of a network that is made."""
    volume: int | None = Field(default=None, ge=1)
    """GB of a volume for homes and images at the manager; None for the server's own disk."""


class Ec2(_Model):
    """Instances of a cloud that speaks EC2; credentials are those of AWS's own tools."""

    region: str
    """The region."""
    endpoint: str | None = None
    """Another cloud's endpoint; None for AWS."""
    image: str
    """The image's ID: Debian 12, Ubuntu 22.04 or 24.04."""
    user: str = "admin"
    """The login of that image."""
    type: str
    """The manager's type."""
    worker_type: str | None = None
    """The workers' type; None for the manager's."""
    workers: int = Field(default=0, ge=0)
    """How many machines have labs beside the manager."""
    volume: int = Field(default=60, ge=20)
    """GB of each machine's disk."""


class Backup(_Model):
    """Where backups go; restic encrypts them."""

    repository: str = "/var/backups/syllab"
    """restic's repository: a folder of the manager, sftp:, s3:, rest: ..."""
    every: str = "*-*-* 03:30:00"
    """When, as systemd's OnCalendar."""
    keep: int = Field(default=14, ge=1)
    """How many days are kept."""


class Hosts(_Model):
    """Where a course runs."""

    provider: Literal["local", "ssh", "openstack", "ec2"]
    """Where machines come from: this one, those that are there, or a cloud."""
    domain: DomainName | None = None
    """The course's name in the DNS; None to be reached by the manager's address."""
    certificate: Literal["acme", "own", "internal"] = "acme"
    """By ACME, the organiser's own, or of an authority on the manager that no browser knows."""
    acme: Acme = Acme()
    own: Own | None = None
    key: HostPath | None = None
    """The private SSH key; None for those that SSH finds by itself."""
    machines: list[Machine] = []
    """The machines, for the provider ssh."""
    openstack: OpenStack | None = None
    ec2: Ec2 | None = None
    homes: Literal["pinned", "nfs"] = "pinned"
    """With workers: homes stay on the machine of the first lab, or are on the manager for all."""
    backup: Backup = Backup()

    @model_validator(mode="after")
    def _fits(self) -> Hosts:
        if self.provider in ("openstack", "ec2") and getattr(self, self.provider) is None:
            raise ValueError(f"provider {self.provider} needs the key '{self.provider}'")
        if self.provider == "ssh":
            names = [machine.name for machine in self.machines]
            if sum(machine.role == "manager" for machine in self.machines) != 1:
                raise ValueError("provider ssh needs 'machines', one of them with role: manager")
            if len(set(names)) < len(names):
                raise ValueError("two machines have the same name")
        if self.certificate == "acme" and self.domain is None:
            raise ValueError("a certificate by ACME needs 'domain'; without: certificate: internal")
        if self.certificate == "own" and self.own is None:
            raise ValueError("certificate: own needs the key 'own'")
        return self


def load(path: Path) -> Hosts:
    """Read `hosts.yml`; relative paths in it are relative to its folder. Raises CourseError."""
    file = yamlfile.read(path)
    if not isinstance(file.data, dict):
        file.wrong((), "must be a group of keys", "write `provider: ssh` and so on")
    else:
        shape.check(file, Hosts)
    if file.problems:
        raise CourseError(file.problems)
    return Hosts.model_validate(file.data, context={"folder": path.resolve().parent})
