"""What is told before machines are changed."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest
from cloudlab.deploy import preflight
from cloudlab.hosts import Hosts, Machine
from courseware.course import Course
from courseware.errors import UserError

MANAGER = Machine(name="hub", address="127.0.0.2")
HOSTS = Hosts(provider="ssh", certificate="internal", machines=[MANAGER])
COURSE = Course(title="Test", capacity=4)
FACTS = {
    "system": "debian-12",
    "machine": "x86_64",
    "root": "0",
    "python": "/usr/bin/python3",
    "memory": 8 * 2**30,
    "cores": 2,
    "disk": 50 * 10**9,
    "size": 100 * 10**9,
    "systemd": "yes",
    "docker": "",
    "listening": "22 53",
    "caddy": "inactive",
    "here": "",
}


class Told:
    """In place of SSH: a machine with these facts, or one that fails."""

    def __init__(self, error="", **facts):
        self.error, self.facts = error, FACTS | facts

    def attempt(self, machine, script):
        facts = {"now": int(time.time())} | self.facts
        said = "".join(f"{key}={value}\n" for key, value in facts.items())
        return subprocess.CompletedProcess([], int(bool(self.error)), said, self.error)


def problems(told, hosts=HOSTS, course=COURSE):
    with pytest.raises(UserError) as error:
        preflight.check(course, hosts, hosts.machines, 4, told)
    assert all(" -> " in line for line in str(error.value).splitlines())
    return str(error.value)


def test_a_machine_that_fits_is_told():
    (seen,) = preflight.check(COURSE, HOSTS, [MANAGER], 4, Told())
    assert seen.number("cores") == 2
    assert abs(seen.ahead) < 5


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"system": "fedora-40"}, "hub: runs fedora-40 -> use one of debian-12"),
        ({"machine": "aarch64"}, "hub: has aarch64 processors"),
        ({"disk": 10**9}, "hub: 1.0 GB of disk free below /var, 8 GB needed"),
        ({"systemd": ""}, "hub: isn't run by systemd"),
        ({"now": 0}, "timedatectl set-ntp true"),
        ({"listening": "22 443 8100"}, "hub: port 443 is taken"),
        ({"memory": 3 * 2**30}, "4 labs of 1 GiB, and the machines' memory holds 1"),
        ({"docker": "Cannot connect to the Docker daemon"}, "systemctl restart docker"),
    ],
)
def test_what_does_not_fit_is_told(facts, says):
    assert says in problems(Told(**facts))


def test_everything_is_told_at_once():
    told = problems(Told(python="", disk=0, listening="80"))
    assert len(told.splitlines()) == 3


def test_our_own_ports_are_not_taken():
    preflight.check(
        COURSE, HOSTS, [MANAGER], 4, Told(here="yes", caddy="active", listening="443 8000")
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("root@127.0.0.2: Permission denied (publickey).", "refuses the key"),
        ("sudo: a password is required", "NOPASSWD"),
        ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", "isn't the machine"),
        ("ssh: connect to host 127.0.0.2 port 22: Connection refused", "doesn't answer"),
    ],
)
def test_a_machine_that_cannot_be_reached_is_told(error, says):
    assert says in problems(Told(error=error))


def test_a_name_that_leads_elsewhere_is_told(monkeypatch):
    known = {"course.example.org": "192.0.2.99", "127.0.0.2": "127.0.0.2"}

    def resolve(name, port):
        if name not in known:
            raise socket.gaierror("Name or service not known")
        return [(None, None, None, "", (known[name], port))]

    monkeypatch.setattr(preflight.socket, "getaddrinfo", resolve)
    named = HOSTS.model_copy(update={"domain": "course.example.org", "certificate": "acme"})
    assert "points to 192.0.2.99 -> let it have an A record of 127.0.0.2" in problems(Told(), named)
    del known["course.example.org"]
    assert "isn't known to the DNS" in problems(Told(), named)
    known["course.example.org"] = "127.0.0.2"
    preflight.check(COURSE, named, [MANAGER], 4, Told())
