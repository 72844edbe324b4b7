"""The labs' own network and the firewall around it.

Labs reach the public internet and, on this machine, the hub's API alone: not each other, not the
rest of the host, not private networks, not a cloud's metadata service. Zero to JupyterHub's
network policy draws the same lines (https://z2jh.jupyter.org, "Kubernetes network policies").
"""

from __future__ import annotations

import hashlib
import subprocess

import docker
import psutil
from courseware.errors import UserError

# Addresses no lab may reach: RFC 6890's private, shared (a cloud's metadata among them), link-local
# (metadata again), loopback, multicast and reserved blocks.
FORBIDDEN = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
DEFAULT_MTU = 1500


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

    def protect(self, gateway: str, hub_port: int) -> None:
        """Put up the firewall, replacing what stood there. Raises UserError when it can't."""
        out = [f"-A {self._beyond} -p {p} --dport 53 -j RETURN" for p in ("udp", "tcp")]
        out += [f"-A {self._beyond} -d {block} -j DROP" for block in FORBIDDEN]
        rules = [
            "*filter",
            f":{self._to_host} - [0:0]",
            f":{self._beyond} - [0:0]",
            f"-A {self._to_host} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            f"-A {self._to_host} -d {gateway} -p tcp --dport {hub_port} -j ACCEPT",
            f"-A {self._to_host} -j DROP",
            *out,
            "COMMIT",
        ]
        _iptables("iptables-restore", "--noflush", feed="\n".join(rules) + "\n")
        for chain, jump in self._jumps():
            if not _succeeds("iptables", "-C", chain, *jump):
                _iptables("iptables", "-I", chain, "1", *jump)

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


def _iptables(*command: str, feed: str | None = None) -> None:
    done = subprocess.run(command, input=feed, capture_output=True, text=True)
    if done.returncode:
        raise UserError(
            f"The labs' firewall could not be put up: {done.stderr.strip()}\n"
            "-> labs are not started without it; is this root, and does `iptables -L` work?"
        )


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
