"""What a course has in an OpenStack cloud: finding it by its tags, and removing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from courseware.errors import UserError
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ConflictException, NotFoundException, SDKException

from cloudlab.providers import Doing, Owner, Thing, cloud

TAG_LENGTH = 60  # of Neutron's tags, in its releases before 2023

Found = dict[str, list[Any]]  # what there is, by kind, as the SDK's resources

# In the order of their removal.
KINDS = ("floating IP", "server", "volume", "router", "network", "security group", "key pair")


def title(owner: Owner) -> str:
    """The name of what is made, and the beginning of servers' names."""
    return f"syllab-{owner.instance}"


def network_tags(owner: Owner) -> list[str]:
    """The owner's tags, as Neutron keeps them: words."""
    return [f"{key}={value}"[:TAG_LENGTH] for key, value in owner.tags.items()]


def find(conn: Connection, owner: Owner) -> Found:
    """All that is tagged as this course's in the project, by kind, as the SDK's resources.

    Key pairs have no tags in Nova: the one with the course's name is meant.
    """
    mine = {"tags": network_tags(owner)[0], "project_id": conn.current_project_id}
    key = conn.compute.find_keypair(title(owner))
    return {
        "floating IP": list(conn.network.ips(**mine)),
        "server": [s for s in conn.compute.servers() if _tagged(s, owner)],
        "volume": [v for v in _volumes(conn) if _tagged(v, owner)],
        "router": list(conn.network.routers(**mine)),
        "network": list(conn.network.networks(**mine)),
        "security group": list(conn.network.security_groups(**mine)),
        "key pair": [key] if key else [],
    }


def _volumes(conn: Connection) -> Iterator[Any]:
    """The project's volumes; a cloud may have no service for them."""
    if conn.has_service("block-storage"):
        yield from conn.block_storage.volumes()


def _tagged(resource: Any, owner: Owner) -> bool:
    return resource.metadata.get("syllab-instance") == owner.instance


def thing(kind: str, resource: Any) -> Thing:
    """A resource as it is shown."""
    detail = {
        "floating IP": lambda r: r.fixed_ip_address or "",
        "server": lambda r: f"{r.flavor.original_name}, {r.status}",
        "volume": lambda r: f"{r.size} GB",
        "network": lambda r: f"MTU {r.mtu}",
    }.get(kind, lambda r: "")
    name = resource.floating_ip_address if kind == "floating IP" else resource.name
    return Thing(kind, name, detail(resource), resource.id)


def remove(conn: Connection, things: Iterable[Thing], doing: Doing) -> None:
    """Remove these things, in the order that the cloud asks for, and wait until they are gone."""
    removers = {
        "floating IP": conn.network.delete_ip,
        "volume": lambda id: _remove_volume(conn, id),
        "router": lambda id: _remove_router(conn, id),
        "network": lambda id: _remove_network(conn, id),
        "security group": conn.network.delete_security_group,
        "key pair": conn.compute.delete_keypair,
    }

    def remove_kind(kind: str, ids: list[str]) -> None:
        if kind == "server":
            remove_servers(conn, ids)
        else:
            for each in ids:
                _patiently(removers[kind], each)

    errors = (ClientException, SDKException, UserError)
    cloud.remove_in_order(KINDS, things, remove_kind, errors, doing)


def remove_servers(conn: Connection, ids: list[str]) -> None:
    """Delete servers side by side, and wait until the last is gone."""
    for each in ids:
        conn.compute.delete_server(each)
    for each in ids:
        _await(partial(_gone, conn.compute.get_server, each), "a server to be deleted")


def _remove_volume(conn: Connection, id: str) -> None:
    if _gone(conn.block_storage.get_volume, id):
        return
    for each in conn.block_storage.get_volume(id).attachments:
        conn.compute.delete_volume_attachment(each["server_id"], id)
    _await(lambda: conn.block_storage.get_volume(id).status != "in-use", "a volume to be detached")
    conn.block_storage.delete_volume(id)
    _await(partial(_gone, conn.block_storage.get_volume, id), "a volume to be deleted")


def _remove_router(conn: Connection, router: str) -> None:
    for port in _interfaces(conn, device_id=router):
        conn.network.remove_interface_from_router(router, port=port.id)
    conn.network.delete_router(router)


def _remove_network(conn: Connection, network: str) -> None:
    for port in _interfaces(conn, network_id=network):
        conn.network.remove_interface_from_router(port.device_id, port=port.id)
    conn.network.delete_network(network)  # its subnet goes along


def _interfaces(conn: Connection, **where: str) -> list[Any]:
    """The ports of routers among these, plain, distributed or highly available."""
    owners = ("network:router_interface", "network:ha_router_replicated_interface")
    return [p for p in conn.network.ports(**where) if p.device_owner.startswith(owners)]


def _patiently(remover: Callable[[str], Any], id: str) -> None:
    """Remove it, once what hangs on it has gone: the cloud's services tell each other later."""
    until = time.monotonic() + 60
    while True:
        try:
            remover(id)
            return
        except ConflictException:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def _gone(get: Callable[[str], Any], id: str) -> bool:
    try:
        get(id)
    except NotFoundException:
        return True
    return False


def _await(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + cloud.PATIENCE
    while not done():
        if time.monotonic() > until:
            raise UserError(f"the cloud takes too long for {what} -> try again later")
        time.sleep(1)
