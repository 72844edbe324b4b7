"""Part of the image's build: what the cloud has when it starts."""

import sys
import time

import openstack

URLS = {
    "compute": ("nova", "http://{}:8774/v2.1"),
    "image": ("glance", "http://{}:9292"),
    "network": ("neutron", "http://{}:9696"),
    "placement": ("placement", "http://{}:8778"),
}
PUBLIC, INTERNAL = "10.76.0.2", "127.0.0.1"


def identity(cloud):
    """The services, their users, and somebody without an administrator's rights."""
    find_role = cloud.identity.find_role
    service = cloud.identity.create_project(name="service", domain_id="default")
    for kind, (name, url) in URLS.items():
        user = cloud.identity.create_user(name=name, password="service", domain_id="default")
        for role in ("admin", "service"):
            cloud.identity.assign_project_role_to_user(service, user, find_role(role))
        entry = cloud.identity.create_service(name=name, type=kind)
        for interface, host in (("public", PUBLIC), ("internal", INTERNAL)):
            cloud.identity.create_endpoint(
                service_id=entry.id,
                region_id="RegionOne",
                interface=interface,
                url=url.format(host),
            )
    project = cloud.identity.create_project(name="courses", domain_id="default")
    person = cloud.identity.create_user(name="organiser", password="organiser", domain_id="default")
    cloud.identity.assign_project_role_to_user(project, person, find_role("member"))


def offers(cloud):
    """An image, flavours (one of which never starts), a network that is there, a way outside."""
    cloud.create_image(
        "debian-12", data=b"machines have another", disk_format="raw", container_format="bare",
        visibility="public",
    )  # fmt: skip
    cloud.create_flavor("lab.small", ram=1024, vcpus=1, disk=10)
    cloud.create_flavor("lab.big", ram=2048, vcpus=2, disk=20)
    broken = cloud.create_flavor("lab.broken", ram=1024, vcpus=1, disk=10)
    cloud.set_flavor_specs(broken.id, {"broken": "the hypervisor is out of order"})
    shared = cloud.network.create_network(name="campus", is_shared=True)
    cloud.network.create_subnet(
        network_id=shared.id, name="campus", ip_version=4, cidr="10.75.0.0/24"
    )
    outside = cloud.network.create_network(
        name="external", is_router_external=True, provider_network_type="flat",
        provider_physical_network="external",
    )  # fmt: skip
    cloud.network.create_subnet(
        network_id=outside.id, name="external", ip_version=4, cidr="10.76.0.0/24",
        allocation_pools=[{"start": "10.76.0.100", "end": "10.76.0.199"}], enable_dhcp=False,
    )  # fmt: skip


def connect():
    """As the administrator."""
    return openstack.connect(
        auth_url="http://127.0.0.1:5000/v3", username="admin", password="admin",
        project_name="admin", user_domain_name="Default", project_domain_name="Default",
        region_name="RegionOne", interface="internal",
    )  # fmt: skip


def patiently(ask):
    """Ask with a new connection each time, until there is an answer; that connection."""
    deadline = time.monotonic() + 600
    while True:
        try:
            if ask(cloud := connect()):
                return cloud
        except Exception:  # of many kinds, as long as services come up one by one
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


if __name__ == "__main__":
    if sys.argv[1] == "identity":
        identity(patiently(lambda cloud: cloud.authorize()))
    else:
        patiently(lambda cloud: not list(cloud.network.networks()))
        patiently(lambda cloud: not list(cloud.image.images()))
        offers(patiently(lambda cloud: list(cloud.compute.hypervisors())))
