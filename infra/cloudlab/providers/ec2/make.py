"""Making a course's machines in a cloud that speaks EC2."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, WaiterError
from courseware.errors import UserError

from cloudlab.hosts import Machine
from cloudlab.providers import cloud
from cloudlab.providers.ec2 import things
from cloudlab.providers.ec2.network import ensure_address, ensure_group, ensure_subnet
from cloudlab.providers.ec2.work import Work


def make(work: Work) -> list[Machine]:
    """Make what is missing, and wait until the servers run.

    Raises UserError, or botocore's errors.
    """
    _ensure_key_pair(work)
    subnet = ensure_subnet(work)
    _ensure_servers(work, subnet["SubnetId"], ensure_group(work, subnet["VpcId"]))
    servers = work.servers
    entrance = ensure_address(work, servers["manager"]["InstanceId"])
    return [
        Machine(
            name=each.name,
            address=entrance if each.role == "manager" else servers[each.name]["PublicIpAddress"],
            private=servers[each.name]["PrivateIpAddress"],
            role=each.role,
            user=work.wants.user,
        )
        for each in cloud.servers(work.wants)
    ]


def _ensure_key_pair(work: Work) -> None:
    pair = work.first("key pair")
    if pair is not None:
        if pair["PublicKey"].split()[:2] == work.checked.key.split():
            return
        # No server has it: `check` saw to that.
        work.ec2.delete_key_pair(KeyName=work.title)
    work.doing("making the key pair")
    work.ec2.import_key_pair(
        KeyName=work.title,
        PublicKeyMaterial=work.checked.key.encode(),
        TagSpecifications=work.tags("key-pair"),
    )
    work.note("key pair", work.title)


def _ensure_servers(work: Work, subnet: str, group: str) -> None:
    """Fill `work.servers`. Servers start side by side."""
    there = {things.name_of(each): each for each in work.found["server"]}
    wanted = cloud.servers(work.wants)
    started = {}
    for each in wanted:
        existing = there.get(f"{work.title}-{each.name}")
        if existing is None:
            started[each.name] = _start(work, each, subnet, group)
        else:
            started[each.name] = existing["InstanceId"]
            _wake(work, existing)
    for each in wanted:
        try:
            work.servers[each.name] = _await_running(work, each, started[each.name])
        except WaiterError:  # often by chance: one of the cloud's own machines fails
            things.terminate(work.ec2, [started[each.name]])
            again = _start(work, each, subnet, group)
            work.servers[each.name] = _await_running(work, each, again, last=True)


def _wake(work: Work, existing: dict[str, Any]) -> None:
    id, state = existing["InstanceId"], existing["State"]["Name"]
    if state == "stopping":
        work.ec2.get_waiter("instance_stopped").wait(InstanceIds=[id], WaiterConfig=things.WAIT)
    if state in ("stopping", "stopped"):
        work.ec2.start_instances(InstanceIds=[id])


def _start(work: Work, server: cloud.Server, subnet: str, group: str) -> str:
    """Ask for a server; its ID."""
    work.doing(f"making the server {server.name}")
    name, image = f"{work.title}-{server.name}", work.checked.image
    id = work.ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType=server.size,
        MinCount=1,
        MaxCount=1,
        KeyName=work.title,
        UserData=cloud.user_data(name),
        # Workers reach the internet only with a public address of their own.
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": subnet,
                "Groups": [group],
                "AssociatePublicIpAddress": True,
            }
        ],
        BlockDeviceMappings=[
            {
                "DeviceName": image["RootDeviceName"],
                "Ebs": {
                    "VolumeSize": work.wants.volume,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                },
            }
        ],
        # Credentials of an instance can't be had by a request that somebody else forges.
        MetadataOptions={"HttpTokens": "required"},
        TagSpecifications=things.tags(work.owner, "instance", name),
    )["Instances"][0]["InstanceId"]
    work.note("server", id, name)
    return id


def _await_running(work: Work, server: cloud.Server, id: str, last: bool = False) -> dict[str, Any]:
    """Raises WaiterError where the cloud fails, UserError if that was the `last` try."""
    work.doing(f"waiting for the server {server.name}")
    try:
        work.ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig=things.WAIT)
    except WaiterError as error:
        if not last:
            raise
        reason = things.instances(work.ec2, InstanceIds=[id])[0].get("StateReason", {})
        raise UserError(
            f"{server.name}: the cloud can't start this server, twice: "
            f"{reason.get('Message', error)} -> try again later, or choose another type or image"
        ) from error
    return things.instances(work.ec2, InstanceIds=[id])[0]


def console(work: Work, name: str) -> str:
    """What a server's console shows; nothing where a type or a cloud keeps none."""
    id = work.servers[name]["InstanceId"]
    try:
        return work.ec2.get_console_output(InstanceId=id, Latest=True).get("Output", "")
    except ClientError:
        return ""
