"""Runs playbooks and roles on test machines as an administrator would, with ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cloudlab.workspace import REPOSITORY

ANSIBLE = REPOSITORY / "infra" / "ansible"


@dataclass(frozen=True)
class Played:
    """What came of a playbook; `changed` counts tasks, on all machines together."""

    succeeded: bool
    changed: int
    output: str


def play(name: str, inventory: Path, variables: dict[str, Any]) -> Played:
    """Run infra/ansible/<name>.yml; whatever comes of it."""
    return _run(ANSIBLE / f"{name}.yml", inventory, variables)


def play_roles(roles: list[str], inventory: Path, variables: dict[str, Any]) -> Played:
    """Run roles on all machines of an inventory; whatever comes of it."""
    playbook = inventory.with_name("roles.yml")
    play = {"hosts": "all", "gather_facts": False, "roles": roles}
    playbook.write_text(yaml.safe_dump([play]))
    return _run(playbook, inventory, variables)


def _run(playbook: Path, inventory: Path, variables: dict[str, Any]) -> Played:
    file = inventory.with_name("variables.json")
    file.write_text(json.dumps(variables))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "--inventory", inventory,
         "--extra-vars", f"@{file}", playbook],
        env=os.environ | {"ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    changed = sum(map(int, re.findall(r"changed=(\d+)", done.stdout)))
    return Played(done.returncode == 0, changed, done.stdout)
