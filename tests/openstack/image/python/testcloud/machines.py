"""Test machines in the container engine: one per server, on a bridge per Neutron network."""

import io
import os
import tarfile
from contextlib import suppress
from functools import cached_property
from threading import Lock

import docker
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool


class Machines:
    """The machines of the test cloud that the variable TESTCLOUD names.

    That is the prefix of all names, the label of all things, and the name of the engine's network
    of floating addresses. Machines are like the container NAME-template.
    """

    # Looked up when first needed: while the image is built there are neither.
    engine = cached_property(lambda self: docker.from_env())
    cloud = cached_property(lambda self: os.environ["TESTCLOUD"])
    labels = cached_property(lambda self: {"syllab.testcloud": self.cloud})

    _making = Lock()  # servers start side by side, often on the same network

    def start(self, server, hostname, memory, files, interface):
        """Start a machine.

        `memory` is in MB, `files` are written before it boots, `interface` has network, cidr,
        gateway, mtu, address and mac.
        """
        api = self.engine.api
        template = self.engine.containers.get(f"{self.cloud}-template").attrs
        with self._making:
            network = self._network(interface).name
        endpoint = api.create_endpoint_config(
            ipv4_address=interface["address"], mac_address=interface["mac"]
        )
        machine = api.create_container(
            template["Image"],
            name=f"{self.cloud}-{server}",
            hostname=hostname,
            labels=self.labels,
            volumes=["/var/lib/docker"],
            tty=True,  # so that its console can be read
            host_config=template["HostConfig"] | {"Memory": memory << 20, "NetworkMode": network},
            networking_config=api.create_networking_config({network: endpoint}),
        )["Id"]
        api.put_archive(machine, "/", _tar(files))
        api.start(machine)

    def remove(self, server):
        """Remove a server's machine, and each network that has no other."""
        with suppress(NotFound):
            machine = self.engine.containers.get(f"{self.cloud}-{server}")
            networks = machine.attrs["NetworkSettings"]["Networks"]
            machine.remove(force=True, v=True)
            for name in networks:
                if name != self.cloud:
                    with suppress(APIError):  # others are on it
                        self.engine.networks.get(name).remove()

    def console(self, server):
        """What the machine wrote to its console, as bytes."""
        return self.engine.containers.get(f"{self.cloud}-{server}").logs()

    def join(self, server, address):
        """Give a floating address to a server's machine, if it is there already."""
        with suppress(NotFound):
            machine = self.engine.containers.get(f"{self.cloud}-{server}")
            self.engine.networks.get(self.cloud).connect(machine, ipv4_address=address)

    def leave(self, address):
        """Take a floating address from the machine that has it."""
        network = self.engine.networks.get(self.cloud)
        for machine, endpoint in network.attrs["Containers"].items():
            if endpoint["IPv4Address"].partition("/")[0] == address:
                network.disconnect(machine, force=True)

    def _network(self, interface):
        name = f"{self.cloud}-{interface['network']}"
        found = self.engine.networks.list(names=[name])
        if found:
            return found[0]
        pool = IPAMPool(subnet=interface["cidr"], gateway=interface["gateway"])
        return self.engine.networks.create(
            name,
            ipam=IPAMConfig(pool_configs=[pool]),
            options={"com.docker.network.driver.mtu": str(interface["mtu"])},
            labels=self.labels,
        )


def _tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
