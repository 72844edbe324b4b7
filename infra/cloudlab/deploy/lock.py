"""One deployment at a time: of this copy of Syllab, and of everybody's at the machines."""

from __future__ import annotations

import getpass
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from courseware.errors import UserError
from filelock import FileLock, Timeout

from cloudlab.deploy.ssh import Ssh
from cloudlab.hosts import Machine
from cloudlab.workspace import Workspace

# Held as long as its input stays open; a connection that breaks gives it back.
HOLD = """umask 077; mkdir -p /run/lock
exec 9>>/run/lock/syllab-{instance}.lock
if flock -n 9; then printf %s {who} >/run/lock/syllab-{instance}.by; echo held; cat >/dev/null
else printf 'taken by %s\\n' "$(cat /run/lock/syllab-{instance}.by)"; fi"""


@contextmanager
def here(workspace: Workspace) -> Iterator[None]:
    """Raises UserError if another command of this copy is changing machines."""
    workspace.deploy.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(workspace.deploy / "lock", blocking=False):
            yield
    except Timeout:
        raise UserError(
            "Another command of this copy of Syllab is working on the machines -> wait for it"
        ) from None


@contextmanager
def there(ssh: Ssh, manager: Machine, instance: str) -> Iterator[None]:
    """Raises UserError, with who it is, if somebody else is deploying this course."""
    who = f"{getpass.getuser()} at {socket.gethostname()} since {time.strftime('%H:%M %Z')}"
    script = HOLD.format(instance=instance, who=shlex.quote(who))
    command = ssh.command(manager, script)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None  # noqa: S101 - PIPE was asked for
        assert holder.stdout is not None  # noqa: S101
        assert holder.stderr is not None  # noqa: S101
        said = holder.stdout.readline().strip()
        try:
            if said.startswith("taken"):
                raise UserError(f"{manager.name}: {said} -> wait until that deployment is done")
            if said != "held":
                raise UserError(f"{manager.name}: no lock: {holder.stderr.read().strip()}")
            yield
        finally:
            holder.stdin.close()
