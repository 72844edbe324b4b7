"""One run of making things in an OpenStack cloud: what it knows, and what it made so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from openstack.connection import Connection

from cloudlab.hosts import OpenStack
from cloudlab.providers import Doing, Owner, Thing
from cloudlab.providers.openstack.check import Checked
from cloudlab.providers.openstack.things import Found, network_tags, title


@dataclass
class Work:
    """`found` is what the course has, by kind; `made` is added to with each thing made."""

    conn: Connection
    wants: OpenStack
    owner: Owner
    found: Found
    checked: Checked
    doing: Doing
    made: list[Thing] = field(default_factory=list)
    servers: dict[str, Any] = field(default_factory=dict)
    """Those that run, by their machines' names, as the cloud describes them."""

    @property
    def title(self) -> str:
        """The name of what is made."""
        return title(self.owner)

    def first(self, kind: str) -> Any:
        """The thing of a kind that a course has one of; None if it must be made."""
        return next(iter(self.found[kind]), None)

    def note(self, kind: str, resource: Any) -> Any:
        """Remember at once that this was made."""
        self.made.append(Thing(kind, self.title, id=resource.id))
        return resource

    def note_tagged(self, kind: str, resource: Any) -> Any:
        """The same for Neutron's things, which get their tags afterwards."""
        self.note(kind, resource)
        self.conn.network.set_tags(resource, network_tags(self.owner))
        return resource
