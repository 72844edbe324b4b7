"""Looks out of a lab, and around in it.

`cloudlab.verify.isolation` hands it to a kernel as text, so it uses Python's own library only.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import select
import socket
import struct
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

SILENCE = 2.0  # seconds after which nobody answers any more
OWN = {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}  # the lab's own token, which is to be there
SECRET = re.compile(r"TOKEN|SECRET|PASS(WORD|WD|PHRASE)|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY")
IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
SOCKETS = ("docker.sock", "containerd/containerd.sock", "podman/podman.sock", "crio/crio.sock")
KNOWN = {0: "open", errno.ECONNREFUSED: "refused"}
FOLDERS = ("/", "/etc", "/opt", "/root", "/srv", "/usr", "/usr/local", "/var", "/var/tmp")  # noqa: S108
USUAL = re.compile(r"/|/(proc|sys|dev)(/.*)?|/tmp|/etc/(hosts|hostname|resolv\.conf)|.*docker-init")
Address = tuple[str, int]


def look(question: dict[str, Any]) -> dict[str, Any]:
    """All there is to know; `question` is {"closed", "ports", "other"}.

    "closed" are addresses and "ports" the machine's that nobody here may reach, "other" is
    somebody else's username.
    """
    hub, grader = _address("JUPYTERHUB_API_URL"), _address("SYLLAB_GRADER_URL")
    wanted = {"hub": hub, "grader": grader, "lab": own_address()}
    ways = {ip for ip in (hub[0], _gateway()) if ip}
    closed = [tuple(each) for each in question["closed"]]
    closed += [(ip, port) for ip in ways for port in question["ports"]]
    closed = [each for each in closed if each not in wanted.values()]
    answers = _try([*closed, *wanted.values()])
    return {
        "silent": [name for name, address in wanted.items() if answers[address] != "open"],
        "reached": sorted({f"{ip}:{port}" for ip, port in closed if answers[ip, port]}),
        "ipv6": _ipv6(),
        "statuses": {path: _status(path) for path in ("/users", f"/users/{question['other']}")},
        "mounts": _mounts(),
        "sockets": [s for f in ("/run", "/var/run") for s in SOCKETS if os.path.exists(f"{f}/{s}")],
        "writable": [f for f in (*FOLDERS, sys.prefix) if _writable(f)],
        "own": [f for f in (os.path.expanduser("~"), "/tmp") if _writable(f)],  # noqa: S108
        "status": _process(),
        "limits": _limits(),
        "secrets": sorted(n for n, v in os.environ.items() if n not in OWN and _secret(n, v)),
    }


def own_address() -> Address:
    """Where this lab's server listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(_address("JUPYTERHUB_API_URL"))  # sends nothing
        return way.getsockname()[0], _address("JUPYTERHUB_SERVICE_URL")[1]


def _address(variable: str) -> Address:
    at = urlsplit(os.environ.get(variable, ""))
    return at.hostname or "", at.port or 80


def _gateway() -> str:
    with open("/proc/net/route") as file:
        routes = [line.split() for line in file][1:]
    found = [route[2] for route in routes if route[1] == "00000000"]
    return socket.inet_ntoa(struct.pack("<L", int(found[0], 16))) if found else ""


def _try(addresses: Iterable[Address]) -> dict[Address, str]:
    """What is there: "open", "refused" (somebody answers, so the way is free) or ""."""
    answers, waiting = dict.fromkeys(addresses, ""), dict[socket.socket, Address]()
    for address in answers:
        one = socket.socket()
        one.setblocking(False)
        code = one.connect_ex(address)
        if code == errno.EINPROGRESS:
            waiting[one] = address
        else:
            answers[address] = KNOWN.get(code, "")
    until = time.monotonic() + SILENCE
    while waiting and (left := until - time.monotonic()) > 0:
        for one in select.select([], list(waiting), [], left)[1]:
            code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            answers[waiting.pop(one)] = KNOWN.get(code, "")
    return answers


def _ipv6() -> list[str]:
    """The interfaces with an IPv6 address, but the loopback."""
    try:
        with open("/proc/net/if_inet6") as file:
            return sorted({line.split()[5] for line in file} - {"lo"})
    except OSError:
        return []


def _status(path: str) -> int:
    """What the hub answers to this lab's own token."""
    request = urllib.request.Request(  # noqa: S310 - the hub's address
        os.environ.get("JUPYTERHUB_API_URL", "") + path,
        headers={"Authorization": "token " + os.environ.get("JUPYTERHUB_API_TOKEN", "")},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return int(direct.open(request, timeout=10).status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0


def _mounts() -> list[str]:
    """Where something is mounted that a lab doesn't have of itself."""
    with open("/proc/self/mountinfo") as file:
        points = {line.split()[4] for line in file}
    home = os.path.expanduser("~")
    return sorted(point for point in points if point != home and not USUAL.fullmatch(point))


def _writable(folder: str) -> bool:
    probe = os.path.join(folder, f".probe-{os.getpid()}")
    try:
        with open(probe, "x"):
            pass
        os.unlink(probe)
    except OSError:
        return False
    return True


def _process() -> dict[str, str]:
    with open("/proc/self/status") as file:
        pairs = (line.split(":", 1) for line in file)
        return {name: value.strip() for name, value in pairs}


def _limits() -> dict[str, str]:
    """The limits of the control group (version 2 or 1), and the memory that the hub meant."""
    places = {
        "memory": ("memory.max", "memory/memory.limit_in_bytes"),
        "processes": ("pids.max", "pids/pids.max"),
        "processors": ("cpu.max", "cpu/cpu.cfs_quota_us"),
    }
    found = {"wanted memory": os.environ.get("MEM_LIMIT", "")}
    for name, files in places.items():
        for file in files:
            with contextlib.suppress(OSError), open(f"/sys/fs/cgroup/{file}") as limit:
                found[name] = limit.read().split()[0]
    return found


def _secret(name: str, value: str) -> bool:
    return bool((value and SECRET.search(name.upper())) or IN_ADDRESS.search(value))


def answer(value: Any) -> None:
    """Tell what was asked for, on a line of its own."""
    print("\nprobe: " + json.dumps(value))
