"""What clouds have in common, and what none of them can be made to do for a test."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cloudlab.hosts import Ec2, Machine, OpenStack
from cloudlab.providers import Thing, answer, cloud
from cloudlab.providers.openstack import quota as openstack_quota
from courseware.errors import UserError
from openstack.exceptions import ForbiddenException

BOOTING = "[    4.5] cloud-init[301]: Cloud-init v. 22.4.2 running 'init' at Mon, 01 Jun 2026\n"
FINISHED = "[   19.0] cloud-init[520]: Cloud-init v. 22.4.2 finished at Mon, 01 Jun 2026\n"
KEYS = """-----BEGIN SSH HOST KEY FINGERPRINTS-----
256 SHA256:pAxoE0ovMM4j root@manager (ED25519)
-----END SSH HOST KEY FINGERPRINTS-----
-----BEGIN SSH HOST KEY KEYS-----\r
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlz= root@manager\r
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA root@manager\r
-----END SSH HOST KEY KEYS-----\r
"""


def make_key(path: Path, passphrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-C", "me@home", "-N", passphrase, "-f", path]
    subprocess.run(command, check=True)
    return path


def test_the_manager_comes_first_and_workers_have_their_own_size_if_they_are_given_one():
    wants = OpenStack(cloud="c", flavor="large", workers=2, worker_flavor="huge")
    assert [(s.name, s.role, s.size) for s in cloud.servers(wants)] == [
        ("manager", "manager", "large"),
        ("worker-1", "worker", "huge"),
        ("worker-2", "worker", "huge"),
    ]
    plain = Ec2(region="r", image="ami-1", type="m5.large", workers=1)
    assert [s.size for s in cloud.servers(plain)] == ["m5.large", "m5.large"]


def test_the_public_key_is_found_beside_the_private_or_made_from_it_without_its_comment(tmp_path):
    key = make_key(tmp_path / "key")
    beside = cloud.public_key(key)
    assert len(beside.split()) == 2
    (tmp_path / "key.pub").unlink()
    assert cloud.public_key(key) == beside


def test_a_key_with_a_passphrase_needs_its_public_half(tmp_path):
    key = make_key(tmp_path / "key", "a passphrase")
    assert cloud.public_key(key).startswith("ssh-ed25519 ")
    (tmp_path / "key.pub").unlink()
    with pytest.raises(UserError, match=r"key: .* -> .*key\.pub"):
        cloud.public_key(key)


def test_without_a_key_the_agents_first_is_taken_and_without_an_agent_that_is_told(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with pytest.raises(UserError, match="-> set 'key'"):
        cloud.public_key(None)
    key = make_key(tmp_path / "key")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.PIPE)
    try:
        agent.stdout.readline()  # its address, once it listens
        subprocess.run(["ssh-add", "-q", key], check=True)
        assert cloud.public_key(None) == cloud.public_key(key)
    finally:
        agent.terminate()
        agent.wait()


def test_cloud_init_is_told_the_name_and_nothing_more():
    told = cloud.user_data("syllab-night-manager")
    assert told.startswith("#cloud-config\n")
    assert yaml.safe_load(told) == {
        "hostname": "syllab-night-manager",
        "manage_etc_hosts": "localhost",
    }


def test_host_keys_are_read_from_the_console_once_cloud_init_has_printed_them(monkeypatch):
    monkeypatch.setattr(answer, "_STEP", 0)
    looks = iter([BOOTING, BOOTING, BOOTING + KEYS + FINISHED])
    keys = answer.host_keys(lambda: next(looks))
    assert keys == [
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlz=",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    ]
    assert Machine(name="manager", address="a", host_keys=keys).host_keys == keys


@pytest.mark.parametrize("console", ["", "FAKE CONSOLE", BOOTING + FINISHED])
def test_a_console_that_will_never_tell_host_keys_is_not_waited_for(console):
    looks = iter([console])
    assert answer.host_keys(lambda: next(looks)) == []


@contextmanager
def listening(greeting: bytes) -> Iterator[int]:
    """A server on loopback that says this to the first who comes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("greeting", "is_ssh"), [(b"SSH-2.0-OpenSSH_9.2\r\n", True), (b"220 mail\r\n", False)]
)
def test_only_a_server_that_greets_as_ssh_does_counts(greeting, is_ssh):
    with listening(greeting) as port:
        machine = Machine(name="manager", address="127.0.0.1", port=port)
        assert answer.ssh_answers(machine, None) is is_ssh


def test_a_closed_port_is_no_ssh_server_and_neither_is_one_behind_it():
    assert not answer.ssh_answers(Machine(name="m", address="127.0.0.1", port=9), None)
    behind = Machine(name="w", address="127.0.0.1", port=9, via="nobody@127.0.0.1:9")
    assert not answer.ssh_answers(behind, None)


def test_what_was_made_is_taken_away_when_it_fails_and_stays_when_it_succeeds():
    removed: list[Thing] = []
    made = [Thing("server", "a", id="1")]
    with cloud.all_or_nothing(made, lambda things, doing: removed.extend(things), print):
        pass
    assert removed == []
    with (
        pytest.raises(KeyboardInterrupt),
        cloud.all_or_nothing(made, lambda things, doing: removed.extend(things), print),
    ):
        raise KeyboardInterrupt
    assert removed == made


def test_when_taking_away_fails_too_both_are_told_with_what_may_be_left():
    def remove(things: list[Thing], doing: Any) -> None:
        raise UserError("the cloud is gone -> try again")

    with (
        pytest.raises(UserError, match=r"no flavour\n.*the cloud is gone -> .*\n.*server a"),
        cloud.all_or_nothing([Thing("server", "a", id="1")], remove, print),
    ):
        raise UserError("no flavour")


def test_what_can_not_be_removed_keeps_nothing_else_from_being_tried():
    tried: list[str] = []

    def remove(kind: str, ids: list[str]) -> None:
        tried.extend(ids)
        if kind == "address":
            raise OSError("refused")

    things = [Thing("server", "a", id="1"), Thing("address", "b", id="2")]
    with pytest.raises(UserError, match="address can't be removed: refused -> "):
        cloud.remove_in_order(["address", "server"], things, remove, (OSError,), print)
    assert tried == ["2", "1"]


class Refusing:
    """An OpenStack project whose policy keeps quotas to itself, but for those of networks."""

    current_project_id = "p"

    def __init__(self, networks: int) -> None:
        left = {"limit": networks, "used": 1, "reserved": 0}
        free = {"limit": -1, "used": 1, "reserved": 0}
        told = SimpleNamespace(networks=left, routers=free, security_groups=free, floating_ips=None)
        self.network = SimpleNamespace(get_quota=lambda project, details: told)
        self.compute = SimpleNamespace(get_limits=self.refuse)

    def has_service(self, name: str) -> bool:
        return False

    def refuse(self) -> None:
        raise ForbiddenException("policy")


@pytest.mark.parametrize(("networks", "problems"), [(1, 1), (2, 0), (-1, 0)])
def test_quotas_that_a_cloud_does_not_tell_are_left_out_and_the_others_are_counted(
    networks, problems
):
    wants = OpenStack(cloud="c", flavor="f", external_network="public")
    nothing: dict[str, list[Any]] = {
        kind: [] for kind in ("server", "network", "router", "security group", "floating IP")
    }
    told = openstack_quota.quota(Refusing(networks), wants, {}, nothing, "syllab-night")
    assert len(told) == problems
    assert all("1 more networks needed, 0 left -> " in each for each in told)
