"""Labs on several machines: each is a service with one task, on one of a swarm's workers."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import DriverConfig, EndpointSpec, Mount
from dockerspawner import SwarmSpawner
from traitlets import Enum, Unicode, default

from .confinement import scratch, task
from .homes import Homes
from .spawner import ENDED, HOME, LOG_LINES, NO_IMAGE, USER, LabMixin

# The engine's own bridge, which each machine has for itself.
NETWORK = "bridge"
MACHINE = "syllab.machine"  # the label of a node with its name in hosts.yml
LONGEST_NAME = 63  # of a service: it has to be fit for the DNS
TRY_EVERY = 0.25  # seconds between looks at a task that starts or stops
PLACE_TIMEOUT = 5  # seconds for a lab to find a machine; Swarm takes less than one
STOP_TIMEOUT = 20  # seconds; the engine kills after ten
# https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/
COMING = {"new", "pending", "assigned", "accepted", "preparing", "ready", "starting"}

FULL = "All places in the labs are taken. Please tell a helper, then try again in a few minutes."
AWAY = "The machine with your files doesn't answer. Please tell an organiser."
CLOSED = "The machine with your files takes no labs at the moment. Please tell an organiser."


class SwarmLabSpawner(LabMixin, SwarmSpawner):
    """A lab as a service of this swarm, of which this machine must be a manager.

    Its port is published on the worker alone, whose firewall lets only the manager in.
    """

    homes = Enum(["pinned", "nfs"], config=True, help="On the machine of the first lab, or shared.")
    homes_file = Unicode(config=True, help="Where pinned homes are noted; see Homes.")
    manager = Unicode(config=True, help="The address at which workers reach the shared homes.")

    @default("starts_at_once")
    def _as_many_as_the_workers_processors(self) -> int:
        nodes = self.client.nodes(filters={"role": "worker"})
        ready = [node["Description"] for node in nodes if node["Status"]["State"] == "ready"]
        return max(2, int(sum(machine["Resources"]["NanoCPUs"] for machine in ready) / 1e9))

    @default("object_name")
    def _object_name_default(self) -> str:  # DockerSpawner also calls it by this name
        name = f"{self.prefix}-{self.escaped_name}"  # [a-z0-9] and dashes
        if len(name) > LONGEST_NAME:
            return f"syllab-{hashlib.sha256(name.encode()).hexdigest()[:32]}"
        return name

    @property
    def _pins(self) -> Homes:
        return Homes(Path(self.homes_file))

    async def create_object(self) -> dict[str, Any]:
        """Create the service; where its home is, if it has one that can't move."""
        self._refuse_what_is_the_hosts()
        place = {"Constraints": ["node.role==worker", *await self._pinned()]}
        spec = task(self.mem_limit, self.cpu_limit, self.pids_limit)
        spec["ContainerSpec"] |= {
            "Image": self.image,
            "Args": await self.get_command(),
            "Env": [f"{name}={value}" for name, value in self.get_env().items()],
            "User": USER,
            "Hostname": "lab",
            "Labels": self.labels,
            "Mounts": [await self._home_mount(), self._scratch()],
        }
        spec |= {"Placement": place, "Networks": [{"Target": NETWORK}]}
        port = {"Protocol": "tcp", "TargetPort": self.port, "PublishMode": "host"}
        endpoint = EndpointSpec(mode="dnsrr", ports=[port])
        return await self.docker(
            "create_service",
            spec,
            name=self.object_name,
            labels=self.labels,
            endpoint_spec=endpoint,
        )

    async def start_object(self) -> None:
        """Wait until the lab runs. Raises LabFailure if it finds no machine or ends."""
        started = time.monotonic()
        while (found := await self._task()) is None or found["Status"]["State"] in COMING:
            # A service has its task a moment later, and a task that waits says what for.
            waits = found["Status"].get("Err") if found else "the swarm has made no task"
            if waits and time.monotonic() - started > PLACE_TIMEOUT:
                await self.remove_object()
                home = self._pins.machine(self.user.name)
                place = f"place on {home} with its home" if home else "machine for it"
                raise self._failure(FULL, f"no {place}: {waits}")
            await asyncio.sleep(TRY_EVERY)
        if found["Status"]["State"] != "running":
            reason = await self._why(found)
            await self.remove_object()
            raise self._failure(NO_IMAGE if "No such image" in reason else ENDED, reason)
        if self.homes == "pinned":
            node = await self.docker("inspect_node", found["NodeID"])
            self._pins.place(self.user.name, _machine(node))

    async def get_ip_and_port(self) -> tuple[str, int]:
        """Where the hub reaches the lab: on the worker."""
        found = await self._task()
        if found is None:
            raise self._failure(ENDED, "the service is gone")
        node = await self.docker("inspect_node", found["NodeID"])
        return node["Status"]["Addr"], found["Status"]["PortStatus"]["Ports"][0]["PublishedPort"]

    async def remove_object(self) -> None:
        """Remove the service, and wait until the lab has ended: its home may be used again then."""
        found = await self._task()
        try:
            await self.docker("remove_service", self.object_id)
        except NotFound:
            return
        deadline = time.monotonic() + STOP_TIMEOUT
        while found and await self._goes_on(found):
            if time.monotonic() > deadline:
                self.log.warning("%s: still runs %d s after its end", self._log_name, STOP_TIMEOUT)
                return
            await asyncio.sleep(TRY_EVERY)

    async def _ended(self) -> str | None:
        found = await self._task()
        if found is None:
            return "the service is gone"
        state = found["Status"]["State"]
        if found["DesiredState"] == "running" and state in {"running", *COMING}:
            return None
        reason = await self._why(found)
        self.log.warning("%s: %s", self._log_name, reason)
        await self.remove_object()
        self.object_id: str = ""
        return reason

    async def _why(self, ended: dict[str, Any]) -> str:
        """Why a task ended; its last words go to the log."""
        node = await self._node(ended)
        if node is None or node["Status"]["State"] != "ready":
            return f"its machine {_machine(node)} doesn't answer"
        if ended["Status"]["State"] in {"running", *COMING}:
            return f"its machine {_machine(node)} takes no labs any more"
        error = ended["Status"].get("Err", "")
        if ended["Status"]["State"] == "failed":
            logs = {"stdout": True, "stderr": True, "tail": LOG_LINES, "is_tty": False}
            words = await self.docker("service_logs", self.object_id, **logs)
            self._note(await asyncio.to_thread(b"".join, words))  # they come piece by piece
        return error or "it ended"

    async def _pinned(self) -> list[str]:
        """The constraint that keeps a lab with its home. Raises LabFailure if it can't start there.

        A home whose machine has left the swarm is lost, and a new one may be anywhere.
        """
        machine = self._pins.machine(self.user.name) if self.homes == "pinned" else None
        if machine is None:
            return []
        nodes = [n for n in await self.docker("nodes") if _machine(n) == machine]
        if not nodes:
            self.log.warning("%s: new home, %s has left the swarm", self._log_name, machine)
            self._pins.forget(self.user.name)
            return []
        ready = [node for node in nodes if node["Status"]["State"] == "ready"]
        if not ready:
            remedy = f"bring it back; if it is lost: docker node rm --force {nodes[0]['ID']}"
            reason = f"the home is on {machine}, which is down -> {remedy} (then the home is new)"
            raise self._failure(AWAY, reason)
        if all(node["Spec"]["Availability"] != "active" for node in ready):
            raise self._failure(CLOSED, f"the home is on {machine}, which takes no labs")
        return [f"node.labels.{MACHINE}=={machine}"]

    async def _home_mount(self) -> Mount:
        (name,) = self.volume_binds
        if self.homes == "pinned":
            return Mount(HOME, name, labels=self.labels)
        home = await self.docker("create_volume", name, labels=self.labels)
        # Only a container's mount gives a new volume the image's content and owner.
        bind = self.client.create_host_config(binds={name: {"bind": HOME, "mode": "rw"}})
        made = {"host_config": bind, "labels": self.labels}
        once = await self.docker("create_container", self.image, **made)
        await self.docker("remove_container", once["Id"])
        options = {"type": "nfs", "o": f"addr={self.manager},nfsvers=4,rw,nosuid,nodev,hard"}
        driver = DriverConfig("local", options | {"device": f":{home['Mountpoint']}"})
        # Not the home's own name, which homes of this machine may have had on a worker.
        shared = f"{self.prefix}-nfs-{self.user.name}"
        return Mount(HOME, shared, no_copy=True, labels=self.labels, driver_config=driver)

    def _scratch(self) -> Mount:
        return scratch(f"{self.prefix}-tmp-{self.user.name}", self.mem_limit, self.labels)

    async def _task(self) -> dict[str, Any] | None:
        """The service's one task; None when the service is gone."""
        try:
            tasks = await self.docker("tasks", filters={"service": self.object_name})
        except APIError as error:
            if error.status_code != 404:
                raise
            tasks = []
        return max(tasks, key=lambda t: t["CreatedAt"], default=None)

    async def _node(self, of: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await self.docker("inspect_node", of["NodeID"])
        except (NotFound, KeyError):  # removed; or none was found for the task
            return None

    async def _goes_on(self, of: dict[str, Any]) -> bool:
        """Whether a task whose service was removed still runs, as far as can be known."""
        try:
            now = await self.docker("inspect_task", of["ID"])
        except NotFound:
            return False
        node = await self._node(now)
        there = node is not None and node["Status"]["State"] == "ready"
        return there and now["Status"]["State"] in {"running", *COMING}


def _machine(node: dict[str, Any] | None) -> str:
    """A node's name in hosts.yml."""
    return node["Spec"]["Labels"].get(MACHINE, node["ID"]) if node else "(removed)"
