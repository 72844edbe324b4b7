"""A course's network in an OpenStack cloud: router, security group and floating IP with it."""

from __future__ import annotations

from typing import Any

from cloudlab.providers import cloud
from cloudlab.providers.openstack.work import Work


def ensure_network(work: Work) -> Any:
    """The network that hosts.yml names, or the course's own, with subnet and router."""
    if work.checked.network:
        return work.checked.network
    neutron = work.conn.network
    network = work.first("network")
    if network is None:
        work.doing("making the network")
        network = work.note_tagged("network", neutron.create_network(name=work.title))
    subnet = next(iter(neutron.subnets(network_id=network.id)), None)
    if subnet is None:
        subnet = neutron.create_subnet(
            network_id=network.id, name=work.title, ip_version=4, cidr=str(work.wants.cidr)
        )
    _ensure_router(work, network, subnet)
    return network


def _ensure_router(work: Work, network: Any, subnet: Any) -> None:
    neutron, router = work.conn.network, work.first("router")
    if router is None:
        work.doing("making the router")
        outside = {"network_id": work.checked.external.id}
        router = neutron.create_router(name=work.title, external_gateway_info=outside)
        work.note_tagged("router", router)
    if not list(neutron.ports(network_id=network.id, device_id=router.id)):
        neutron.add_interface_to_router(router, subnet=subnet.id)


def ensure_group(work: Work) -> Any:
    """The security group: SSH and the web from anywhere, everything among the servers."""
    neutron, group = work.conn.network, work.first("security group")
    if group is None:
        work.doing("making the security group")
        group = neutron.create_security_group(name=work.title)
        work.note_tagged("security group", group)
    rules: list[dict[str, Any]] = [
        {"protocol": "tcp", "port_range_min": port, "port_range_max": port} for port in cloud.PORTS
    ]
    rules.append({"protocol": None, "remote_group_id": group.id})
    there = list(neutron.security_group_rules(security_group_id=group.id, direction="ingress"))
    for rule in rules:
        if not any(all(getattr(t, key) == rule[key] for key in rule) for t in there):
            neutron.create_security_group_rule(
                security_group_id=group.id, direction="ingress", ether_type="IPv4", **rule
            )
    return group


def ensure_floating_ip(work: Work, port: Any) -> str:
    """The floating IP, at this port; its address."""
    neutron, floating = work.conn.network, work.first("floating IP")
    if floating is None:
        work.doing("making the floating IP")
        floating = neutron.create_ip(floating_network_id=work.checked.external.id, port_id=port.id)
        work.note_tagged("floating IP", floating)
    elif floating.port_id != port.id:
        floating = neutron.update_ip(floating, port_id=port.id)
    return floating.floating_ip_address
