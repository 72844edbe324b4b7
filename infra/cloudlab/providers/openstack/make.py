"""Making a course's machines in an OpenStack cloud."""

from __future__ import annotations

import base64
from ipaddress import IPv4Address, ip_address
from typing import Any

from courseware.errors import UserError
from openstack.exceptions import ResourceFailure, SDKException

from cloudlab.hosts import Machine
from cloudlab.providers import Thing, cloud
from cloudlab.providers.openstack import things
from cloudlab.providers.openstack.network import ensure_floating_ip, ensure_group, ensure_network
from cloudlab.providers.openstack.work import Work


def make(work: Work) -> list[Machine]:
    """Make what is missing, and wait until the servers run. Raises UserError or SDKException."""
    _ensure_key_pair(work)
    network = ensure_network(work)
    _ensure_servers(work, network, ensure_group(work))
    servers = work.servers
    ports = {name: _port(work, server, network) for name, server in servers.items()}
    entrance = None
    if work.wants.external_network:
        entrance = ensure_floating_ip(work, ports["manager"])
    disk = _ensure_volume(work, servers["manager"]) if work.wants.volume else None
    return [_machine(work, s, ports[s.name], entrance, disk) for s in cloud.servers(work.wants)]


def _machine(
    work: Work, server: cloud.Server, port: Any, entrance: str | None, disk: str | None
) -> Machine:
    """With a floating IP, the manager is reached there, and the workers through it."""
    manager, private = server.role == "manager", _address(port)
    return Machine(
        name=server.name,
        address=entrance if manager and entrance else str(private),
        private=private,
        role=server.role,
        user=work.wants.user,
        via=f"{work.wants.user}@{entrance}" if entrance and not manager else None,
        disk=disk if manager else None,
    )


def _ensure_key_pair(work: Work) -> None:
    compute, pair = work.conn.compute, work.first("key pair")
    if pair is not None:
        if pair.public_key.split()[:2] == work.checked.key.split():
            return
        compute.delete_keypair(pair)  # no server has it: `check` saw to that
    work.doing("making the key pair")
    work.note("key pair", compute.create_keypair(name=work.title, public_key=work.checked.key))


def _ensure_servers(work: Work, network: Any, group: Any) -> None:
    """Fill `work.servers`. Servers start side by side."""
    broken = [s for s in work.found["server"] if s.status == "ERROR"]
    things.remove_servers(work.conn, [s.id for s in broken])
    there = {s.name: s for s in work.found["server"] if s not in broken}
    wanted = cloud.servers(work.wants)
    started = {}
    for each in wanted:
        existing = there.get(f"{work.title}-{each.name}")
        if existing is not None and existing.status == "SHUTOFF":
            work.conn.compute.start_server(existing)
        started[each.name] = existing or _start(work, each, network, group)
    for each in wanted:
        try:
            work.servers[each.name] = _await_active(work, each, started[each.name])
        except ResourceFailure:  # often by chance: one of the cloud's own machines fails
            work.doing(f"{each.name} failed: {_fault(work, started[each.name])}")
            things.remove_servers(work.conn, [started[each.name].id])
            again = _start(work, each, network, group)
            work.servers[each.name] = _await_active(work, each, again, last=True)


def _start(work: Work, server: cloud.Server, network: Any, group: Any) -> Any:
    work.doing(f"making the server {server.name}")
    name = f"{work.title}-{server.name}"
    made = work.conn.compute.create_server(
        name=name,
        image_id=work.checked.image.id,
        flavor_id=work.checked.flavors[server.size].id,
        networks=[{"uuid": network.id}],
        security_groups=[{"name": group.id}],
        key_name=work.title,
        user_data=base64.b64encode(cloud.user_data(name).encode()).decode(),
        metadata=work.owner.tags,
    )
    work.made.append(Thing("server", name, id=made.id))
    return made


def _await_active(work: Work, wanted: cloud.Server, server: Any, last: bool = False) -> Any:
    """Raises ResourceFailure where the cloud fails, UserError if that was the `last` try."""
    work.doing(f"waiting for the server {wanted.name}")
    try:
        return work.conn.compute.wait_for_server(server, interval=1, wait=cloud.PATIENCE)
    except ResourceFailure as error:
        if not last:
            raise
        raise UserError(
            f"{wanted.name}: the cloud can't start this server, twice: {_fault(work, server)} -> "
            "try again later, choose another flavour or image, or ask the cloud's operators"
        ) from error


def _fault(work: Work, server: Any) -> str:
    """What the cloud says of a server that failed."""
    fault = work.conn.compute.get_server(server.id).fault or {}
    return fault.get("message", "the cloud doesn't say why")


def _port(work: Work, server: Any, network: Any) -> Any:
    """The server's port in the course's network."""
    return next(iter(work.conn.network.ports(device_id=server.id, network_id=network.id)))


def _address(port: Any) -> IPv4Address:
    addresses = [ip_address(each["ip_address"]) for each in port.fixed_ips]
    return next(each for each in addresses if isinstance(each, IPv4Address))


def _ensure_volume(work: Work, server: Any) -> str:
    """The volume, attached to this server; a pattern of its path there.

    The hypervisor shows the beginning of the volume's ID as the disk's serial number, after a
    prefix that depends on the bus (Nova's documentation, "Attaching volumes").
    """
    cinder, volume = work.conn.block_storage, work.first("volume")
    if volume is None:
        work.doing("making the volume")
        volume = cinder.create_volume(
            name=work.title, size=work.wants.volume, metadata=work.owner.tags
        )
        work.note("volume", volume)
    if not any(each["server_id"] == server.id for each in volume.attachments or []):
        cinder.wait_for_status(volume, "available", interval=1, wait=cloud.PATIENCE)
        work.doing("attaching the volume")
        work.conn.compute.create_volume_attachment(server, volume.id)
        cinder.wait_for_status(volume, "in-use", interval=1, wait=cloud.PATIENCE)
    return f"/dev/disk/by-id/*{volume.id[:20]}*"


def console(work: Work, name: str) -> str:
    """What a server's console shows; nothing where a cloud keeps none."""
    try:
        return work.conn.compute.get_server_console_output(work.servers[name])["output"] or ""
    except SDKException:
        return ""
