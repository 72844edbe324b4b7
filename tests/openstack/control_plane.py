"""A real OpenStack for tests: its own services in a container, its servers test machines.

There are no volumes (cinder), and security groups are kept but not enforced: no packet passes
through Neutron. All else is as a cloud answers it.

    with ControlPlane() as cloud:
        openstack.connect(cloud="courses")  # or "admin"; with OS_CLIENT_CONFIG_FILE=cloud.config
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import docker
import openstack
import yaml
from cloudlab import engine
from cloudlab.build_secrets import build_secrets
from cloudlab.digest import inputs_sha256
from cloudlab.images import Builder
from cloudlab.workspace import REPOSITORY, Workspace
from deploy import machines

RECIPE = Path(__file__).parent / "image"
NAME = "syllab-testcloud"  # of the container; its machines and networks begin with it
LABEL = f"syllab.testcloud={NAME}"
# Beside the addresses that courses get by default. The image knows them, too.
NETWORK, ADDRESS = "10.76.0.0/24", "10.76.0.2"
PORTS = (5000, 8774, 8778, 9292, 9696)  # keystone, nova, placement, glance, neutron
START_TIMEOUT = 300  # seconds; on two idle cores it takes about 20


class ControlPlane:
    """The cloud, for as long as the block lasts. There is one at a time on a machine.

    What a killed run has left is removed by the next one.
    """

    def __enter__(self) -> ControlPlane:
        self.image, machine = image(), machines.image()
        self.folder = Path(tempfile.gettempdir(), NAME)
        self._lock = os.open(self.folder.with_suffix(".lock"), os.O_CREAT | os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        try:
            self.config.write_text(yaml.safe_dump({"clouds": _clouds()}))
            self._start(machine)
            self._await()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, machine: str) -> None:
        _docker("network", "create", "--label", LABEL, "--subnet", NETWORK, NAME)
        common = ("--label", LABEL, "--network")
        # What the driver makes machines like; it never starts.
        template = (f"--name={NAME}-template", *common, "none", *machines.RIGHTS, machine)
        _docker("create", *template)
        engines = "--volume=/var/run/docker.sock:/var/run/docker.sock"
        where = (NAME, "--ip", ADDRESS, "--env", f"TESTCLOUD={NAME}", engines)
        _docker("run", "--detach", f"--name={NAME}", *common, *where, self.image)

    def __exit__(self, *_: object) -> None:
        _remove()
        shutil.rmtree(self.folder)
        os.close(self._lock)

    @property
    def config(self) -> Path:
        """The clouds.yaml with the clouds `courses`, an ordinary project, and `admin`."""
        return self.folder / "clouds.yaml"

    @cache  # noqa: B019 - each finds out anew what the cloud has, in seconds
    def connect(self, cloud: str) -> Any:
        """The SDK's connection to a cloud of `config`."""
        config = openstack.config.OpenStackConfig(config_files=[str(self.config)])
        return openstack.connection.Connection(config=config.get_one(cloud))

    def log(self) -> str:
        """The last lines that its services wrote."""
        return _docker("logs", "--tail=60", NAME)

    def _await(self) -> None:
        """Wait until the services listen, which each does when it is ready."""
        deadline = time.monotonic() + START_TIMEOUT
        for port in PORTS:
            while not _listens(port):
                running = _docker("inspect", "--format={{.State.Running}}", NAME).strip()
                assert running == "true", f"the cloud ended:\n{self.log()}"
                assert time.monotonic() < deadline, f"no cloud yet:\n{self.log()}"
                time.sleep(0.2)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((ADDRESS, port)) == 0


def _clouds() -> dict[str, Any]:
    common = {"user_domain_name": "Default", "project_domain_name": "Default"}
    return {
        project: {
            "auth": {
                "auth_url": f"http://{ADDRESS}:5000/v3",
                "username": user,
                "password": user,
                "project_name": project,
                **common,
            },
            "region_name": "RegionOne",
        }
        for project, user in {"courses": "organiser", "admin": "admin"}.items()
    }


def image() -> str:
    """The tag of the control plane's image, named by what it is made of, built if it isn't there.

    The build takes about three minutes of processor time.
    """
    workspace = Workspace(course=REPOSITORY, var=REPOSITORY / "var")
    client = engine.ensure(workspace)
    base = Builder(workspace, client).base()
    apt_install = REPOSITORY / "images" / "lab" / "bin" / "apt-install"
    digest = inputs_sha256([RECIPE, apt_install], client.images.get(base).id)
    tag = f"syllab/testcloud:{digest[:12]}"
    try:
        client.images.get(tag)
    except docker.errors.ImageNotFound:
        command = [engine.build_client(), "build", "--tag", tag, f"--build-arg=BASE={base}"]
        with build_secrets() as secrets:
            done = subprocess.run(
                [*command, "--file", RECIPE / "Dockerfile", *secrets, REPOSITORY],
                env=os.environ | {"DOCKER_BUILDKIT": "1"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        assert done.returncode == 0, done.stdout[-5000:]
    return tag


def _remove() -> None:
    """Remove the cloud, its machines with their disks, and its networks."""
    chosen = f"--filter=label={LABEL}"
    # The control plane first: it would go on making things.
    for name in (NAME, *_docker("ps", "--all", "--quiet", chosen).split()):
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True)
    if networks := _docker("network", "ls", "--quiet", chosen).split():
        _docker("network", "rm", *networks)


def _docker(*command: str) -> str:
    done = subprocess.run(
        ["docker", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"docker {' '.join(command)}\n{done.stdout}"
    return done.stdout
