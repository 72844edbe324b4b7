"""What a course has in a cloud that speaks EC2: finding it by its tags, and removing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from courseware.errors import UserError

from cloudlab.providers import Doing, Owner, Thing, cloud

Found = dict[str, list[dict[str, Any]]]  # what there is, by kind, as the cloud describes it

# In the order of their removal.
KINDS = ("elastic IP", "server", "security group", "key pair", "gateway", "subnet", "VPC")
_ID = {
    "elastic IP": "AllocationId", "server": "InstanceId", "security group": "GroupId",
    "key pair": "KeyName", "gateway": "InternetGatewayId", "subnet": "SubnetId", "VPC": "VpcId",
}  # fmt: skip
_ALIVE = ["pending", "running", "stopping", "stopped"]
WAIT = {"Delay": 2, "MaxAttempts": cloud.PATIENCE // 2}  # seconds between looks, and how many


def title(owner: Owner) -> str:
    """The name of what is made, and the beginning of servers' names."""
    return f"syllab-{owner.instance}"


def tags(owner: Owner, kind: str, name: str) -> list[dict[str, Any]]:
    """The parameter TagSpecifications; `kind` is EC2's name of what is made."""
    pairs = {"Name": name, **owner.tags}
    words = [{"Key": key, "Value": value} for key, value in pairs.items()]
    return [{"ResourceType": kind, "Tags": words}]


def find(ec2: Any, owner: Owner) -> Found:
    """All that is tagged as this course's, by kind."""
    mine = [{"Name": "tag:syllab-instance", "Values": [owner.instance]}]
    alive = [*mine, {"Name": "instance-state-name", "Values": _ALIVE}]
    return {
        "elastic IP": ec2.describe_addresses(Filters=mine)["Addresses"],
        "server": instances(ec2, Filters=alive),
        "security group": ec2.describe_security_groups(Filters=mine)["SecurityGroups"],
        "key pair": ec2.describe_key_pairs(Filters=mine, IncludePublicKey=True)["KeyPairs"],
        "gateway": ec2.describe_internet_gateways(Filters=mine)["InternetGateways"],
        "subnet": ec2.describe_subnets(Filters=mine)["Subnets"],
        "VPC": ec2.describe_vpcs(Filters=mine)["Vpcs"],
    }


def instances(ec2: Any, **which: Any) -> list[dict[str, Any]]:
    """Instances, which EC2 tells by reservations and in pages."""
    pages = ec2.get_paginator("describe_instances").paginate(**which)
    return [i for page in pages for each in page["Reservations"] for i in each["Instances"]]


def name_of(described: dict[str, Any]) -> str:
    """What the tag Name says."""
    return next((t["Value"] for t in described.get("Tags", []) if t["Key"] == "Name"), "")


def thing(kind: str, described: dict[str, Any]) -> Thing:
    """What is there, as it is shown."""
    detail = described.get("CidrBlock") or described.get("PublicIp") or ""
    if kind == "server":
        detail = f"{described['InstanceType']}, {described['State']['Name']}"
    return Thing(kind, name_of(described), detail, described[_ID[kind]])


def remove(ec2: Any, things: Iterable[Thing], doing: Doing) -> None:
    """Remove these things, in the order that the cloud asks for, and wait until they are gone."""
    removers: dict[str, Callable[[str], Any]] = {
        "elastic IP": lambda id: _release(ec2, id),
        "security group": lambda id: ec2.delete_security_group(GroupId=id),
        "key pair": lambda id: ec2.delete_key_pair(KeyName=id),
        "gateway": lambda id: _remove_gateway(ec2, id),
        "subnet": lambda id: ec2.delete_subnet(SubnetId=id),
        "VPC": lambda id: ec2.delete_vpc(VpcId=id),
    }

    def remove_kind(kind: str, ids: list[str]) -> None:
        if kind == "server":
            terminate(ec2, ids)
        else:
            for each in ids:
                _patiently(removers[kind], each)

    cloud.remove_in_order(
        KINDS, things, remove_kind, (BotoCoreError, ClientError, UserError), doing
    )


def terminate(ec2: Any, ids: list[str]) -> None:
    """Terminate instances side by side, and wait until the last is gone, its disk with it."""
    if not ids:
        return
    ec2.terminate_instances(InstanceIds=ids)
    until = time.monotonic() + cloud.PATIENCE
    # boto3's own waiter takes one that was still starting for a failure.
    while any(each["State"]["Name"] != "terminated" for each in instances(ec2, InstanceIds=ids)):
        if time.monotonic() > until:
            raise UserError("the cloud takes too long to terminate servers -> try again later")
        time.sleep(2)


def _release(ec2: Any, id: str) -> None:
    for address in ec2.describe_addresses(AllocationIds=[id])["Addresses"]:
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
    ec2.release_address(AllocationId=id)


def _remove_gateway(ec2: Any, id: str) -> None:
    for gateway in ec2.describe_internet_gateways(InternetGatewayIds=[id])["InternetGateways"]:
        for attached in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=attached["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=id)


def _patiently(remover: Callable[[str], Any], id: str) -> None:
    """Remove it, once what hangs on it has gone; it may be gone already."""
    until = time.monotonic() + 120
    while True:
        try:
            remover(id)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code.endswith("NotFound"):
                return
            if code not in ("DependencyViolation", "InvalidIPAddress.InUse"):
                raise
            if time.monotonic() > until:
                raise
            time.sleep(2)
