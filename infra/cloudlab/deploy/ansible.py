"""Runs a playbook through ansible-runner, shows what it does, and tells what failed."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
from courseware.errors import UserError

from cloudlab.deploy.ssh import LOCAL, Ssh
from cloudlab.hosts import Machine
from cloudlab.progress import Step
from cloudlab.workspace import REPOSITORY

PLAYBOOKS = REPOSITORY / "infra" / "ansible"
LONGEST = 2000  # characters of what a failed task said
SLOW = 1.0  # seconds from which on a task is worth telling


@dataclass
class Play:
    """What came of a playbook: how many tasks changed something, and what took long."""

    changed: int = 0
    tasks: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        slow = {task: s for task, s in self.seconds.items() if s >= SLOW}
        longest = sorted(slow, key=lambda task: -slow[task])[:3]
        told = "".join(f"; {task} {slow[task]:.0f} s" for task in longest)
        return f"{self.tasks} tasks, {self.changed} changed{told}"


def play(
    name: str,
    machines: list[Machine],
    variables: dict[str, Any],
    *,
    ssh: Ssh,
    log: Path,
    current: Step,
) -> Play:
    """Run infra/ansible/<name>.yml on the machines; each task goes into `log` with its time.

    Raises UserError with what the machines said.
    """
    play = Play()
    with log.open("a", encoding="utf-8") as file, _private_folder() as folder:
        file.write(f"{_now()} {name}.yml\n")

        def note(event: dict[str, Any]) -> bool:
            line = _noted(play, event, current)
            if line:
                file.write(f"{_now()} {line}\n")
                file.flush()
            return False  # nothing is kept on disk

        done = ansible_runner.run(
            private_data_dir=folder,
            playbook=str(PLAYBOOKS / f"{name}.yml"),
            inventory=_inventory(machines, ssh),
            extravars=variables,
            envvars=_environment(),
            event_handler=note,
            quiet=True,
            rotate_artifacts=1,
        )
        if done.rc and not play.failures:  # such as a mistake in the playbook
            play.failures.append(_tail(done.stdout.read() or done.stderr.read()))
    if done.rc:
        told = "\n".join(play.failures)
        raise UserError(
            f"{current.title} failed:\n{told}\n"
            f"-> mend what it names and run the command again: it goes on from there"
            f" (the whole log: {log})"
        )
    return play


def _noted(play: Play, event: dict[str, Any], current: Step) -> str:
    """Take an event into account; a line for the log, or nothing."""
    kind, data = event["event"], event.get("event_data", {})
    task, host = data.get("task", ""), data.get("host", "")
    if kind == "runner_on_start":
        current.doing(f"{host}: {task}")
    elif kind in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable"):
        seconds, result = data.get("duration", 0.0), data.get("res", {})
        play.tasks += 1
        play.seconds[task] = max(play.seconds.get(task, 0.0), seconds)
        outcome = {"runner_on_ok": "changed" if result.get("changed") else "ok"}.get(kind, "failed")
        play.changed += outcome == "changed"
        if outcome == "failed" and not data.get("ignore_errors"):
            play.failures.append(f"  {host}: {task}: {_said(result)}")
        words = f": {_said(result)}" if outcome == "failed" else ""
        return f"{host}: {task}: {outcome}, {seconds:.1f} s{words}"
    return ""


def _said(result: dict[str, Any]) -> str:
    """What a task that failed has to say, its program's own words among it."""
    if "censored" in result:
        return str(result["censored"])
    parts = [str(result.get(key) or "") for key in ("msg", "stderr", "stdout")]
    return _tail("\n    ".join(dict.fromkeys(part.strip() for part in parts if part.strip())))


def _tail(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST else f"…{text[-LONGEST:]}"


def _inventory(machines: list[Machine], ssh: Ssh) -> dict[str, Any]:
    groups: dict[str, Any] = {"manager": {"hosts": {}}, "workers": {"hosts": {}}}
    for machine in machines:
        *options, _ = ssh.to(machine)
        host: dict[str, Any] = {
            "ansible_host": machine.address,
            "ansible_port": machine.port,
            "ansible_user": machine.user,
            "ansible_become": machine.user != "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": shlex.join(options),
            "syllab_private_address": str(machine.private or machine.address),
        }
        if machine.disk:
            host["syllab_disk"] = machine.disk
        if machine.address == LOCAL:
            host["ansible_connection"] = "local"
        group = "manager" if machine.role == "manager" else "workers"
        groups[group]["hosts"][machine.name] = host
    return {"all": {"children": groups}}


def _environment() -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {"ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"), "PATH": programs}


def _private_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="syllab-ansible-")


def _now() -> str:
    return time.strftime("%H:%M:%S")
