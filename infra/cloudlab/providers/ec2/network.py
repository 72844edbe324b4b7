"""Where a course's machines are in a cloud that speaks EC2: VPC, subnet, group and address."""

from __future__ import annotations

from typing import Any

from cloudlab.providers import cloud
from cloudlab.providers.ec2.work import Work

CIDR = "10.77.0.0/24"  # of a VPC that is made, and of its one subnet


def ensure_subnet(work: Work) -> dict[str, Any]:
    """The course's own subnet if it has a VPC, else the default VPC's, else a new one."""
    if work.checked.subnet and not work.found["VPC"]:
        return work.checked.subnet
    vpc = _ensure_vpc(work)
    _ensure_gateway(work, vpc)
    subnet = work.first("subnet")
    if subnet is None:
        subnet = work.ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=CIDR,
            AvailabilityZone=work.checked.zone,
            TagSpecifications=work.tags("subnet"),
        )["Subnet"]
        work.note("subnet", subnet["SubnetId"])
        work.ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet["SubnetId"]])
    return subnet


def _ensure_vpc(work: Work) -> str:
    if vpc := work.first("VPC"):
        return vpc["VpcId"]
    work.doing("making the network")
    vpc = work.ec2.create_vpc(CidrBlock=CIDR, TagSpecifications=work.tags("vpc"))["Vpc"]["VpcId"]
    work.note("VPC", vpc)
    work.ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
    return vpc


def _ensure_gateway(work: Work, vpc: str) -> None:
    """The VPC's way to the internet, and the route to it."""
    gateway = work.first("gateway")
    if gateway is None:
        gateway = work.ec2.create_internet_gateway(TagSpecifications=work.tags("internet-gateway"))[
            "InternetGateway"
        ]
        id = gateway["InternetGatewayId"]
        work.note("gateway", id)
        work.ec2.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[id])
    if not gateway["Attachments"]:
        work.ec2.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    main = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    table = work.ec2.describe_route_tables(Filters=main)["RouteTables"][0]
    if not any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in table["Routes"]):
        work.ec2.create_route(
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway["InternetGatewayId"],
        )


def ensure_group(work: Work, vpc: str) -> str:
    """The security group's ID: SSH and the web from anywhere, everything among the servers."""
    group = work.first("security group")
    if group is None:
        work.doing("making the security group")
        group = work.ec2.create_security_group(
            GroupName=work.title,
            Description=f"Syllab: {work.owner.instance}",
            VpcId=vpc,
            TagSpecifications=work.tags("security-group"),
        )
        work.note("security group", group["GroupId"])
        work.ec2.get_waiter("security_group_exists").wait(GroupIds=[group["GroupId"]])
    id, there = group["GroupId"], group.get("IpPermissions", [])
    open_ports = {rule.get("FromPort") for rule in there if rule.get("IpRanges")}
    missing: list[dict[str, Any]] = [
        {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        }
        for port in cloud.PORTS
        if port not in open_ports
    ]
    if not any(pair["GroupId"] == id for rule in there for pair in rule["UserIdGroupPairs"]):
        missing.append({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": id}]})
    if missing:
        work.ec2.authorize_security_group_ingress(GroupId=id, IpPermissions=missing)
    return id


def ensure_address(work: Work, instance: str) -> str:
    """The elastic IP, at this instance; its address."""
    address = work.first("elastic IP")
    if address is None:
        work.doing("making the elastic IP")
        address = work.ec2.allocate_address(Domain="vpc", TagSpecifications=work.tags("elastic-ip"))
        work.note("elastic IP", address["AllocationId"])
    if address.get("InstanceId") != instance:
        work.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)
    return address["PublicIp"]
