"""The OpenStack provider against OpenStack's own services, with servers that boot."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml
from cloudlab import hosts
from cloudlab.hosts import Machine
from cloudlab.providers import Owner, Provider, provider
from cloudlab.workspace import REPOSITORY
from courseware.errors import UserError
from running_course import ROSTER, RunningCourse

from .control_plane import LABEL, ControlPlane

OWN_NETWORK = {"external_network": "external"}
CAMPUS = {"network": "campus"}  # one that the cloud has already


def quiet(_: str) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as plane, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OS_CLIENT_CONFIG_FILE", str(plane.config))
        yield plane


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("key") / "id"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "organiser", "-f", key]
    subprocess.run(command, check=True)
    return key


Course = Callable[..., Provider]


@pytest.fixture(scope="module")
def course(plane: ControlPlane, key: Path) -> Course:
    """Makes the provider for a course's `hosts.yml`. What it leaves goes with the cloud."""

    def make(instance: str, **wants: Any) -> Provider:
        path = key.with_name("hosts.yml")
        openstack = {"cloud": "courses", "flavor": "lab.small"} | wants
        settings = {"provider": "openstack", "certificate": "internal", "key": str(key)}
        path.write_text(yaml.safe_dump(settings | {"openstack": openstack}))
        return provider(hosts.load(path), Owner(instance, "r1"))

    return make


def log_in(machine: Machine, key: Path, command: str) -> str:
    """What a command says on a machine whose host key is the one that the cloud told."""
    known = key.with_name("known_hosts")
    known.write_text("".join(f"{machine.address} {each}\n" for each in machine.host_keys))
    login = ["ssh", "-F", "none", "-i", str(key), "-oBatchMode=yes", "-oIdentitiesOnly=yes"]
    options = [f"-oUserKnownHostsFile={known}"]
    if machine.via:
        trusting = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null"
        options.append(f"-oProxyCommand={' '.join(login)} {trusting} -W %h:%p {machine.via}")
    done = subprocess.run(
        [*login, *options, f"{machine.user}@{machine.address}", command],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def everything(plane: ControlPlane) -> dict[str, set[str]]:
    """All that there is in the whole cloud, by kind, and of its machines in the engine."""
    admin, engine = plane.connect("admin"), docker.from_env()
    network, compute = admin.network, admin.compute
    groups = [g for g in network.security_groups() if g.name != "default"]  # made by Neutron itself
    found = {
        "servers": compute.servers(all_projects=True), "networks": network.networks(),
        "subnets": network.subnets(), "ports": network.ports(), "routers": network.routers(),
        "floating IPs": network.ips(), "security groups": groups,
        "key pairs": plane.connect("courses").compute.keypairs(),
        "containers": engine.containers.list(all=True, filters={"label": LABEL}),
        "bridges": engine.networks.list(filters={"label": LABEL}),
    }  # fmt: skip
    return {kind: {each.id for each in things} for kind, things in found.items()}


@pytest.fixture(scope="module")
def empty(plane: ControlPlane) -> dict[str, set[str]]:
    """What there is before any course."""
    return everything(plane)


def test_plan_in_an_empty_project_tells_what_will_be_made(course: Course, plane, empty) -> None:
    planned = course("first", **OWN_NETWORK, workers=1).plan()

    kinds = [thing.kind for thing in planned]
    assert sorted(kinds) == ["floating IP", "key pair", "network", "router", "security group",
                             "server", "server"]  # fmt: skip
    assert not any(thing.id for thing in planned)
    assert everything(plane) == empty


def test_all_that_the_cloud_does_not_have_is_told_at_once(course: Course, plane, empty) -> None:
    wrong = course("first", flavor="lab.smal", worker_flavor="huge", image="debian-11",
                   network="campsu", external_network="campus", volume=10)  # fmt: skip
    with pytest.raises(UserError) as told:
        wrong.create(quiet)

    for name in ("lab.smal'", "huge'", "debian-11'", "campsu'", "campus'", "no volumes"):
        assert name in str(told.value)
    assert str(told.value).count(" -> ") == 6
    assert everything(plane) == empty


def test_a_quota_that_does_not_suffice_is_told_before_anything_is_made(
    course: Course, plane, empty
) -> None:
    admin = plane.connect("admin")
    project = admin.identity.find_project("courses").id
    before = admin.get_compute_quotas(project)
    admin.set_compute_quotas(project, cores=2, instances=2)
    admin.set_network_quotas(project, floatingip=0)
    try:
        with pytest.raises(UserError) as told:
            course("first", **OWN_NETWORK, flavor="lab.big", workers=2).create(quiet)
    finally:
        admin.set_compute_quotas(project, cores=before.cores, instances=before.instances)
        admin.set_network_quotas(project, floatingip=50)

    assert "6 more cores needed, 2 left" in str(told.value)
    assert "3 more instances needed, 2 left" in str(told.value)
    assert "1 more floating IPs needed, 0 left" in str(told.value)
    assert everything(plane) == empty


def test_a_server_that_the_cloud_fails_to_start_is_told_and_all_is_taken_away(
    course: Course, plane, empty
) -> None:
    with pytest.raises(UserError, match="the hypervisor is out of order"):
        course("first", **OWN_NETWORK, workers=1, worker_flavor="lab.broken").create(quiet)

    assert everything(plane) == empty


def test_wrong_credentials_are_told(course: Course, plane, monkeypatch, tmp_path) -> None:
    config = tmp_path / "clouds.yaml"
    config.write_text(plane.config.read_text().replace("password: organiser", "password: wrong"))
    config.chmod(0o600)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(config))
    with pytest.raises(UserError, match=r"credentials in clouds\.yaml"):
        course("first", **CAMPUS).plan()


@pytest.fixture(scope="module")
def first(course: Course, empty) -> tuple[Provider, list[Machine]]:
    """A course with a network of its own, a manager with a floating IP, and a worker."""
    cloud = course("first", **OWN_NETWORK, workers=1)
    return cloud, cloud.create(quiet)


@pytest.fixture(scope="module")
def second(course: Course, empty, first) -> tuple[Provider, list[Machine]]:
    """A course beside it, whose name begins alike, on a network that was there."""
    cloud = course("first-b", **CAMPUS)
    return cloud, cloud.create(quiet)


def test_its_machines_let_the_organiser_in(first, key) -> None:
    manager, worker = first[1]

    assert (manager.role, worker.role) == ("manager", "worker")
    assert manager.address.startswith("10.76.0.")  # the floating IP
    assert worker.via == f"debian@{manager.address}"
    assert manager.host_keys
    assert worker.host_keys
    assert log_in(manager, key, "sudo id -un; hostname") == "root\nsyllab-first-manager"
    assert log_in(worker, key, "sudo id -un; hostname") == "root\nsyllab-first-worker-1"
    told = log_in(manager, key, f"timeout 5 bash -c '</dev/tcp/{worker.private}/22' && echo open")
    assert told == "open"


def test_list_tells_what_was_made(first) -> None:
    cloud, _ = first

    assert all(thing.id for thing in cloud.plan())
    assert {t.id for t in cloud.list()} == {t.id for t in cloud.plan()}
    assert cloud.mtu == 1450  # of a tunnelled network, where Docker supposes 1500


def test_a_second_create_makes_nothing(first, plane) -> None:
    cloud, machines = first
    before = everything(plane)

    assert cloud.create(quiet) == machines
    assert everything(plane) == before


def test_what_is_missing_is_made_again(first, plane, key) -> None:
    cloud, (manager, _) = first
    conn = plane.connect("courses")
    lost = conn.compute.find_server("syllab-first-worker-1")
    conn.delete_server(lost.id, wait=True)

    again = cloud.create(quiet)

    assert again[0] == manager
    assert log_in(again[1], key, "hostname") == "syllab-first-worker-1"
    assert conn.compute.find_server("syllab-first-worker-1").id != lost.id


def test_a_course_on_a_network_that_was_there(second, key, plane) -> None:
    cloud, (manager,) = second

    assert {t.kind for t in cloud.list()} == {"server", "security group", "key pair"}
    assert manager.address.startswith("10.75.0.")
    assert log_in(manager, key, "hostname") == "syllab-first-b-manager"


def test_destroying_a_course_leaves_nothing_of_it_and_all_of_the_other(
    first, second, plane, key, empty
) -> None:
    (cloud, _), (other, (manager,)) = first, second
    kept, there = other.list(), cloud.list()

    assert cloud.destroy(quiet) == there
    assert cloud.list() == []
    assert other.list() == kept
    assert log_in(manager, key, "hostname") == "syllab-first-b-manager"

    other.destroy(quiet)
    assert other.list() == []
    assert everything(plane) == empty


def test_a_course_comes_from_nothing_and_goes(plane, key, tmp_path, empty) -> None:
    openstack = {"cloud": "courses", "flavor": "lab.small", "workers": 1} | OWN_NETWORK
    settings = {"provider": "openstack", "certificate": "internal", "key": str(key)}
    path = tmp_path / "hosts.yml"
    path.write_text(yaml.safe_dump(settings | {"openstack": openstack}))
    course = RunningCourse(tmp_path / "var", 0, REPOSITORY / "tests" / "courses" / "bench")

    done = course.syllab("deploy", "--hosts", str(path), "--roster", str(ROSTER))
    assert done.returncode == 0, done.stdout
    assert "✓ Verify" in done.stdout
    done = course.syllab("destroy", "--hosts", str(path), "--yes")
    assert done.returncode == 0, done.stdout
    assert everything(plane) == empty
