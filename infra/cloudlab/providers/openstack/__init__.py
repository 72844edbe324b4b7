"""Servers of an OpenStack cloud, with a network, a floating IP and a volume of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial

import openstack
from courseware.errors import UserError
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import HttpException, ResourceFailure, ResourceTimeout, SDKException

from cloudlab.hosts import Hosts, OpenStack
from cloudlab.providers import Doing, Machines, Owner, Thing, Things, cloud
from cloudlab.providers.answer import answering
from cloudlab.providers.openstack import things
from cloudlab.providers.openstack.check import Checked, check
from cloudlab.providers.openstack.make import console, make
from cloudlab.providers.openstack.work import Work

TIMEOUT = 60  # seconds for one answer of the cloud
UNAUTHORIZED = 401
REFUSED = "try again later, or ask the cloud's operators"
NO_WAY = (
    "are name, address and credentials in clouds.yaml right (it is looked for here, in "
    "~/.config/openstack and in /etc/openstack), and is the cloud reachable from here?"
)
# What they warn of is told as a UserError; without a handler it would be printed as well.
for _library in ("openstack", "keystoneauth"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


class OpenStackProvider:
    """Makes and removes a course's servers; what is there already is used again."""

    def __init__(self, hosts: Hosts, owner: Owner) -> None:
        assert hosts.openstack is not None  # noqa: S101 - Hosts sees to it
        self.wants: OpenStack = hosts.openstack
        self.key, self.owner = hosts.key, owner

    def plan(self) -> Things:
        """What there must be; see `Provider`."""
        with self._told():
            found, checked = self._look()
            return [_as_found(thing, found) for thing in self._needed(checked)]

    def create(self, doing: Doing) -> Machines:
        """Make what is missing, and wait for SSH; see `Provider`."""
        with self._told():
            doing("asking the cloud what is there")
            found, checked = self._look()
            work = Work(self._conn, self.wants, self.owner, found, checked, doing)
            with cloud.all_or_nothing(work.made, self._remove, doing):
                machines = make(work)
                return answering(machines, self.key, partial(console, work), doing)

    def list(self) -> Things:
        """All that is tagged as this course's."""
        with self._told():
            found = things.find(self._conn, self.owner)
            return [things.thing(kind, each) for kind in found for each in found[kind]]

    def destroy(self, doing: Doing) -> Things:
        """Remove all that `list` tells."""
        there = self.list()
        with self._told():
            self._remove(there, doing)
        return there

    @property
    def mtu(self) -> int | None:
        """The MTU of the servers' network, in bytes; None while there is no network."""
        with self._told():
            if self.wants.network:
                network = self._conn.network.find_network(self.wants.network)
            else:
                network = next(iter(things.find(self._conn, self.owner)["network"]), None)
            return network.mtu if network else None

    @cached_property
    def _conn(self) -> Connection:
        return openstack.connect(cloud=self.wants.cloud, app_name="syllab", api_timeout=TIMEOUT)

    def _look(self) -> tuple[things.Found, Checked]:
        found = things.find(self._conn, self.owner)
        return found, check(self._conn, self.wants, self.key, found, things.title(self.owner))

    def _remove(self, these: Things, doing: Doing) -> None:
        things.remove(self._conn, these, doing)

    def _needed(self, checked: Checked) -> Iterator[Thing]:
        title = things.title(self.owner)
        if not self.wants.network:
            yield Thing("network", title, str(self.wants.cidr))
            yield Thing("router", title, f"to {self.wants.external_network}")
        yield Thing("security group", title, f"ports {', '.join(map(str, cloud.PORTS))}")
        yield Thing("key pair", title)
        for server in cloud.servers(self.wants):
            flavor = checked.flavors[server.size]
            size = f"{flavor.name}: {flavor.vcpus} cores, {flavor.ram} MB, {flavor.disk} GB"
            yield Thing("server", f"{title}-{server.name}", size)
        if self.wants.external_network:
            yield Thing("floating IP", title, f"of {self.wants.external_network}")
        if self.wants.volume:
            yield Thing("volume", title, f"{self.wants.volume} GB")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the cloud refuses as a UserError."""
        try:
            yield
        except (SDKException, ClientException) as error:
            # An answer's text begins with its address; `details` is what the cloud says itself.
            said = getattr(error, "details", None) or str(error)
            answered = isinstance(error, (HttpException, ResourceFailure, ResourceTimeout))
            answered = answered and getattr(error, "status_code", None) != UNAUTHORIZED
            raise UserError(
                f"OpenStack cloud '{self.wants.cloud}': {said} -> {REFUSED if answered else NO_WAY}"
            ) from error


def _as_found(thing: Thing, found: things.Found) -> Thing:
    for each in found[thing.kind]:
        if thing.kind != "server" or each.name == thing.name:
            return things.thing(thing.kind, each)
    return thing
