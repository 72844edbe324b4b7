"""What a project in an OpenStack cloud may still have, and what a course needs of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import SDKException

from cloudlab.hosts import OpenStack
from cloudlab.providers.cloud import servers
from cloudlab.providers.openstack.things import Found

UNLIMITED = -1  # in the quotas of all services


def quota(
    conn: Connection,
    wants: OpenStack,
    flavors: dict[str, Any],
    found: Found,
    title: str,
) -> list[str]:
    """What the project may not have more of. A service that doesn't tell is left out."""
    needs = _needs(wants, flavors, found, title)
    problems = []
    for free in (_compute_free, _network_free, _volumes_free):
        try:
            left = free(conn)
        except SDKException:  # by the cloud's policy, or an older release: making them will tell
            continue
        problems += [
            f"quota: {needs[what]} more {what} needed, {max(left[what], 0)} left -> ask the "
            "cloud's operators for more, choose less in hosts.yml, or remove what isn't used"
            for what in needs
            if what in left and needs[what] > left[what]
        ]
    return problems


def _needs(wants: OpenStack, flavors: dict[str, Any], found: Found, title: str) -> Counter[str]:
    needs: Counter[str] = Counter()
    there = {s.name for s in found["server"]}
    for server in servers(wants):
        if f"{title}-{server.name}" in there:
            continue
        needs["instances"] += 1
        if flavor := flavors.get(server.size):
            needs.update({"cores": flavor.vcpus, "MB of memory": flavor.ram})
    if not wants.network:
        made = {"network": "networks", "router": "routers"}
        needs.update(made[kind] for kind in made if not found[kind])
    if not found["security group"]:
        needs["security groups"] += 1
    if wants.external_network and not found["floating IP"]:
        needs["floating IPs"] += 1
    if wants.volume and not found["volume"]:
        needs.update({"volumes": 1, "GB of volumes": wants.volume})
    return needs


def _left(limit: int, used: int) -> float:
    return float("inf") if limit == UNLIMITED else limit - used


def _compute_free(conn: Connection) -> dict[str, float]:
    told = conn.compute.get_limits().absolute
    return {
        "instances": _left(told.instances, told.instances_used),
        "cores": _left(told.total_cores, told.total_cores_used),
        "MB of memory": _left(told.total_ram, told.total_ram_used),
    }


def _network_free(conn: Connection) -> dict[str, float]:
    told = conn.network.get_quota(conn.current_project_id or "", details=True)
    quotas = {
        "networks": told.networks,
        "routers": told.routers,
        "security groups": told.security_groups,
        "floating IPs": told.floating_ips,
    }
    return {what: _left(q["limit"], q["used"] + q["reserved"]) for what, q in quotas.items() if q}


def _volumes_free(conn: Connection) -> dict[str, float]:
    if not conn.has_service("block-storage"):
        return {}
    told = conn.block_storage.get_limits().absolute
    return {
        "volumes": _left(told.max_total_volumes, told.total_volumes_used),
        "GB of volumes": _left(told.max_total_volume_gigabytes, told.total_gigabytes_used),
    }
