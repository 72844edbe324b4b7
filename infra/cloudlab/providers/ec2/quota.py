"""What an account may still have in a cloud that speaks EC2, and what a course needs of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from cloudlab.hosts import Ec2
from cloudlab.providers.cloud import servers
from cloudlab.providers.ec2.things import Found, instances, name_of

# Processors of running on-demand instances of AWS's standard families, counted together (EC2's
# user guide, "Amazon EC2 instance type quotas").
STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")
STANDARD_QUOTA = "L-1216C47A"
RUNNING = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]


def quota(
    session: Session,
    ec2: Any,
    wants: Ec2,
    types: dict[str, dict[str, Any]],
    found: Found,
    title: str,
) -> Iterator[str]:
    """What the account may not have more of; nothing where the cloud doesn't tell."""
    remedy = "ask for more in the console's Service Quotas, or remove what isn't used"
    if not found["elastic IP"]:
        left = _addresses_left(ec2)
        if left is not None and left < 1:
            yield f"quota: 1 more elastic IP needed, {left} left -> {remedy}"
    needed = _processors_needed(wants, types, found, title)
    if needed and wants.endpoint is None:  # other clouds have no such service
        left = _processors_left(session, ec2)
        if left is not None and left < needed:
            yield f"quota: {needed} more vCPUs needed, {left} left -> {remedy}"


def _addresses_left(ec2: Any) -> int | None:
    wanted = ["vpc-max-elastic-ips"]
    try:
        told = ec2.describe_account_attributes(AttributeNames=wanted)["AccountAttributes"]
    except ClientError:  # not permitted
        return None
    limits = [
        int(attribute["AttributeValues"][0]["AttributeValue"])
        for attribute in told
        if attribute["AttributeName"] in wanted
    ]
    return limits[0] - len(ec2.describe_addresses()["Addresses"]) if limits else None


def _processors_needed(
    wants: Ec2, types: dict[str, dict[str, Any]], found: Found, title: str
) -> int:
    there = {name_of(each) for each in found["server"]}
    return sum(
        types[server.size]["VCpuInfo"]["DefaultVCpus"]
        for server in servers(wants)
        if server.size in types
        and STANDARD.match(server.size)
        and f"{title}-{server.name}" not in there
    )


def _processors_left(session: Session, ec2: Any) -> int | None:
    try:
        told = session.client("service-quotas").get_service_quota(
            ServiceCode="ec2", QuotaCode=STANDARD_QUOTA
        )
    except (BotoCoreError, ClientError):  # not permitted, or not in this region
        return None
    running = [each["InstanceType"] for each in instances(ec2, Filters=RUNNING)]
    counted = [each for each in running if STANDARD.match(each)]
    return int(told["Quota"]["Value"]) - _processors(ec2, counted)


def _processors(ec2: Any, types: list[str]) -> int:
    """The processors of instances of these types."""
    if not types:
        return 0
    kinds = ec2.describe_instance_types(InstanceTypes=sorted(set(types)))["InstanceTypes"]
    of_one = {each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"] for each in kinds}
    return sum(of_one[each] for each in types)
