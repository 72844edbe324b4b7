"""Machines for tests: containers that boot systemd, answer to SSH and have an engine of their own.

They need no virtualisation. What they can't show: kernels of their own, and real disks.

    with Machines() as machines:
        manager = machines.start("manager", domains=["course.test"])
        assert manager.run("systemctl is-active docker") == "active"
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from deploy.leftovers import LABEL, docker, locked, remove, sweep
from deploy.machine_image import image

START_TIMEOUT = 60  # seconds; a machine takes about two
# What systemd and an engine of its own need; like --privileged, for hosts that can't grant that.
RIGHTS = (
    "--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined", "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm", "--cgroupns=private",
    "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp",
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """One machine. `key` is the private SSH key for root and for admin, who has sudo."""

    name: str
    address: str
    key: Path
    container: str
    """Its container's name."""

    @property
    def known_hosts(self) -> Path:
        """The host keys of all machines made together."""
        return self.key.with_name("known_hosts")

    @property
    def ssh_options(self) -> list[str]:
        """Options of ssh, scp and rsync's -e, which share one connection."""
        settings = {
            "IdentitiesOnly": "yes", "UserKnownHostsFile": self.known_hosts, "ConnectTimeout": 5,
            "ControlMaster": "auto", "ControlPersist": 60,
            "ControlPath": f"{self.key.parent}/%r@%h",
        }  # fmt: skip
        return ["-F", "none", "-i", str(self.key), *(f"-o{k}={v}" for k, v in settings.items())]

    def ssh(
        self, command: str, *, user: str = "root", feed: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command there, `feed` as its input; whatever its exit code."""
        return subprocess.run(
            ["ssh", *self.ssh_options, f"{user}@{self.address}", command],
            input=feed or "", capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def run(self, command: str, *, feed: str | None = None) -> str:
        """Run a shell command there as root; its output, stripped. It must succeed."""
        done = self.ssh(command, feed=feed)
        said = f"{self.name}: {command}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file there, with its folder."""
        self.run(f"mkdir -p $(dirname {path}) && cat >{path}", feed=text)

    def kill(self) -> None:
        """Cut its power. Its disks stay for `boot`."""
        self._disconnect()
        docker("kill", self.container)

    def boot(self) -> None:
        """Switch it on again, and wait for it."""
        docker("start", self.container)
        self._await()

    def reboot(self) -> None:
        """Shut it down in good order and boot it."""
        self._disconnect()
        docker("restart", "--time=60", self.container)
        self._await()

    def pause(self) -> None:
        """Let it hang: it doesn't answer any more, and connections stay open."""
        docker("pause", self.container)

    def unpause(self) -> None:
        """Let it go on."""
        docker("unpause", self.container)

    def _disconnect(self) -> None:
        for user in ("root", "admin"):
            command = ["ssh", *self.ssh_options, "-Oexit", f"{user}@{self.address}"]
            subprocess.run(command, capture_output=True)

    def _await(self) -> None:
        """Wait until SSH answers and everything that starts at boot is there."""
        deadline = time.monotonic() + START_TIMEOUT
        while (done := self.ssh("systemctl is-system-running --wait")).returncode == 255:
            assert time.monotonic() < deadline, f"{self.name} doesn't answer:\n{done.stderr}"
            time.sleep(0.1)
        assert done.stdout == "running\n", done.stdout + self.run(
            "systemctl --failed; journalctl -b"
        )


class Machines:
    """Machines on one network of their own, removed when the block ends.

    Those of a run that was killed are removed by the next one.
    """

    def __enter__(self) -> Machines:
        self.image = image()
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix="syllab-machines-"))
        self._lock = locked(self.folder)
        self._made: dict[str, Machine] = {}
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.key]
        subprocess.run(command, check=True)
        self.network, self._addresses = self._create_network()
        return self

    def __exit__(self, *_: object) -> None:
        for machine in self._made.values():
            machine._disconnect()
        remove(str(self.folder))
        shutil.rmtree(self.folder)
        os.close(self._lock)

    @property
    def key(self) -> Path:
        """The private SSH key that all of them let in."""
        return self.folder / "key"

    def start(
        self,
        name: str,
        *,
        memory: str | None = None,
        disk: str | None = None,
        domains: Sequence[str] = (),
    ) -> Machine:
        """Boot a machine and wait until it is all there.

        `memory` as "2g". `disk` as "300m" gives it a small disk for /var/lib/docker, for tests
        that fill it; that one is in memory and lost when the machine goes down. The others find
        the machine by its name and by `domains`.
        """
        container = f"{self.network}-{name}"
        address = f"{self._addresses}.{10 + len(self._made)}"
        volume = f"--volume={container}:/var/lib/docker"
        options = [
            f"--name={container}", f"--hostname={name}", f"--label={LABEL}={self.folder}",
            f"--network={self.network}", f"--ip={address}", *RIGHTS,
            *(f"--network-alias={alias}" for alias in (name, *domains)),
            f"--tmpfs=/var/lib/docker:exec,size={disk}" if disk else volume,
        ]  # fmt: skip
        if memory:
            options += [f"--memory={memory}", f"--memory-swap={memory}"]
        if not disk:
            docker("volume", "create", f"--label={LABEL}={self.folder}", container)
        docker("create", *options, self.image)
        machine = Machine(name, address, self.key, container)
        self._made[name] = machine
        docker("start", container)
        self._introduce(machine)
        machine._await()
        return machine

    def _introduce(self, machine: Machine) -> None:
        """Let our key in, and note the host's, which it makes when it boots."""
        public = self.key.with_suffix(".pub").read_text()
        host_key = "/etc/ssh/ssh_host_ed25519_key.pub"
        script = (
            "for home in /root /home/admin; do install -d -m 700 $home/.ssh;"
            f"echo '{public.strip()}' >$home/.ssh/authorized_keys; done;"
            "chown -R admin: /home/admin/.ssh;"
            f"until [ -s {host_key} ]; do sleep 0.05; done; cat {host_key}"
        )
        kind, key = docker("exec", machine.container, "sh", "-ec", script).split()[:2]
        with machine.known_hosts.open("a") as file:
            file.write(f"{machine.address} {kind} {key}\n")

    def inventory(self, **groups: Sequence[Machine]) -> Path:
        """Write an Ansible inventory of these groups of machines; its path."""
        hosts = {m.name: self._reached(m) for members in groups.values() for m in members}
        children = {group: {"hosts": {m.name: None for m in ms}} for group, ms in groups.items()}
        path = self.folder / "inventory.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": children}}))
        return path

    def _reached(self, machine: Machine) -> dict[str, str]:
        return {
            "ansible_host": machine.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(machine.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={machine.known_hosts}",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def _create_network(self) -> tuple[str, str]:
        """A network whose machines keep their addresses; its name and their first three bytes.

        Its addresses are private ones, as in a cloud, that an engine doesn't use by itself.
        """
        name = f"syllab-{self.folder.name[-8:].replace('_', '-')}"
        for number in range(256):
            first = f"10.213.{number}"
            label = f"--label={LABEL}={self.folder}"
            command = ["docker", "network", "create", label, f"--subnet={first}.0/24", name]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                return name, first
            if "overlaps" not in done.stderr:
                raise RuntimeError(done.stderr)
        raise RuntimeError("no free network among 10.213.*.0/24")
