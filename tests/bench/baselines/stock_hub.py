"""Stock JupyterHub with stock DockerSpawner, beside a running course and with the same labs."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import docker
import psutil
from cloudlab.workspace import environment
from running_course import RunningCourse, free_ports

from bench.brought_up import ORGANISER
from bench.place import Place

PREFIX = "syllab-bench-stock"
LABS = {"name": f"^/?{PREFIX}-"}
CONFIG = Path(__file__).with_name("stock_config.py")
START_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 60  # seconds: it stops the labs that are left
PACKAGES = ("jupyterhub", "dockerspawner")


def versions() -> str:
    """What it is, as installed for our own hub."""
    code = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]))"
    command: list[str | Path] = [environment("hub") / "bin" / "python", "-c", code, *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    hub, spawner = done.stdout.split()
    return f"stock JupyterHub {hub} with DockerSpawner {spawner}, same image and limits"


@contextmanager
def running(course: RunningCourse, names: list[str]) -> Iterator[Place]:
    """Such a hub for these participants, with the image and the limits of the course's labs."""
    client = docker.from_env()
    _remove_all(client)  # what an interrupted run may have left
    network = client.networks.create(PREFIX, driver="bridge")
    try:
        network.reload()
        with tempfile.TemporaryDirectory() as folder:
            given = _given(course, names, network.attrs["IPAM"]["Config"][0]["Gateway"])
            with _hub(Path(folder), given) as hub:
                yield _place(given, hub)
    finally:
        _remove_all(client)


def _given(course: RunningCourse, names: list[str], gateway: str) -> dict[str, Any]:
    settings = course.settings
    return {
        "port": free_ports(), "gateway": gateway, "prefix": PREFIX,
        "image": settings["image"],
        "memory": settings["lab"]["memory_bytes"], "cpus": settings["lab"]["cpus"],
        "names": names, "passphrase": secrets.token_urlsafe(),
        "admin": ORGANISER, "admin_passphrase": secrets.token_urlsafe(),
    }  # fmt: skip


def _place(given: dict[str, Any], hub: psutil.Process) -> Place:
    return Place(
        f"http://127.0.0.1:{given['port']}",
        dict.fromkeys(given["names"], given["passphrase"]),
        (given["admin"], given["admin_passphrase"]),
        hub,
        LABS,
    )


@contextmanager
def _hub(folder: Path, given: dict[str, Any]) -> Iterator[psutil.Process]:
    file, log = folder / "stock.json", folder / "hub.log"
    file.touch(mode=0o600)
    file.write_text(json.dumps(given))
    command: list[str | Path] = [
        environment("hub") / "bin" / "python",
        "-m",
        "jupyterhub",
        "--config",
        CONFIG,
    ]
    env = os.environ | {"BENCH_STOCK_JSON": str(file)}
    with log.open("w") as out:
        hub = psutil.Popen(command, cwd=folder, stdout=out, stderr=out, env=env)
    try:
        _await(f"http://127.0.0.1:{given['port']}/hub/health", hub, log)
        yield hub
    finally:
        _end(hub)


def _end(hub: psutil.Popen) -> None:
    if hub.poll() is None:
        started = hub.children(recursive=True)
        hub.terminate()
        _, alive = psutil.wait_procs([hub, *started], timeout=STOP_TIMEOUT)
        for each in alive:
            each.kill()


def _await(address: str, hub: psutil.Popen, log: Path) -> None:
    opener = build_opener(ProxyHandler({}))  # no proxy between this machine and itself
    deadline = time.monotonic() + START_TIMEOUT
    while hub.poll() is None and time.monotonic() < deadline:
        try:
            opener.open(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"stock JupyterHub did not start:\n{log.read_text()[-2000:]}")


def _remove_all(client: docker.DockerClient) -> None:
    for lab in client.containers.list(all=True, filters=LABS, ignore_removed=True):
        lab.remove(force=True)
    for home in client.volumes.list(filters={"name": f"{PREFIX}-"}):
        home.remove(force=True)
    for network in client.networks.list(names=[PREFIX]):
        network.remove()
