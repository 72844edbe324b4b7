"""Machines that are there already: this one, or those that `hosts.yml` lists."""

from __future__ import annotations

from cloudlab.hosts import Hosts, Machine
from cloudlab.providers import Doing, Machines, Owner, Thing, Things

LOCAL = Machine(name="local", address="127.0.0.1", role="manager")


class GivenMachines:
    """Makes and destroys no machines."""

    def __init__(self, hosts: Hosts, owner: Owner) -> None:
        self.machines = [LOCAL] if hosts.provider == "local" else hosts.machines

    def plan(self) -> Things:
        """The machines."""
        return self.list()

    def create(self, doing: Doing) -> Machines:
        """The machines."""
        return self.machines

    def list(self) -> Things:
        """The machines; they stay when the course is destroyed."""
        return [Thing("machine", m.name, m.role, m.address) for m in self.machines]

    def destroy(self, doing: Doing) -> Things:
        """Nothing: they aren't ours."""
        return []
