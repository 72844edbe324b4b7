"""The container engine: Debian's Docker, installed and started when nothing answers."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import docker
import requests
from courseware.errors import UserError

from cloudlab import daemon
from cloudlab.progress import step
from cloudlab.system import apt_install, has_systemd
from cloudlab.workspace import Workspace

START_TIMEOUT = 60  # seconds


def connect() -> docker.DockerClient | None:
    """A client of the engine that the environment names (DOCKER_HOST), None if none answers."""
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except (docker.errors.DockerException, requests.exceptions.RequestException):
        return None
    return client


def ensure(workspace: Workspace) -> docker.DockerClient:
    """A client of a running engine, which is installed and started first where need be.

    Raises UserError when the engine can't be installed or doesn't start.
    """
    with step("Container engine") as current:
        client = connect()
        if client is None and shutil.which("dockerd") is None:
            current.doing("installing Debian's docker.io")
            apt_install(["docker.io"], log=workspace.log / "apt-engine.log", current=current)
            client = connect()  # with systemd the package starts it
        if client is None:
            current.doing("starting")
            _start(workspace)
            client = _await_engine(workspace)
        current.outcome = f"Docker {client.version()['Version']}"
        return client


def stop_if_ours(workspace: Workspace) -> bool:
    """Stop the engine if `ensure` started it by hand; True if it did."""
    return daemon.stop(workspace.engine_note)


def _start(workspace: Workspace) -> None:
    if has_systemd():
        subprocess.run(["systemctl", "start", "docker"], check=False, capture_output=True)
        return
    # Without systemd Debian's init script would do, but it insists on raising limits, which
    # containers may not.
    log = workspace.log / "dockerd.log"
    daemon.start(["dockerd"], note=workspace.engine_note, log=log, env={})


def _await_engine(workspace: Workspace) -> docker.DockerClient:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        client = connect()
        if client is not None:
            return client
        time.sleep(0.2)
    where = "journalctl -u docker" if has_systemd() else workspace.log / "dockerd.log"
    raise UserError(f"The container engine did not start within {START_TIMEOUT} s -> see {where}")


def build_client() -> str:
    """The docker command that builds with BuildKit, which the recipes' secrets need.

    Raises UserError when there is none.
    """
    for candidate in filter(None, [shutil.which("docker"), "/usr/bin/docker"]):
        if not Path(candidate).exists():
            continue
        version = subprocess.run([candidate, "--version"], capture_output=True, text=True)
        words = version.stdout.split()
        major = int(words[2].split(".")[0]) if len(words) > 2 else 0
        buildx = subprocess.run([candidate, "buildx", "version"], capture_output=True)
        if buildx.returncode == 0 or 18 < major < 23:  # BuildKit left the client with 23
            return candidate
    raise UserError(
        "No docker client with BuildKit -> apt-get install docker.io (or docker-buildx)"
    )
