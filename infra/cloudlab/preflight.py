"""What can be known to fail before anything is changed; all of it is told at once."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import psutil
from courseware.course import Course
from courseware.errors import UserError

from cloudlab.system import memory_bytes
from cloudlab.workspace import Workspace

GIGABYTE = 10**9
DISK_TO_BUILD = 6 * GIGABYTE  # the images, their layers' caches and the environments
DISK_TO_RUN = 1 * GIGABYTE
MEMORY_FOR_HOST = 2 * 2**30  # what the machine keeps for itself, in bytes
PORTS = 5  # the public one, the proxy's API, the site, and for labs the hub's API and the grader


def check(
    course: Course, workspace: Workspace, port: int, *, labs: int, ours: set[int], built: bool
) -> None:
    """Raise UserError naming every reason why `make up` would fail, each with its remedy.

    `labs`: how many may run at once; `ours`: the process IDs of this workspace's running hub,
    which may hold the ports; `built`: the images are there, so that less disk is needed.
    """
    problems = [
        *_ports(port, ours),
        *_disk(workspace, DISK_TO_RUN if built else DISK_TO_BUILD),
        *_memory(course, labs),
    ]
    if problems:
        raise UserError("\n".join(problems))


def _ports(port: int, ours: set[int]) -> list[str]:
    if not 1024 <= port <= 65535 - PORTS:
        return [f"PORT={port}: not a port a course can use -> choose one from 1024 to 65000"]
    wanted = range(port, port + PORTS)
    holders = {
        c.laddr.port: c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port in wanted
    }
    taken = [p for p in wanted if not _is_free(p) and holders.get(p) not in ours]
    return [_taken(p, holders.get(p), port) for p in taken]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _taken(port: int, holder: int | None, first: int) -> str:
    owner = f" by {psutil.Process(holder).name()} (process {holder})" if holder else ""
    return (
        f"Port {port} is taken{owner} -> stop that program, or choose other ports: "
        f"make up PORT={first + 100} (it uses that one and the next {PORTS - 1})"
    )


def _disk(workspace: Workspace, needed: int) -> list[str]:
    problems = []
    for path in {_existing(workspace.var), _existing(Path("/var/lib/docker"))}:
        free = shutil.disk_usage(path).free
        if free < needed:
            problems.append(
                f"{path}: {free / GIGABYTE:.1f} GB of disk free, {needed / GIGABYTE:.0f} GB needed "
                "-> free some (docker system df shows what images take)"
            )
    return problems


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _memory(course: Course, labs: int) -> list[str]:
    wanted = labs * course.lab.memory_bytes
    there = memory_bytes() - MEMORY_FOR_HOST
    if course.lab.overcommit or wanted <= there:
        return []
    return [
        f"course.yml: capacity: {labs} labs of {course.lab.memory_bytes / 2**30:.1f} GiB exceed "
        f"this machine's memory ({there / 2**30:.0f} GiB without the host's own share) "
        "-> lower capacity or lab.memory, or say lab.overcommit: true if labs rarely use it all"
    ]
