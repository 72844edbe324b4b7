"""What playbooks are told: the release, hub.json as far as it is known here, and hosts.yml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from courseware import grade_policy, lifecycle
from courseware.course import Course
from courseware.hub_settings import Lifecycle

from cloudlab.hosts import Hosts
from cloudlab.local import SANDBOX
from cloudlab.network import FORBIDDEN

PORT = {"live": 8000, "candidate": 8100}


def instance(course: Course) -> str:
    """Starts the name of everything on machines: the same whoever deploys."""
    return course.id[:30].strip("-")


def root(instance: str) -> str:
    """The course's folder on a machine."""
    return f"/srv/syllab/{instance}"


def hub_json(
    course: Course,
    instance: str,
    release: Path,
    slot: str,
    *,
    memory: int,
    labs: int,
    homes: str | None = None,
) -> dict[str, Any]:
    """hub.json without the labs' gateway and the public address, which the role adds.

    `memory` is the manager's, in bytes; `labs` says how many may run at once; `homes` is
    where they are if other machines have the labs, else None.
    """
    manifest = json.loads((release / "manifest.json").read_text())
    port, folder = PORT[slot], f"{root(instance)}/{slot}"
    name = instance if slot == "live" else f"{instance}-{slot}"
    pool = max(2, min(labs, memory // (8 * SANDBOX))) if slot == "live" else 1
    # A candidate is tried: it must not start labs beside those of the live hub.
    labs_by_themselves = lifecycle.lifecycle(course) if slot == "live" else Lifecycle()
    return {
        "instance": name,
        "title": course.title,
        "release": f"{root(instance)}/releases/{release.name}",
        "image": manifest["image"]["id"],
        "public": {"ip": "127.0.0.1", "port": port},
        "proxy_api_port": port + 1,
        "site_port": port + 2,
        "network": name,
        "users": f"{folder}/users.json",
        "state": f"{folder}/state",
        "capacity": course.capacity,
        "grader": {"database": f"sqlite:///{folder}/state/grades.sqlite", "pool": pool},
        "grading": grade_policy.policy(course).model_dump(mode="json"),
        "lifecycle": labs_by_themselves.model_dump(mode="json"),
        "lab": {
            "memory_bytes": course.lab.memory_bytes,
            "cpus": course.lab.cpus,
            "pids": course.lab.pids,
        },
        "swarm": {"homes": homes} if homes else None,
    }


def of_hosts(hosts: Hosts, address: str) -> dict[str, Any]:
    """What hosts.yml says, as the roles' variables. `address` is where browsers reach it."""
    return {
        "syllab_domain": hosts.domain or address,
        "syllab_certificate": hosts.certificate,
        "syllab_acme": hosts.acme.model_dump(mode="json"),
        "syllab_own": hosts.own.model_dump(mode="json") if hosts.own else {},
        "syllab_backup": hosts.backup.model_dump(mode="json"),
        "syllab_homes": hosts.homes,
        "syllab_forbidden": list(FORBIDDEN),
    }
