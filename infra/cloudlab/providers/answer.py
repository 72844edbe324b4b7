"""New servers: waiting until they answer to SSH, and learning their host keys."""

from __future__ import annotations

import re
import select
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE

from courseware.errors import UserError

from cloudlab.hosts import Machine
from cloudlab.providers import Doing
from cloudlab.providers.cloud import PATIENCE, PUBLIC_KEY

_GREETING = b"SSH-"  # how a server begins (RFC 4253)
_TIMEOUT = 5  # seconds for a connection
_STEP = 1  # seconds between two looks
_KEYS = re.compile(r"BEGIN SSH HOST KEY KEYS-+(.*?)-+END SSH HOST KEY KEYS", re.DOTALL)


def answering(
    machines: list[Machine], key: Path | None, console: Callable[[str], str], doing: Doing
) -> list[Machine]:
    """The machines with their SSH host keys, once SSH answers at each. Raises UserError.

    `console` tells what the console of the machine of this name shows.
    """
    until = time.monotonic() + PATIENCE
    for machine in machines:
        doing(f"waiting for SSH at {machine.name}, {machine.address}")
        while not ssh_answers(machine, key):
            if time.monotonic() > until:
                raise UserError(
                    f"{machine.name}: SSH doesn't answer at {machine.address} -> does the image "
                    "start an SSH server, is 'user' its login, and does a firewall let you reach "
                    "port 22?"
                )
            time.sleep(_STEP)
    return [
        machine.model_copy(update={"host_keys": host_keys(partial(console, machine.name))})
        for machine in machines
    ]


def host_keys(console: Callable[[], str], patience: float = 60) -> list[str]:
    """A new server's public SSH host keys, which cloud-init prints to the console.

    `console` tells what is there so far. SSH answers some seconds before cloud-init prints them,
    so they are waited for, at most `patience` seconds; a console without cloud-init, or on which
    it has finished, has none. (cloud-init's documentation, "Keys to Console".)
    """
    until = time.monotonic() + patience
    while True:
        text = console()
        if blocks := _KEYS.findall(text):
            return PUBLIC_KEY.findall(blocks[-1])
        if "Cloud-init v" not in text or " finished at " in text or time.monotonic() > until:
            return []
        time.sleep(_STEP)


def ssh_answers(machine: Machine, key: Path | None) -> bool:
    """True when an SSH server answers at the machine's address, through `via` if it has that."""
    if machine.via is not None:
        return _answers_behind(machine, machine.via, key)
    try:
        with socket.create_connection((machine.address, machine.port), _TIMEOUT) as connection:
            return connection.recv(len(_GREETING)) == _GREETING
    except OSError:
        return False


def _answers_behind(machine: Machine, via: str, key: Path | None) -> bool:
    # Only a greeting is read: whether the host keys are right, those find out who log in later.
    options = [
        "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
        f"ConnectTimeout={_TIMEOUT}",
    ]  # fmt: skip
    command = ["ssh", *(f"-o{each}" for each in options), *(["-i", str(key)] if key else [])]
    command += ["-W", f"{machine.address}:{machine.port}", via]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        ready, _, _ = select.select([process.stdout], [], [], 2 * _TIMEOUT)
        greeting = process.stdout.read(len(_GREETING)) if ready else b""
        process.kill()
    return greeting == _GREETING
