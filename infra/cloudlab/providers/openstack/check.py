"""What can be known to fail in an OpenStack cloud before anything is made; all is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from courseware.errors import UserError, suggest
from openstack.connection import Connection

from cloudlab.hosts import OpenStack
from cloudlab.providers.cloud import public_key
from cloudlab.providers.openstack.quota import quota
from cloudlab.providers.openstack.things import Found


@dataclass
class Checked:
    """What `hosts.yml` names, as the cloud has it."""

    key: str = ""
    image: Any = None
    flavors: dict[str, Any] = field(default_factory=dict)
    network: Any = None
    """The network that hosts.yml names."""
    external: Any = None


def check(
    conn: Connection, wants: OpenStack, key: Path | None, found: Found, title: str
) -> Checked:
    """Look up what `hosts.yml` names; `found` is what the course has there already.

    Raises UserError with everything that stands in the way, each with its remedy.
    """
    checked, problems = Checked(), []
    try:
        checked.key = public_key(key)
        problems += _other_key(checked.key, found)
    except UserError as error:
        problems.append(str(error))
    problems += _image(conn, wants, checked)
    problems += _flavors(conn, wants, checked)
    problems += _networks(conn, wants, checked)
    if wants.volume and not conn.has_service("block-storage"):
        problems.append("openstack.volume: this cloud has no volumes -> remove the key")
    problems += quota(conn, wants, checked.flavors, found, title)
    if problems:
        raise UserError("\n".join(problems))
    return checked


def _other_key(key: str, found: Found) -> list[str]:
    for pair in found["key pair"] if found["server"] else []:
        if pair.public_key.split()[:2] != key.split():
            return [
                f"key: the servers were made with another SSH key, {pair.fingerprint} -> set 'key' "
                "in hosts.yml to that one; only new servers can have another"
            ]
    return []


def _image(conn: Connection, wants: OpenStack, checked: Checked) -> list[str]:
    # By name an image can be there twice, an old and a new one: the newest is meant.
    named = list(conn.image.images(name=wants.image, status="active", sort="created_at:desc"))
    checked.image = named[0] if named else conn.image.find_image(wants.image)
    if checked.image is None:
        return [_unknown("image", wants.image, (i.name for i in conn.image.images()))]
    return []


def _flavors(conn: Connection, wants: OpenStack, checked: Checked) -> list[str]:
    problems = []
    for key, name in {"flavor": wants.flavor, "worker_flavor": wants.worker_flavor}.items():
        if name is None:
            continue
        flavor = conn.compute.find_flavor(name)
        checked.flavors[name] = flavor
        if flavor is None:
            problems.append(_unknown(key, name, (f.name for f in conn.compute.flavors())))
        elif checked.image is not None:
            problems += _small(key, flavor, checked.image)
    return problems


def _small(key: str, flavor: Any, image: Any) -> list[str]:
    for what, has, needs, unit in (
        ("memory", flavor.ram, image.min_ram or 0, "MB"),
        ("disk", flavor.disk, max(image.min_disk or 0, 1), "GB"),
    ):
        if has < needs:
            return [
                f"openstack.{key}: {flavor.name} has {has} {unit} of {what}, the image needs "
                f"{needs} -> choose a larger flavour"
            ]
    return []


def _networks(conn: Connection, wants: OpenStack, checked: Checked) -> list[str]:
    problems = []
    networks = list(conn.network.networks())
    outside = [n.name for n in networks if n.is_router_external]
    if wants.network:
        checked.network = _named(wants.network, networks)
        if checked.network is None:
            problems.append(_unknown("network", wants.network, (n.name for n in networks)))
        elif not checked.network.subnet_ids:
            problems.append(
                f"openstack.network: {wants.network} has no subnet -> give it one, or remove the "
                "key to have a network made"
            )
    if wants.external_network:
        checked.external = _named(wants.external_network, networks)
        if checked.external is None or not checked.external.is_router_external:
            problems.append(_unknown("external_network", wants.external_network, outside))
    elif not wants.network:
        problems.append(
            "openstack.external_network: a network that is made can't be reached without it -> "
            f"choose one of {', '.join(outside) or '(none in this cloud)'}, or set 'network'"
        )
    return problems


def _named(name_or_id: str, networks: Iterable[Any]) -> Any:
    return next((n for n in networks if name_or_id in (n.name, n.id)), None)


def _unknown(key: str, name: str, known: Iterable[str]) -> str:
    known = sorted({k for k in known if k})
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    remedy = suggest(name, known, f"choose one of: {shown}" if known else "this cloud has none")
    return f"openstack.{key}: no '{name}' in this cloud -> {remedy}"
