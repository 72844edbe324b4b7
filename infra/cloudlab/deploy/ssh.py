"""Reaches machines over OpenSSH: one connection each, which everything else shares."""

from __future__ import annotations

import shlex
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from courseware.errors import UserError

from cloudlab.hosts import Machine

CONNECT_TIMEOUT = 15  # seconds
ALIVE = 15  # seconds between signs of life; four missing ones end a connection
LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Ssh:
    """How machines are reached: `key` is the private key or None, `sockets` a short folder."""

    key: Path | None
    known_hosts: Path
    sockets: Path

    @property
    def options(self) -> list[str]:
        """OpenSSH's options. A machine's key is remembered at the first contact."""
        options = [
            "BatchMode=yes", f"ConnectTimeout={CONNECT_TIMEOUT}", f"ServerAliveInterval={ALIVE}",
            "ServerAliveCountMax=4", "StrictHostKeyChecking=accept-new", "ControlMaster=auto",
            f"ControlPath={self.sockets}/%C", "ControlPersist=120", "LogLevel=ERROR",
            f'UserKnownHostsFile="{self.known_hosts}" ~/.ssh/known_hosts',
        ]  # fmt: skip
        if self.key:
            options += [f"IdentityFile={self.key}", "IdentitiesOnly=yes"]
        return [word for option in options for word in ("-o", option)]

    def to(self, machine: Machine) -> list[str]:
        """The options and the target of one machine."""
        options = [*self.options, "-p", str(machine.port)]
        if machine.via:
            own = [option.replace("%", "%%") for option in self.options]  # for the jump to fill in
            jump = shlex.join(["ssh", *own, "-W", "%h:%p", machine.via])
            options += ["-o", f"ProxyCommand={jump}"]
        return [*options, f"{machine.user}@{machine.address}"]

    def command(self, machine: Machine, script: str, *, root: bool = True) -> list[str]:
        """The command that runs a shell script there, as root by sudo where need be."""
        if machine.address == LOCAL:
            return ["sh", "-c", script]
        become = "sudo -n " if root and machine.user != "root" else ""
        return ["ssh", *self.to(machine), f"{become}sh -c {shlex.quote(script)}"]

    def run(self, machine: Machine, script: str, *, root: bool = True) -> str:
        """What a shell script prints there. Raises UserError with the machine's own words."""
        done = self.attempt(machine, script, root=root)
        if done.returncode:
            said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
            raise UserError(f"{machine.name} ({machine.address}): {said}")
        return done.stdout

    def attempt(
        self, machine: Machine, script: str, *, root: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script there, whatever becomes of it."""
        command = self.command(machine, script, root=root)
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )

    def copy(
        self,
        machine: Machine,
        source: Path,
        target: str,
        *,
        group: str = "root",
        like: str = "",
        back: bool = False,
    ) -> int:
        """Make the folder `target` there the same as `source` here; the bytes that travelled.

        It is root's, and readable for `group`. What is the same in the folder `like` there doesn't
        travel. With `back` the other way round. Raises UserError.
        """
        far = target if machine.address == LOCAL else f"{machine.user}@{machine.address}:{target}"
        ends = [f"{far}/", f"{source}/"] if back else [f"{source}/", f"{far}/"]
        command = ["rsync", "--archive", "--delete", "--compress", "--stats"]
        if back:
            command += ["--no-owner", "--no-group"]
        else:
            command += [f"--chown=root:{group}", "--chmod=D750,F640", "--mkpath"]
            command += [f"--link-dest={like}"] if like else []
        if machine.address != LOCAL:
            *options, _ = self.to(machine)
            command += ["--rsh", shlex.join(["ssh", *options])]
            command += ["--rsync-path=sudo -n rsync"] if machine.user != "root" else []
        done = subprocess.run([*command, *ends], capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{machine.name}: copying {source} failed: {done.stderr.strip()}")
        sent = [line for line in done.stdout.splitlines() if line.startswith("Total bytes sent:")]
        return int(sent[0].rpartition(":")[2].replace(",", "").replace(".", "")) if sent else 0

    def know(self, machine: Machine) -> None:
        """Note the host keys that its provider tells, so that nobody else is taken for it."""
        lines = {f"{_in_known_hosts(machine)} {key}\n" for key in machine.host_keys}
        known = self.known_hosts.read_text() if self.known_hosts.exists() else ""
        self.known_hosts.write_text(known + "".join(sorted(lines - set(known.splitlines(True)))))

    def forget(self, machine: Machine) -> None:
        """Forget a machine's key: its address may be another machine's next time."""
        command = ["ssh-keygen", "-R", _in_known_hosts(machine), "-f", str(self.known_hosts)]
        subprocess.run(command, capture_output=True)

    def close(self, machine: Machine) -> None:
        """End the shared connection."""
        subprocess.run(["ssh", "-O", "exit", *self.to(machine)], capture_output=True)

    def _forward(self, machine: Machine, *how: str) -> None:
        self.run(machine, "true", root=False)  # there must be a connection to add it to
        command = ["ssh", *how, *self.to(machine)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{machine.name}: no tunnel: {done.stderr.strip()}")

    @contextmanager
    def lent(self, machine: Machine, port_there: int, port_here: int) -> Iterator[None]:
        """A port of this machine's loopback, reachable at one of that machine's."""
        if machine.address == LOCAL:
            yield
            return
        tunnel = ["-R", f"127.0.0.1:{port_there}:127.0.0.1:{port_here}"]
        self._forward(machine, "-O", "forward", *tunnel)
        try:
            yield
        finally:
            subprocess.run(["ssh", "-O", "cancel", *tunnel, *self.to(machine)], capture_output=True)

    @contextmanager
    def reached(self, machine: Machine, port_there: int) -> Iterator[int]:
        """A port of that machine's loopback; the port here at which it is reached."""
        if machine.address == LOCAL:
            yield port_there
            return
        here = free_port()
        tunnel = ["-L", f"127.0.0.1:{here}:127.0.0.1:{port_there}"]
        self._forward(machine, "-O", "forward", *tunnel)
        try:
            yield here
        finally:
            subprocess.run(["ssh", "-O", "cancel", *tunnel, *self.to(machine)], capture_output=True)


@contextmanager
def connections(key: Path | None, known_hosts: Path) -> Iterator[Ssh]:
    """Ways to machines, closed at the end. A socket's path has at most 107 bytes: a short one."""
    known_hosts.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="syl-", dir="/tmp") as folder:
        ssh = Ssh(key, known_hosts, Path(folder))
        try:
            yield ssh
        finally:
            for control in Path(folder).iterdir():
                subprocess.run(
                    ["ssh", "-O", "exit", "-o", f"ControlPath={control}", "x"], capture_output=True
                )


def _in_known_hosts(machine: Machine) -> str:
    return machine.address if machine.port == 22 else f"[{machine.address}]:{machine.port}"


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
