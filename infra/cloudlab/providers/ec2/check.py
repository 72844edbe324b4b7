"""What can be known to fail in a cloud that speaks EC2 before anything is made; all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.exceptions import ClientError
from courseware.errors import UserError, suggest

from cloudlab.hosts import Ec2
from cloudlab.providers.cloud import public_key
from cloudlab.providers.ec2.quota import quota
from cloudlab.providers.ec2.things import Found


@dataclass
class Checked:
    """What `hosts.yml` names, as the cloud has it."""

    key: str = ""
    image: dict[str, Any] = field(default_factory=dict)
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    zone: str = ""
    """An availability zone that has all types."""
    subnet: dict[str, Any] | None = None
    """That zone's subnet of the default VPC, if there is one."""


def check(
    session: Session, ec2: Any, wants: Ec2, key: Path | None, found: Found, title: str
) -> Checked:
    """Look up what `hosts.yml` names; `found` is what the course has there already.

    Raises UserError with everything that stands in the way, each with its remedy.
    """
    checked = Checked()
    problems = [
        *_key(key, found, checked),
        *_image(ec2, wants, checked),
        *_types(ec2, wants, checked),
        *_zone(ec2, checked),
        *quota(session, ec2, wants, checked.types, found, title),
    ]
    if problems:
        raise UserError("\n".join(problems))
    return checked


def _key(key: Path | None, found: Found, checked: Checked) -> Iterator[str]:
    try:
        checked.key = public_key(key)
    except UserError as error:
        yield str(error)
        return
    if not checked.key.startswith(("ssh-ed25519 ", "ssh-rsa ")):  # EC2's ImportKeyPair
        yield "key: EC2 takes Ed25519 and RSA keys only -> ssh-keygen -t ed25519 makes one"
    for pair in found["key pair"] if found["server"] else []:
        if pair["PublicKey"].split()[:2] != checked.key.split():
            yield (
                "key: the servers were made with another SSH key, "
                f"{pair['KeyFingerprint']} -> set 'key' in hosts.yml to that one; only new "
                "servers can have another"
            )


def _image(ec2: Any, wants: Ec2, checked: Checked) -> Iterator[str]:
    try:
        images = ec2.describe_images(ImageIds=[wants.image])["Images"]
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("InvalidAMIID"):
            raise
        images = []
    if not images or images[0].get("State") != "available":
        yield (
            f"ec2.image: no '{wants.image}' in {wants.region} -> images' IDs differ between "
            "regions; https://wiki.debian.org/Cloud/AmazonEC2Image has Debian's"
        )
        return
    checked.image = images[0]
    size = root_size(checked.image)
    if size > wants.volume:
        yield f"ec2.volume: {wants.volume} GB, but the image needs {size} -> set {size} or more"


def root_size(image: dict[str, Any]) -> int:
    """GB that the image's own root disk has."""
    return max(
        (
            mapping["Ebs"].get("VolumeSize", 0)
            for mapping in image.get("BlockDeviceMappings", [])
            if mapping["DeviceName"] == image["RootDeviceName"] and "Ebs" in mapping
        ),
        default=0,
    )


def _types(ec2: Any, wants: Ec2, checked: Checked) -> Iterator[str]:
    for key, name in {"type": wants.type, "worker_type": wants.worker_type}.items():
        if name is None:
            continue
        try:
            kind = ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidInstanceType":
                raise
            known = {offered for offered, _ in _offered(ec2, "region")}
            remedy = suggest(name, known, "choose one of the region's instance types")
            yield f"ec2.{key}: no '{name}' in {wants.region} -> {remedy}"
            continue
        checked.types[name] = kind
        fits = kind["ProcessorInfo"]["SupportedArchitectures"]
        if checked.image and checked.image["Architecture"] not in fits:
            yield (
                f"ec2.{key}: {name} is {' or '.join(fits)}, the image is for "
                f"{checked.image['Architecture']} -> choose another type or image"
            )


def _offered(ec2: Any, where: str, **which: Any) -> set[tuple[str, str]]:
    """Pairs of an instance type and where it is offered: a region, or an availability zone."""
    pager = ec2.get_paginator("describe_instance_type_offerings")
    pages = pager.paginate(LocationType=where, **which)
    offerings = [each for page in pages for each in page["InstanceTypeOfferings"]]
    return {(each["InstanceType"], each["Location"]) for each in offerings}


def _zone(ec2: Any, checked: Checked) -> Iterator[str]:
    """Choose a zone with all types: one with a subnet of the default VPC, if there is any."""
    if not checked.types:
        return
    types = set(checked.types)
    which = [{"Name": "instance-type", "Values": sorted(types)}]
    offered = _offered(ec2, "availability-zone", Filters=which)
    zones = {zone for _, zone in offered if {t for t, z in offered if z == zone} == types}
    if not zones:
        yield f"ec2.worker_type: no zone has {' and '.join(sorted(types))} -> choose other types"
        return
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [
        each
        for each in ec2.describe_subnets(Filters=default)["Subnets"]
        if each["AvailabilityZone"] in zones
    ]
    checked.subnet = min(subnets, key=lambda each: each["AvailabilityZone"], default=None)
    checked.zone = checked.subnet["AvailabilityZone"] if checked.subnet else min(zones)
