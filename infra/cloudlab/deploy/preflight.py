"""What can be known to fail before a machine is changed; all of it is told at once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from courseware.course import Course
from courseware.errors import UserError

from cloudlab import plan
from cloudlab.deploy.ssh import Ssh
from cloudlab.hosts import Hosts, Machine
from cloudlab.preflight import GIGABYTE

SYSTEMS = {
    "manager": ("debian-12", "ubuntu-24.04"),  # the older Ubuntu has no Caddy
    "worker": ("debian-12", "ubuntu-24.04", "ubuntu-22.04"),
}
DISK = 8 * GIGABYTE  # images, their layers while they are unpacked, packages
CLOCK = 30.0  # seconds that clocks may differ: certificates and tokens carry times
WEB = (80, 443)
OWN = range(8000, 8005)  # hub, proxy, site, grader
CANDIDATE = range(8100, 8105)

# Prints key=value lines. Only what every Debian and Ubuntu has.
LOOK = r"""
. /etc/os-release; echo "system=$ID-$VERSION_ID"
echo "machine=$(uname -m)"
echo "root=$(id -u)"
echo "python=$(command -v python3)"
echo "memory=$(awk '/^MemTotal/ {print $2 * 1024}' /proc/meminfo)"
echo "cores=$(nproc)"
echo "disk=$(df --output=avail -B1 /var /var/lib/docker 2>/dev/null | sed 1d | sort -n | sed 1q)"
echo "size=$(df --output=size -B1 /var | sed 1d)"
echo "systemd=$([ -d /run/systemd/system ] && echo yes)"
echo "now=$(date +%s)"
echo "docker=$(command -v docker >/dev/null && docker info 2>&1 | grep -m 1 'annot connect')"
echo "listening=$(ss -Hltn | awk '{n = split($4, part, ":"); printf "%s ", part[n]}')"
echo "caddy=$(systemctl is-active caddy)"
echo "here=$([ -d /srv/syllab/INSTANCE/live ] && echo yes)"
"""


@dataclass(frozen=True)
class Seen:
    """What a machine told: see LOOK."""

    machine: Machine
    facts: dict[str, str]
    ahead: float
    """Seconds by which its clock is ahead of this one."""

    def number(self, key: str) -> int:
        """A fact that is a number; 0 where it is missing."""
        return int(float(self.facts.get(key) or 0))


def check(course: Course, hosts: Hosts, machines: list[Machine], labs: int, ssh: Ssh) -> list[Seen]:
    """What the machines are. `labs`: how many may run at once.

    Raises UserError naming every reason why a deployment would fail, each with its remedy.
    """
    with ThreadPoolExecutor(len(machines)) as pool:
        looks = list(pool.map(lambda machine: look(machine, course.id, ssh), machines))
    seen = [each for each in looks if isinstance(each, Seen)]
    problems = [each for each in looks if isinstance(each, str)]
    for each in seen:
        problems += [f"{each.machine.name}: {problem}" for problem in _machine(each)]
    if len(seen) == len(machines) and labs:
        problems += judged(course, hosts, seen, labs).problems
    problems += _name(hosts, next(m for m in machines if m.role == "manager"))
    if problems:
        raise UserError("\n".join(problems))
    return seen


def look(machine: Machine, instance: str, ssh: Ssh) -> Seen | str:
    """What a machine is, or why that can't be told, with a remedy."""
    asked = time.time()
    done = ssh.attempt(machine, LOOK.replace("INSTANCE", instance))
    middle = (asked + time.time()) / 2
    if done.returncode:
        return f"{machine.name}: {_unreachable(machine, done.stderr.strip())}"
    lines = (line.partition("=") for line in done.stdout.splitlines())
    facts = {key: value.strip() for key, _, value in lines}
    return Seen(machine, facts, float(facts.get("now") or 0) + 0.5 - middle)


def _unreachable(machine: Machine, said: str) -> str:
    where = f"{machine.user}@{machine.address}, port {machine.port}"
    if "Permission denied" in said:
        return (
            f"{where} refuses the key ({said}) -> is `key:` in hosts.yml the private key whose"
            " public part is in that user's ~/.ssh/authorized_keys, and `user:` the right login?"
        )
    if "sudo" in said:
        return (
            f"{machine.user} can't become root without a passphrase ({said}) -> add"
            f" `{machine.user} ALL=(ALL) NOPASSWD: ALL` with visudo, or log in as root"
        )
    if "HOST IDENTIFICATION HAS CHANGED" in said or "Host key verification failed" in said:
        return (
            f"{where} isn't the machine that was there before ({said.splitlines()[-1]}) -> if you"
            " made it anew, forget the old key: make destroy does, or ssh-keygen -R"
        )
    return (
        f"{where} doesn't answer ({said or 'no connection'}) -> is the machine running, the"
        " address right, and does its firewall let SSH in?"
    )


def _machine(seen: Seen) -> Iterator[str]:
    facts = seen.facts
    if facts["system"] not in (fit := SYSTEMS[seen.machine.role]):
        yield f"runs {facts['system']} -> use one of {', '.join(fit)}"
    if facts["machine"] != "x86_64":
        yield f"has {facts['machine']} processors, the images are for x86_64 -> another machine"
    if facts["root"] != "0":
        yield "commands don't run as root -> log in as root, or with sudo"
    if not facts["python"]:
        yield "has no Python -> apt-get install python3"
    if not facts["systemd"]:
        yield "isn't run by systemd -> use a machine or server, not a plain container"
    if seen.number("disk") < (DISK if not facts["here"] else GIGABYTE):
        free = seen.number("disk") / GIGABYTE
        yield f"{free:.1f} GB of disk free below /var, {DISK / GIGABYTE:.0f} GB needed -> free some"
    if abs(seen.ahead) > CLOCK:
        yield f"its clock is {seen.ahead:+.0f} s off -> timedatectl set-ntp true (or mend this one)"
    if "annot connect" in facts["docker"]:
        yield f"Docker is there but doesn't answer ({facts['docker']}) -> systemctl restart docker"
    yield from _ports(seen)


def _ports(seen: Seen) -> Iterator[str]:
    if seen.machine.role != "manager":
        return
    taken = {int(port) for port in seen.facts["listening"].split() if port.isdigit()}
    wanted = set() if seen.facts["here"] else {*OWN, *CANDIDATE}  # they may be our own
    if seen.facts["caddy"] != "active":
        wanted |= set(WEB)
    for port in sorted(taken & wanted):
        remedy = f"`ss -ltnp sport = :{port}` there shows by what; stop it"
        yield f"port {port} is taken -> {remedy}"


def judged(course: Course, hosts: Hosts, seen: list[Seen], labs: int) -> plan.Plan:
    """Whether the machines are large enough."""
    sizes = {
        role: [
            plan.Size(s.number("memory"), s.number("cores"), s.number("size"))
            for s in seen
            if s.machine.role == role
        ]
        for role in ("manager", "worker")
    }
    pinned = hosts.homes == "pinned"
    return plan.judge(course, labs, sizes["manager"][0], sizes["worker"], pinned=pinned)


def _name(hosts: Hosts, manager: Machine) -> Iterator[str]:
    """Whether the course's name leads to the manager."""
    if hosts.domain is None:
        return
    remedy = f"let it have an A record of {manager.address} with your DNS provider"
    try:
        found = {info[4][0] for info in socket.getaddrinfo(hosts.domain, 443)}
        wanted = {info[4][0] for info in socket.getaddrinfo(manager.address, 443)}
    except OSError as error:
        if hosts.certificate == "acme":
            yield f"hosts.yml: domain: {hosts.domain} isn't known to the DNS ({error}) -> {remedy}"
        return
    if not found & wanted:
        where = ", ".join(sorted(map(str, found)))
        yield f"hosts.yml: domain: {hosts.domain} points to {where} -> {remedy}"
