"""The labs' own network and the firewall around it.

Labs reach the public internet and, on this machine, the hub's API and the grader alone: not each
other, not the rest of the host, not private networks, not a cloud's metadata service. Zero to
JupyterHub's network policy draws the same lines (https://z2jh.jupyter.org, "Kubernetes network
policies").
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import docker
import psutil
from courseware.errors import UserError
from jinja2 import StrictUndefined, Template

from cloudlab.workspace import REPOSITORY

# Addresses no lab may reach: what RFC 6890 lists as not globally reachable (a cloud's metadata
# among it), multicast, and the address of Azure's services for virtual machines.
FORBIDDEN = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
)  # fmt: skip
DEFAULT_MTU = 1500
TEMPLATE = REPOSITORY.joinpath(
    "infra", "ansible", "roles", "syllab_hub", "templates", "labs.rules.j2"
)


class LabNetwork:
    """The network of one instance: a bridge named after it, with its own firewall chains."""

    def __init__(self, client: docker.DockerClient, instance: str) -> None:
        self.client = client
        self.name = instance
        mark = hashlib.sha256(instance.encode()).hexdigest()[:8]
        self.bridge = f"syl-{mark}"  # an interface's name has at most 15 characters
        self._to_host, self._beyond = f"SYLLAB-HOST-{mark}", f"SYLLAB-OUT-{mark}"

    def ensure(self) -> str:
        """Make the network where it is missing; answer its gateway, the host's address on it."""
        found = [n for n in self.client.networks.list(names=[self.name]) if n.name == self.name]
        network = found[0] if found else self._create()
        network.reload()
        self._check(network.attrs)
        return network.attrs["IPAM"]["Config"][0]["Gateway"]

    def _create(self) -> docker.models.networks.Network:
        options = {
            "com.docker.network.bridge.name": self.bridge,
            "com.docker.network.bridge.enable_icc": "false",
            # A cloud's network may carry less than Docker supposes, and long packets get lost.
            "com.docker.network.driver.mtu": str(smallest_mtu()),
        }
        labels = {"syllab.instance": self.name}
        return self.client.networks.create(
            self.name, driver="bridge", options=options, labels=labels, check_duplicate=True
        )

    def _check(self, attributes: dict[str, Any]) -> None:
        """Raise UserError if a network of this name is not ours: the rules would not fit it."""
        options = attributes["Options"]
        ours = (
            options.get("com.docker.network.bridge.name") == self.bridge
            and options.get("com.docker.network.bridge.enable_icc") == "false"
            and not attributes["EnableIPv6"]
        )
        if not ours:
            raise UserError(
                f"The engine's network {self.name} is not as Syllab made it, so its firewall would "
                f"not hold -> docker network rm {self.name}, then make up"
            )

    def protect(self, gateway: str, ports: Sequence[int]) -> None:
        """Put up the firewall, replacing what stood there. Raises UserError when it can't.

        `ports` are those that labs may reach on the gateway.
        """
        rules = self.rules(gateway, ports, name_servers())
        _iptables("iptables-restore", "--noflush", feed=rules)
        for chain, jump in self._jumps():
            if not _succeeds("iptables", "-C", chain, *jump):
                _iptables("iptables", "-I", chain, "1", *jump)

    def rules(self, gateway: str, ports: Sequence[int], servers: Sequence[str]) -> str:
        """The firewall's chains, for iptables-restore(8). Machines get theirs from the same text.

        `servers` are the addresses of the host's name servers.
        """
        template = Template(
            TEMPLATE.read_text(),
            trim_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
        )
        rules = {
            "host": self._to_host,
            "beyond": self._beyond,
            "gateway": gateway,
            "ports": ports,
            "name_servers": servers,
            "forbidden": FORBIDDEN,
        }
        return template.render(rules=rules)

    def _jumps(self) -> list[tuple[str, list[str]]]:
        return [
            ("INPUT", ["-i", self.bridge, "-j", self._to_host]),
            ("DOCKER-USER", ["-i", self.bridge, "-j", self._beyond]),
        ]

    def remove(self) -> None:
        """Take away the network and its firewall; nothing happens where there is none."""
        for chain, jump in self._jumps():
            while _succeeds("iptables", "-D", chain, *jump):
                pass
        for chain in (self._to_host, self._beyond):
            _succeeds("iptables", "-F", chain)
            _succeeds("iptables", "-X", chain)
        for network in self.client.networks.list(names=[self.name]):
            if network.name == self.name:
                network.remove()


def smallest_mtu() -> int:
    """The smallest MTU in bytes of the machine's live interfaces, at most Docker's 1500."""
    live = [s.mtu for s in psutil.net_if_stats().values() if s.isup and s.mtu >= 576]
    return min([DEFAULT_MTU, *live])


def name_servers() -> list[str]:
    """The IPv4 addresses of the host's name servers, as the engine hands them to labs.

    Where a local stub answers (systemd-resolved), those behind it, as Docker does.
    """
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        lines = path.read_text().splitlines() if path.exists() else []
        named = [line.split()[1] for line in lines if line.startswith("nameserver ")]
        outside = [n for n in named if ":" not in n and not ip_address(n).is_loopback]
        if outside:
            return outside
    return []


def _iptables(*command: str, feed: str | None = None) -> None:
    try:
        done = subprocess.run(command, input=feed, capture_output=True, text=True)
        problem = done.stderr.strip() if done.returncode else ""
    except FileNotFoundError:
        problem = f"{command[0]} is not installed"
    if problem:
        raise UserError(
            f"The labs' firewall could not be put up: {problem}\n"
            "-> labs are not started without it; is this root, and does `iptables -L` work?"
        )


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
