"""A course on machines elsewhere: everything its commands have in common."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from courseware.course import Course
from courseware.errors import UserError

from cloudlab import hosts as hosts_file
from cloudlab import providers, system
from cloudlab.deploy import lock, settings
from cloudlab.deploy.ansible import Play, play
from cloudlab.deploy.ssh import Ssh, connections
from cloudlab.hosts import Hosts, Machine
from cloudlab.progress import Step, step
from cloudlab.providers import Owner, Provider
from cloudlab.system import apt_install
from cloudlab.workspace import Workspace

PROGRAMS = {"ssh": "openssh-client", "rsync": "rsync", "docker-registry": "docker-registry"}
RESTIC_VARIABLES = ("AWS_", "RESTIC_REST_", "B2_", "AZURE_", "GOOGLE_", "OS_")


@dataclass
class Deployment:
    """A course, the machines that hosts.yml names, and the ways to reach them."""

    course: Course
    workspace: Workspace
    hosts: Hosts
    ssh: Ssh
    provider: Provider
    machines: list[Machine] = field(default_factory=list)
    ours: dict[str, Any] = field(default_factory=dict)
    """Variables of the playbooks that are known by now."""

    @property
    def instance(self) -> str:
        """Starts the name of everything on the machines."""
        return settings.instance(self.course)

    @property
    def root(self) -> str:
        """The course's folder on a machine."""
        return settings.root(self.instance)

    @property
    def manager(self) -> Machine:
        """The machine with the hub."""
        return next(machine for machine in self.machines if machine.role == "manager")

    @property
    def address(self) -> str:
        """Where the course is, for browsers."""
        return f"https://{self.hosts.domain or self.manager.address}"

    @property
    def homes(self) -> str | None:
        """Where homes are if workers have the labs, else None."""
        return self.hosts.homes if len(self.machines) > 1 else None

    @property
    def folder(self) -> Path:
        """What is kept here about these machines (mode 700)."""
        return self.workspace.deploy

    @property
    def backups(self) -> Path:
        """Backups that were fetched when machines were destroyed."""
        return self.folder / "backups"

    def make_machines(self) -> None:
        """Have the provider make what is missing. Raises UserError."""
        with step(f"Machines ({self.hosts.provider})") as current:
            self.provider.plan()
            self.machines = self.provider.create(current.doing)
            for machine in self.machines:
                self.ssh.know(machine)
            current.outcome = ", ".join(f"{m.name} {m.address}" for m in self.machines)

    def find_machines(self) -> None:
        """The machines that are there. Raises UserError if there are none."""
        missing = [thing for thing in self.provider.plan() if not thing.id]
        if missing:
            names = ", ".join(f"{thing.kind} {thing.name}" for thing in missing)
            raise UserError(f"Not there: {names} -> run make deploy first")
        self.machines = self.provider.create(lambda _: None)

    def play(self, name: str, current: Step, **variables: Any) -> Play:
        """Run a playbook on the machines. Raises UserError."""
        system.private_folder(self.workspace.log)
        return play(
            name, self.machines, self.variables() | variables,
            ssh=self.ssh, log=self.workspace.log / "deploy.log", current=current,
        )  # fmt: skip

    def variables(self) -> dict[str, Any]:
        """What every playbook is told."""
        manager = str(self.manager.private or self.manager.address)
        return {
            "syllab_instance": self.instance,
            "syllab_root": self.root,
            "syllab_manager_address": manager,
            "syllab_peers": [str(m.private or m.address) for m in self.machines]
            if len(self.machines) > 1
            else [],
            "syllab_swarm": len(self.machines) > 1,
            "syllab_backup_password_file": str(self.backup_password()),
            "syllab_backup_environment": {
                name: value
                for name, value in os.environ.items()
                if name.startswith(RESTIC_VARIABLES) and ":" in self.hosts.backup.repository
            },
            **settings.of_hosts(self.hosts, self.manager.address),
            **self.ours,
        }

    def backup_password(self) -> Path:
        """The file with the backups' password: the machine's, if it has one, else a new one."""
        path = self.folder / "backup-password"
        if not path.exists():
            kept = self.ssh.attempt(self.manager, f"cat {self.root}/backup/password").stdout.strip()
            path.touch(mode=0o600)
            path.write_text((kept or secrets.token_urlsafe(32)) + "\n")
        return path

    def read(self, path: str) -> str:
        """A file of the manager's; empty if it isn't there."""
        return self.ssh.attempt(self.manager, f"cat {path}").stdout

    def running(self) -> dict[str, Any]:
        """hub.json of the live hub; empty before the first deployment."""
        return json.loads(self.read(f"{self.root}/live/hub.json") or "{}")

    def users(self) -> dict[str, dict[str, str]]:
        """The accounts on the manager, by username."""
        text = self.read(f"{self.root}/live/users.json")
        return json.loads(text) if text else {}


@contextmanager
def opened(course: Course, workspace: Workspace, path: Path) -> Iterator[Deployment]:
    """The deployment that hosts.yml describes, for one command at a time. Raises UserError."""
    hosts = hosts_file.load(path)
    system.private_folder(workspace.deploy)
    _install_programs(workspace)
    known = workspace.deploy / "known_hosts"
    with lock.here(workspace), connections(hosts.key, known) as ssh:
        owner = Owner(settings.instance(course), "")
        yield Deployment(course, workspace, hosts, ssh, providers.provider(hosts, owner))


def _install_programs(workspace: Workspace) -> None:
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if missing:
        with step("Programs for machines elsewhere") as current:
            apt_install(missing, log=workspace.log / "apt-deploy.log", current=current)
            current.outcome = "installed"
