"""Machines of a cloud that speaks EC2: made once, found again, and taken away without a rest.

The cloud is moto's server. Its instances are records: nothing runs at their addresses, which in
the real world are other people's. So whether SSH answers there is decided by the tests.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from boto3.session import Session
from botocore.stub import Stubber
from cloudlab.hosts import Ec2, Hosts
from cloudlab.providers import Owner, Provider, answer, provider
from cloudlab.providers.ec2.quota import quota
from courseware.errors import UserError
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
IMAGE = "ami-0123456789abcdef0"
MADE = ["elastic IP", "key pair", "security group", "server", "server"]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    images = tmp_path_factory.mktemp("images") / "images.json"
    images.write_text(json.dumps([{"ami_id": IMAGE, "architecture": "x86_64"}]))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_AMIS_PATH", str(images))  # its own thousands take seconds for each test
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return key


@pytest.fixture
def ec2(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cloud as somebody else sees it, with nothing of ours in it."""
    requests.post(f"{endpoint}/moto-api/reset").raise_for_status()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "organiser")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(answer, "ssh_answers", lambda machine, key: True)
    return boto3.client("ec2", region_name=REGION, endpoint_url=endpoint)


@pytest.fixture
def wants(ec2: Any, endpoint: str) -> Ec2:
    return Ec2(region=REGION, endpoint=endpoint, image=IMAGE, type="m5.large", workers=1)


@cache  # each reads EC2's description, which takes longer than a test
def course(wants: Ec2, key: Path | None, instance: str = "night-0a1b2c") -> Provider:
    hosts = Hosts(provider="ec2", domain="course.example.org", key=key, ec2=wants)
    return provider(hosts, Owner(instance, "night-1"))


def quiet(what: str) -> None:
    pass


def kinds(things: Any) -> list[str]:
    return sorted(thing.kind for thing in things)


def world(ec2: Any) -> dict[str, set[str]]:
    """The IDs of all that is in the cloud's region, whoever made it."""
    servers = ec2.describe_instances()["Reservations"]
    alive = [i for r in servers for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    return {
        "servers": {i["InstanceId"] for i in alive},
        "disks": {v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]},
        "addresses": {a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]},
        "groups": {g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]},
        "keys": {k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]},
        "subnets": {s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]},
        "gateways": {
            g["InternetGatewayId"] for g in ec2.describe_internet_gateways()["InternetGateways"]
        },
        "vpcs": {v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]},
    }


def remove_default_vpc(ec2: Any) -> None:
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def test_a_plan_tells_what_will_be_made_and_makes_nothing(ec2, wants, key):
    before = world(ec2)
    plan = course(wants, key).plan()
    assert kinds(plan) == MADE
    assert not any(thing.id for thing in plan)
    assert any("m5.large: 2 cores, 8192 MB, 60 GB" in thing.detail for thing in plan)
    assert world(ec2) == before


def test_create_gives_one_manager_and_its_workers(ec2, wants, key):
    manager, *workers = course(wants.model_copy(update={"workers": 2}), key).create(quiet)
    assert (manager.name, manager.role, manager.user) == ("manager", "manager", "admin")
    assert [(w.name, w.role) for w in workers] == [("worker-1", "worker"), ("worker-2", "worker")]
    address = ec2.describe_addresses()["Addresses"][0]
    assert manager.address == address["PublicIp"]
    assert str(manager.private) == address["PrivateIpAddress"]
    assert len({m.address for m in (manager, *workers)}) == 3


def test_only_ssh_and_the_web_are_open_and_all_is_open_among_the_machines(ec2, wants, key):
    course(wants, key).create(quiet)
    mine = [{"Name": "tag:syllab-instance", "Values": ["night-0a1b2c"]}]
    [group] = ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
    rules = group["IpPermissions"]
    assert {r["FromPort"] for r in rules if r["IpRanges"]} == {22, 80, 443}
    [among] = [r for r in rules if not r["IpRanges"]]
    assert among["IpProtocol"] == "-1"
    assert [pair["GroupId"] for pair in among["UserIdGroupPairs"]] == [group["GroupId"]]


def test_servers_have_the_organisers_key_a_disk_that_goes_with_them_and_no_secret(ec2, wants, key):
    course(wants, key).create(quiet)
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    [pair] = ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert pair["PublicKey"].split() == key.with_suffix(".pub").read_text().split()[:2]
    for each in instances:
        assert each["KeyName"] == pair["KeyName"]
        assert each["MetadataOptions"]["HttpTokens"] == "required"
        assert each["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"]
    assert {v["Size"] for v in ec2.describe_volumes()["Volumes"]} == {60}


def test_a_second_create_makes_nothing_and_gives_the_same_machines(ec2, wants, key):
    first = course(wants, key).create(quiet)
    before = world(ec2)
    assert course(wants, key).create(quiet) == first
    assert world(ec2) == before
    assert all(thing.id for thing in course(wants, key).plan())


def test_create_makes_again_only_what_somebody_removed(ec2, wants, key):
    manager, worker = course(wants, key).create(quiet)
    found = course(wants, key).list()
    [gone] = [t.id for t in found if t.name == "syllab-night-0a1b2c-worker-1"]
    ec2.terminate_instances(InstanceIds=[gone])
    again = course(wants, key).create(quiet)
    assert again[0] == manager
    assert again[1].address != worker.address
    assert len(world(ec2)["servers"]) == 2


def test_a_stopped_server_is_started_again(ec2, wants, key):
    course(wants, key).create(quiet)
    ids = sorted(world(ec2)["servers"])
    ec2.stop_instances(InstanceIds=ids)
    course(wants, key).create(quiet)
    states = ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]
    assert {state["InstanceState"]["Name"] for state in states} == {"running"}


def test_list_tells_all_that_was_made_and_destroy_leaves_nothing(ec2, wants, key):
    before = world(ec2)
    course(wants, key).create(quiet)
    listed = course(wants, key).list()
    assert kinds(listed) == MADE
    assert course(wants, key).destroy(quiet) == listed
    assert course(wants, key).list() == []
    assert world(ec2) == before


def test_without_a_default_vpc_one_is_made_and_goes_again(ec2, wants, key):
    remove_default_vpc(ec2)
    before = world(ec2)
    network = ["VPC", "gateway", "subnet"]
    assert kinds(course(wants, key).plan()) == sorted([*MADE, *network])
    machines = course(wants, key).create(quiet)
    assert all(str(machine.private).startswith("10.77.0.") for machine in machines)
    tables = ec2.describe_route_tables()["RouteTables"]
    assert any(r.get("GatewayId", "").startswith("igw-") for t in tables for r in t["Routes"])
    made = world(ec2)
    assert course(wants, key).create(quiet) == machines
    assert world(ec2) == made
    course(wants, key).destroy(quiet)
    assert world(ec2) == before


def test_two_courses_are_apart_and_destroying_one_leaves_the_other(ec2, wants, key):
    others = course(wants, key, "day-ffffff").create(quiet)
    before = world(ec2)
    ours = course(wants, key).create(quiet)
    assert not {m.address for m in ours} & {m.address for m in others}
    course(wants, key).destroy(quiet)
    assert world(ec2) == before
    assert course(wants, key, "day-ffffff").create(quiet) == others


def test_everything_that_stands_in_the_way_is_told_at_once(ec2, wants, tmp_path):
    for _ in range(5):
        ec2.allocate_address(Domain="vpc")
    before = world(ec2)
    wrong = wants.model_copy(
        update={"image": "ami-00000000", "type": "m5.lage", "worker_type": "nothing.like.it"}
    )
    with pytest.raises(UserError) as told:
        course(wrong, tmp_path / "key").create(quiet)
    lines = str(told.value).splitlines()
    assert len(lines) == 5
    assert all(" -> " in line for line in lines)
    for part in ("key: ", "ami-00000000", "did you mean 'm5.large'?", "nothing.like.it", "quota: "):
        assert any(part in line for line in lines)
    assert world(ec2) == before


# Service Quotas tell of processors on AWS alone, and moto knows none of them.
@pytest.mark.parametrize(("type", "told"), [("m5.large", True), ("g4dn.xlarge", False)])
def test_too_few_processors_in_the_account_are_told_for_standard_types(
    ec2, wants, key, type, told, monkeypatch
):
    course(wants, key, "day-ffffff").create(quiet)  # two servers with two processors each
    session = Session("id", "secret", region_name=REGION)
    quotas = session.client("service-quotas")
    monkeypatch.setattr(session, "client", lambda name: quotas)
    on_aws = wants.model_copy(update={"endpoint": None, "type": type})
    types = {type: ec2.describe_instance_types(InstanceTypes=[type])["InstanceTypes"][0]}
    found: Any = {"elastic IP": [{"PublicIp": "192.0.2.1"}], "server": []}
    with Stubber(quotas) as stub:
        stub.add_response("get_service_quota", {"Quota": {"Value": 7.0}})
        problems = list(quota(session, ec2, on_aws, types, found, "syllab-night-0a1b2c"))
    assert any("4 more vCPUs needed, 3 left -> " in each for each in problems) is told


def test_a_type_with_other_processors_than_the_image_is_told(ec2, wants, key):
    with pytest.raises(UserError, match=r"ec2\.worker_type: m6g\.large is arm64"):
        course(wants.model_copy(update={"worker_type": "m6g.large"}), key).plan()


def test_other_keys_than_clouds_take_are_told(ec2, wants, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", key], check=True)
    with pytest.raises(UserError, match="Ed25519 and RSA"):
        course(wants, key).plan()


def test_another_key_than_that_of_the_servers_is_told(ec2, wants, key, tmp_path):
    course(wants, key).create(quiet)
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    with pytest.raises(UserError, match="made with another SSH key"):
        course(wants, other).create(quiet)


def test_missing_credentials_and_an_endpoint_without_a_cloud_are_told(
    ec2, wants, key, monkeypatch, tmp_path
):
    nowhere = wants.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(UserError, match=r"endpoint .* reachable"):
        course(nowhere, key).plan()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UserError, match="AWS_PROFILE"):
        course(wants, key, "fresh-ffffff").plan()


def test_where_no_machine_answers_nothing_stays(ec2, wants, key, monkeypatch):
    remove_default_vpc(ec2)  # so that most is made
    before = world(ec2)
    monkeypatch.setattr(answer, "ssh_answers", lambda machine, key: False)
    monkeypatch.setattr(answer, "PATIENCE", 0)
    with pytest.raises(UserError, match=r"manager: SSH doesn't answer .* -> "):
        course(wants, key).create(quiet)
    assert world(ec2) == before


def test_failing_midway_takes_away_what_this_call_made_and_no_more(ec2, wants, key):
    course(wants.model_copy(update={"workers": 0}), key).create(quiet)
    before = world(ec2)

    def stop_at_the_last(what: str) -> None:
        if what == "waiting for the server worker-1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        course(wants, key).create(stop_at_the_last)
    assert world(ec2) == before


def test_a_group_of_somebody_else_with_our_name_is_left_alone(ec2, wants, key):
    ec2.create_security_group(GroupName="syllab-night-0a1b2c", Description="not ours")
    before = world(ec2)
    with pytest.raises(UserError, match="already exists"):
        course(wants, key).create(quiet)
    course(wants, key).destroy(quiet)
    assert world(ec2) == before


class Failing:
    """Ends the manager `times` times while it starts, as a cloud's own failure does."""

    def __init__(self, ec2: Any, times: int) -> None:
        self.ec2, self.times = ec2, times

    def __call__(self, what: str) -> None:
        if what == "waiting for the server manager" and self.times:
            self.times -= 1
            name = [{"Name": "tag:Name", "Values": ["syllab-night-0a1b2c-manager"]}]
            found = self.ec2.describe_instances(Filters=name)["Reservations"]
            ids = [i["InstanceId"] for r in found for i in r["Instances"]]
            self.ec2.terminate_instances(InstanceIds=ids)


def test_a_server_that_fails_once_is_made_again(ec2, wants, key):
    machines = course(wants, key).create(Failing(ec2, times=1))
    assert len(machines) == len(world(ec2)["servers"]) == 2


def test_a_server_that_fails_again_is_told_with_the_clouds_reason_and_nothing_stays(
    ec2, wants, key
):
    before = world(ec2)
    with pytest.raises(UserError, match=r"manager: .*twice: .*shutdown.* -> "):
        course(wants, key).create(Failing(ec2, times=2))
    assert world(ec2) == before
