"""The ways to machines: through another one, and never to one that isn't the one before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloudlab.deploy.ssh import Ssh, connections
from cloudlab.hosts import Machine
from courseware.errors import UserError
from deploy.machines import Machines


@pytest.fixture
def ssh(machines: Machines) -> Iterator[Ssh]:
    with connections(machines.key, machines.folder / "hosts of ours") as ssh:
        yield ssh


@pytest.fixture(scope="module")
def front(machines: Machines) -> Machine:
    return Machine(name="front", address=machines.start("front").address)


def test_a_machine_is_reached_through_another(machines, front, ssh):
    behind = machines.start("behind")
    machine = Machine(
        name="behind", address=behind.address, user="admin", via=f"root@{front.address}"
    )
    assert ssh.run(machine, "hostname; id -u") == "behind\n0\n"
    behind.run(f"iptables -I INPUT -p tcp --dport 22 ! -s {front.address} -j DROP")
    ssh.close(machine)
    assert ssh.run(machine, "hostname") == "behind\n"


def test_another_machine_is_not_taken_for_the_one_before(machines, front, ssh):
    assert ssh.run(front, "hostname") == "front\n"
    ssh.close(front)
    known = ssh.known_hosts.read_text()
    ssh.forget(front)
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII5B3fmuqMmIY3xPCextAoaW9uzfj0y+GR3UKjQgiRNU"
    ssh.know(front.model_copy(update={"host_keys": [other]}))
    with pytest.raises(UserError, match="HOST IDENTIFICATION HAS CHANGED"):
        ssh.run(front, "hostname")
    ssh.known_hosts.write_text(known)
    assert ssh.run(front, "hostname") == "front\n"


def test_ports_are_lent_both_ways(front, ssh):
    with ssh.reached(front, 22) as here, ssh.lent(front, 5022, here):
        said = ssh.run(front, "timeout 5 bash -c 'head -c 7 </dev/tcp/127.0.0.1/5022'")
    assert said == "SSH-2.0"
    done = ssh.attempt(front, "bash -c '</dev/tcp/127.0.0.1/5022'")
    assert done.returncode
