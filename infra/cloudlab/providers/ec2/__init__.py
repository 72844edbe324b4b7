"""Servers of a cloud that speaks EC2, with an elastic IP for the manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from courseware.errors import UserError

from cloudlab.hosts import Ec2, Hosts
from cloudlab.providers import Doing, Machines, Owner, Thing, Things, cloud
from cloudlab.providers.answer import answering
from cloudlab.providers.ec2 import things
from cloudlab.providers.ec2.check import Checked, check
from cloudlab.providers.ec2.make import console, make
from cloudlab.providers.ec2.network import CIDR
from cloudlab.providers.ec2.work import Work

SETTINGS = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard"})  # seconds
CREDENTIALS = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`; they "
    "need the rights to describe, make and delete instances and what belongs to them"
)
# EC2's API reference, "Common client errors".
REFUSED = {
    "AuthFailure", "ExpiredToken", "InvalidClientTokenId", "OptInRequired", "RequestExpired",
    "SignatureDoesNotMatch", "UnauthorizedOperation",
}  # fmt: skip


class Ec2Provider:
    """Makes and removes a course's servers; what is there already is used again."""

    def __init__(self, hosts: Hosts, owner: Owner) -> None:
        assert hosts.ec2 is not None  # noqa: S101 - Hosts sees to it
        self.wants: Ec2 = hosts.ec2
        self.key, self.owner = hosts.key, owner

    def plan(self) -> Things:
        """What there must be; see `Provider`."""
        with self._told():
            found, checked = self._look()
            return [_as_found(thing, found) for thing in self._needed(found, checked)]

    def create(self, doing: Doing) -> Machines:
        """Make what is missing, and wait for SSH; see `Provider`."""
        with self._told():
            doing("asking the cloud what is there")
            found, checked = self._look()
            work = Work(self._ec2, self.wants, self.owner, found, checked, doing)
            with cloud.all_or_nothing(work.made, self._remove, doing):
                machines = make(work)
                return answering(machines, self.key, partial(console, work), doing)

    def list(self) -> Things:
        """All that is tagged as this course's."""
        with self._told():
            found = things.find(self._ec2, self.owner)
            return [things.thing(kind, each) for kind in found for each in found[kind]]

    def destroy(self, doing: Doing) -> Things:
        """Remove all that `list` tells."""
        there = self.list()
        with self._told():
            self._remove(there, doing)
        return there

    @cached_property
    def _session(self) -> Session:
        return Session(region_name=self.wants.region)

    @cached_property
    def _ec2(self) -> Any:
        return self._session.client("ec2", endpoint_url=self.wants.endpoint, config=SETTINGS)

    def _look(self) -> tuple[things.Found, Checked]:
        found = things.find(self._ec2, self.owner)
        title = things.title(self.owner)
        return found, check(self._session, self._ec2, self.wants, self.key, found, title)

    def _remove(self, these: Things, doing: Doing) -> None:
        things.remove(self._ec2, these, doing)

    def _needed(self, found: things.Found, checked: Checked) -> Iterator[Thing]:
        title = things.title(self.owner)
        if found["VPC"] or not checked.subnet:
            yield Thing("VPC", title, CIDR)
            yield Thing("gateway", title)
            yield Thing("subnet", title, CIDR)
        yield Thing("security group", title, f"ports {', '.join(map(str, cloud.PORTS))}")
        yield Thing("key pair", title)
        for server in cloud.servers(self.wants):
            kind = checked.types[server.size]
            cores, memory = kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]
            size = f"{server.size}: {cores} cores, {memory} MB, {self.wants.volume} GB"
            yield Thing("server", f"{title}-{server.name}", size)
        yield Thing("elastic IP", title)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the cloud refuses as a UserError."""
        where = f"EC2 in {self.wants.region}"
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise UserError(f"{where}: {error} -> {CREDENTIALS}") from error
        except ClientError as error:
            refused = error.response["Error"]["Code"] in REFUSED
            remedy = CREDENTIALS if refused else "try again later, or another type or region"
            raise UserError(f"{where}: {error} -> {remedy}") from error
        except BotoCoreError as error:
            raise UserError(
                f"{where}: {error} -> are region and endpoint right, and reachable from here?"
            ) from error


def _as_found(thing: Thing, found: things.Found) -> Thing:
    for each in found[thing.kind]:
        if thing.kind != "server" or things.name_of(each) == thing.name:
            return things.thing(thing.kind, each)
    return thing
