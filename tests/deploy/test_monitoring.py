"""What is watched on a machine: its disks, and by an exporter that only the machine reaches."""

from __future__ import annotations

import pytest
from deploy.machines import Machine, Machines
from deploy.playbook import play_roles


@pytest.fixture(scope="module")
def machine(machines: Machines) -> Machine:
    machine = machines.start("course", disk="100m")
    for changed in (True, False):
        played = play_roles(["syllab_monitoring"], machines.inventory(manager=[machine]), {})
        assert (played.succeeded, played.changed > 0) == (True, changed), played.output
    return machine


def warnings(machine: Machine) -> str:
    """What the journal warns of after a look at the disks."""
    machine.run("systemctl start syllab-disks && journalctl --sync")
    return machine.run("journalctl --unit syllab-disks --priority warning --output cat")


def test_a_disk_that_fills_up_is_told_in_the_journal(machine: Machine):
    assert "/var/lib/docker" not in warnings(machine)
    machine.run("fallocate --length 85M /var/lib/docker/filling")
    told = warnings(machine)
    machine.run("rm /var/lib/docker/filling")
    assert "/var/lib/docker is 8" in told
    assert "syllab-disks.timer" in machine.run("systemctl list-timers")


def test_the_exporter_answers_to_the_machine_alone(machine: Machine):
    assert "node_filesystem_avail_bytes" in machine.run("curl --silent 127.0.0.1:9100/metrics")
    assert machine.run("ss -Hltn sport = :9100").split()[3] == "127.0.0.1:9100"
