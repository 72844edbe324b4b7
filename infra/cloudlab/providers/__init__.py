"""Where machines come from: this one, those that are there, or a cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cloudlab.hosts import Hosts, Machine

Doing = Callable[[str], None]  # is told what is being done, for the progress line


@dataclass(frozen=True)
class Owner:
    """Whose things they are. Everything that is made is tagged with it."""

    instance: str
    release: str

    @property
    def tags(self) -> dict[str, str]:
        """As a cloud keeps them. The first alone says what is found and destroyed."""
        return {"syllab-instance": self.instance, "syllab-release": self.release}


@dataclass(frozen=True)
class Thing:
    """Something that a provider has, or would make: a server, a network, an address, a volume."""

    kind: str
    name: str
    detail: str = ""
    id: str = ""
    """Empty while it isn't there."""


Things = list[Thing]  # names of their own, since in a provider `list` is a method
Machines = list[Machine]


class Provider(Protocol):
    """Machines for one course."""

    def plan(self) -> Things:
        """What there must be; those with an ID are there. Makes nothing.

        Raises UserError with everything that stands in the way: credentials, quota, flavour,
        image, network.
        """

    def create(self, doing: Doing) -> Machines:
        """Make what is missing, and wait until SSH answers at the machines.

        They have `host_keys` where the cloud tells them. Raises UserError; what this call made is
        then taken away again, and so it is when it is interrupted.
        """

    def list(self) -> Things:
        """All that is tagged as this course's."""

    def destroy(self, doing: Doing) -> Things:
        """Remove all that `list` tells, and nothing else; what was removed.

        Raises UserError, after all else was removed, if something can't be.
        """


def provider(hosts: Hosts, owner: Owner) -> Provider:
    """The provider that `hosts.yml` names."""
    # Each brings its cloud's library, which takes seconds to import.
    if hosts.provider == "openstack":
        from cloudlab.providers.openstack import OpenStackProvider

        return OpenStackProvider(hosts, owner)
    if hosts.provider == "ec2":
        from cloudlab.providers.ec2 import Ec2Provider

        return Ec2Provider(hosts, owner)
    from cloudlab.providers.given import GivenMachines

    return GivenMachines(hosts, owner)
