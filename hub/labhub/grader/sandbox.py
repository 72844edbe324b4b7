"""Containers in which participants' code is run to be graded: each one is used once."""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from courseware.hub_settings import HubSettings
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount

from ..confinement import host_config, threads

LABEL = "syllab.grader"  # its value is the instance's name
NOBODY = "65534:65534"
START_TIMEOUT = 60  # seconds
LOOK_EVERY = 1.0  # seconds between looks whether a starting container has ended instead
FOLDER, SOCKET = "/run/grader", "lab"


class NotStarted(Exception):
    """A container could not be started; says why, for the log."""


@dataclass(frozen=True)
class Sandbox:
    """A container that waits for a participant's cells at the other end of `connection`."""

    container: Container
    connection: socket.socket

    def alive(self) -> bool:
        """Whether it still waits. It says nothing unasked, so what can be read is its end."""
        try:
            self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def freeze(self) -> None:
        """Let nothing in it run any more; that takes a quarter of the time of its removal."""
        self.connection.close()
        with suppress(APIError):  # it ended by itself
            self.container.pause()

    def remove(self) -> None:
        """End all that runs in it, and the container with it."""
        self.connection.close()
        with suppress(NotFound):
            self.container.remove(force=True, v=True)


class Sandboxes:
    """Starts sandboxes of one instance. Its methods wait for the engine: call them in threads."""

    def __init__(self, settings: HubSettings, folder: Path) -> None:
        """`folder`, for sockets, is emptied: no other program may use it."""
        self.settings = settings
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._folder = folder
        # A socket's path has at most 107 bytes, a folder's more.
        self._short = f"/proc/self/fd/{os.open(folder, os.O_PATH)}"
        self._started = 0
        self.client = docker.from_env()

    def reap(self) -> int:
        """Remove what was left behind by a grader that was killed; how many."""
        left = {"label": f"{LABEL}={self.settings.instance}"}
        found = self.client.containers.list(all=True, filters=left, ignore_removed=True)
        for container in found:
            with suppress(NotFound):
                container.remove(force=True, v=True)
        return len(found)

    def start(self) -> Sandbox:
        """A sandbox that is ready. Raises NotStarted."""
        self._started += 1
        name = str(self._started)
        (self._folder / name).mkdir(mode=0o755)
        container = None
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(f"{self._short}/{name}/{SOCKET}")
                (self._folder / name / SOCKET).chmod(0o666)  # it is in a folder of ours
                listener.listen(1)
                container = self._create(self._folder / name)
                container.start()
                return Sandbox(container, _accept(listener, container))
        except (DockerException, OSError, NotStarted) as error:
            if container is not None:
                with suppress(DockerException):
                    container.remove(force=True, v=True)
            raise NotStarted(str(error)) from error
        finally:
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _create(self, folder: Path) -> Container:
        lab = self.settings.lab
        host = host_config(lab.memory_bytes, lab.pids) | {
            # Its first process needs no help: at its end everything ends.
            "init": False,
            "log_config": LogConfig(type="none"),
            "mem_limit": lab.memory_bytes,
            "cpu_period": 100_000,
            "cpu_quota": int(lab.cpus * 100_000),
            "network_mode": "none",
            "ipc_mode": "none",
            "mounts": [Mount(FOLDER, str(folder), type="bind", read_only=True)],
        }
        return self.client.containers.create(
            self.settings.image,
            ["python", "-m", "courseware.lab.answer", f"{FOLDER}/{SOCKET}"],
            environment={"HOME": "/tmp", "MPLBACKEND": "Agg"} | threads(lab.cpus),  # noqa: S108
            hostname="lab",
            labels={LABEL: self.settings.instance},
            user=NOBODY,
            working_dir="/tmp",  # noqa: S108 - the container's own
            **host,
        )


def _accept(listener: socket.socket, container: Container) -> socket.socket:
    """The connection that the container makes when it is ready. Raises NotStarted."""
    listener.settimeout(LOOK_EVERY)
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until:
        try:
            return listener.accept()[0]
        except TimeoutError:
            container.reload()
            if container.status not in ("created", "running"):
                raise NotStarted(
                    f"ended right after its start, {container.attrs['State']}"
                ) from None
    raise NotStarted(f"not ready within {START_TIMEOUT} s")
