"""One run of making things in a cloud that speaks EC2: what it knows, and what it made so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cloudlab.hosts import Ec2
from cloudlab.providers import Doing, Owner, Thing
from cloudlab.providers.ec2 import things
from cloudlab.providers.ec2.check import Checked
from cloudlab.providers.ec2.things import Found


@dataclass
class Work:
    """One run: `found` is what the course has, by kind; `made` is added to with each thing made."""

    ec2: Any
    wants: Ec2
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
        return things.title(self.owner)

    def first(self, kind: str) -> Any:
        """The thing of a kind that a course has one of; None if it must be made."""
        return next(iter(self.found[kind]), None)

    def tags(self, kind: str) -> list[dict[str, Any]]:
        """TagSpecifications; `kind` is EC2's word."""
        return things.tags(self.owner, kind, self.title)

    def note(self, kind: str, id: str, name: str = "") -> None:
        """Remember at once that this was made."""
        self.made.append(Thing(kind, name or self.title, id=id))
