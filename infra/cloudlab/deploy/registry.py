"""Debian's docker-registry on this machine's loopback: machines get only layers they lack."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from courseware.errors import UserError

from cloudlab.deploy.ssh import free_port
from cloudlab.progress import Step, run
from cloudlab.system import private_folder
from cloudlab.workspace import Workspace

START_TIMEOUT = 30  # seconds
CONFIG = """version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def serving(workspace: Workspace, tags: list[str], current: Step) -> Iterator[int]:
    """Serve these images of the local engine; the port on the loopback. Raises UserError."""
    folder = workspace.deploy / "registry"
    private_folder(folder)
    port = free_port()
    config = workspace.deploy / "registry.yml"
    config.write_text(CONFIG.format(folder=folder, port=port))
    log = workspace.log / "registry.log"
    with log.open("w") as file:
        command = ["docker-registry", "serve", str(config)]
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        _await(port, process, log)
        for tag in tags:
            _push(tag, port, workspace.log / "push.log", current)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    session = requests.Session()
    session.trust_env = False  # it is this machine's own
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            session.get(f"http://127.0.0.1:{port}/v2/", timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise UserError(f"The registry of images didn't start -> see {log}")


def _push(tag: str, port: int, log: Path, current: Step) -> None:
    there = f"127.0.0.1:{port}/{tag}"
    subprocess.run(["docker", "tag", tag, there], check=True)
    try:
        remedy = "is there disk left? docker system df shows what images take"
        run(["docker", "push", there], log=log, current=current, remedy=remedy)
    finally:
        subprocess.run(["docker", "rmi", "--no-prune", there], capture_output=True)
