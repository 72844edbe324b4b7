"""The playbooks that run a release on a machine: candidate, switch, rollback, destroy.

A small course, over real SSH, on a machine with its own systemd and engine.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from cloudlab import engine
from cloudlab.deploy import registry, settings
from cloudlab.hosts import Hosts
from cloudlab.images import Builder
from cloudlab.progress import step
from cloudlab.workspace import REPOSITORY, Workspace
from courseware import course as courses
from courseware import passphrase
from courseware.grading import cells
from deploy.machines import Machine, Machines
from deploy.playbook import Played, play
from participant import Participant

NAME, ROOT = "quick", "/srv/syllab/quick"
COURSE = REPOSITORY / "tests" / "courses" / "bench"
REGISTRY = 5000  # on the machine's loopback
PHRASES = {"ada": "a phrase of four words", "bo": "another phrase of words"}
# What a lab's check() does, from its own container: submits cells and waits for the verdict.
SUBMIT = """
import json, os, sys, urllib.request
def ask(path, body=None):
    url = os.environ["SYLLAB_GRADER_URL"] + path
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
    return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))
attempt = ask("/attempts", sys.stdin.read().encode())
while attempt["state"] in ("queued", "running"):
    attempt = ask("/attempts/%(id)s?after=%(state)s&wait=20" % attempt)
print(json.dumps(attempt))
"""
ATTEMPTS = "select count(*) from attempt"
# Which of the host:port pairs on its input can be connected to.
REACHED = """
import json, socket, sys
found = {}
for pair in sys.stdin.read().split():
    host, port = pair.split(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        found[pair] = probe.connect_ex((host, int(port))) == 0
print(json.dumps(found))
"""


@dataclass
class Deployment:
    """A machine, and the variables of the playbooks."""

    machine: Machine
    inventory: Path
    folder: Path
    release: Path
    variables: dict[str, Any]

    def send(self, release: Path) -> None:
        """Copy a release's folder there; from now on the playbooks are about it."""
        ssh = " ".join(["ssh", *self.machine.ssh_options])
        command = ["rsync", "-rlt", "--delete", "--mkpath", "-e", ssh]
        target = f"root@{self.machine.address}:{ROOT}/releases/{release.name}/"
        subprocess.run([*command, f"{release}/", target], check=True)
        self.release = release

    def play(self, name: str, slot: str = "live") -> Played:
        """Run a playbook; whatever comes of it."""
        course = courses.load(COURSE)
        hub_json = settings.hub_json(course, NAME, self.release, slot, memory=2**31, labs=2)
        users = self.folder / "users.json"
        of_slot = {
            "syllab_release": self.release.name,
            "syllab_release_folder": f"{ROOT}/releases/{self.release.name}",
            "syllab_port": settings.PORT[slot],
            "syllab_settings": hub_json,
            "syllab_users": str(users),
        }
        return play(name, self.inventory, self.variables | of_slot)

    def must(self, name: str, slot: str = "live") -> Played:
        """Run a playbook that has to succeed."""
        played = self.play(name, slot)
        assert played.succeeded, played.output
        return played

    def participant(self, username: str) -> Participant:
        """Somebody at the course's public address."""
        person = Participant(f"https://{self.machine.address}", username, PHRASES[username])
        authority = self.folder / "authority.pem"
        path = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
        authority.write_text(self.machine.run(f"cat {path}") + "\n")
        person.http.verify = str(authority)
        return person

    def in_lab(self, code: str, feed: str = "", user: str = "ada") -> str:
        """What Python code prints in somebody's lab."""
        return self.machine.run(
            f"docker exec -i {NAME}-{user} python -c '{code}'", feed=feed
        )  # code has no single quotes

    def live(self) -> str:
        """The name of the release that the live hub runs."""
        text = self.machine.run(f"cat {ROOT}/live/hub.json")
        return Path(json.loads(text)["release"]).name

    def attempts(self) -> str:
        """How many attempts are in the gradebook."""
        database = f"file:{ROOT}/live/state/grades.sqlite?mode=ro"
        return self.machine.run(f"sqlite3 '{database}' '{ATTEMPTS}'")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course, frozen by the organiser's command."""
    var = tmp_path_factory.mktemp("quick")
    command = [sys.executable, "-m", "cloudlab.cli", "--course", COURSE, "--var", var, "release"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return next(path for path in (var / "releases").iterdir() if path.name[0] != ".")


@contextmanager
def tunnel(machine: Machine, port: int) -> Iterator[None]:
    """A port of this machine's loopback at the registry's port of that machine's."""
    options = ["-oControlPath=none", "-oExitOnForwardFailure=yes", f"-R{REGISTRY}:127.0.0.1:{port}"]
    command = ["ssh", *options, *machine.ssh_options, f"root@{machine.address}", "echo up; cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ssh:
        assert ssh.stdout.readline() == b"up\n"
        yield
        ssh.stdin.close()


@pytest.fixture(scope="module")
def deployment(
    release: Path, machines: Machines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A machine that got the release, as a candidate and then for everybody."""
    machine = machines.start("manager")
    folder = tmp_path_factory.mktemp("organiser")
    accounts = {
        name: {"name": name, "role": "participant", "hash": passphrase.hash(phrase)}
        for name, phrase in PHRASES.items()
    }
    (folder / "users.json").write_text(json.dumps(accounts))
    (folder / "backup-password").write_text("secret\n")
    hosts = Hosts.model_validate(
        {
            "provider": "ssh",
            "certificate": "internal",
            "machines": [{"name": "manager", "address": machine.address}],
        }
    )
    workspace = Workspace(course=COURSE, var=folder)
    hub = Builder(workspace, engine.connect()).hub()
    lab = json.loads((release / "manifest.json").read_text())["image"]
    variables = {
        **settings.of_hosts(hosts, machine.address),
        "syllab_instance": NAME,
        "syllab_root": ROOT,
        "syllab_lab_image": lab,
        "syllab_hub_image": {"id": hub.id, "tag": hub.tags[0]},
        "syllab_registry_port": REGISTRY,
        "syllab_manager_address": machine.address,
        "syllab_backup_password_file": str(folder / "backup-password"),
        "syllab_backup_environment": {},
    }
    inventory = machines.inventory(manager=[machine], workers=[])
    deployment = Deployment(machine, inventory, folder, release, variables)
    for name in ("deploy", "log"):
        (folder / name).mkdir(exist_ok=True)
    with (
        step("Images") as current,
        registry.serving(workspace, [lab["tag"], hub.tags[0]], current) as port,
        tunnel(machine, port),
    ):
        deployment.must("machines")
        deployment.must("release")
    deployment.send(release)
    return deployment


def test_a_candidate_runs_beside_and_leaves_nothing(deployment):
    deployment.must("candidate", "candidate")
    machine = deployment.machine
    assert machine.run("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8100/") == "200"
    deployment.must("drop", "candidate")
    assert "candidate" not in machine.run(
        "docker ps --all; docker network ls; docker volume ls; ls /srv/syllab/quick"
        " /etc/systemd/system /etc/syllab"
    )
    assert "SYLLAB" not in machine.run("iptables-save")


def test_a_participant_gets_a_lab_and_points(deployment, release):
    deployment.must("switch")
    ada = deployment.participant("ada")
    ada.log_in().raise_for_status()
    ada.start_lab()
    notebook = nbformat.read(release / "notebooks" / "solution" / "signals.ipynb", as_version=4)
    own = {cell.id: cell.source for cell in cells.needed(notebook, "decay")}
    body = {"key": secrets.token_hex(16), "tutorial": "signals", "exercise": "decay", "cells": own}
    attempt = json.loads(deployment.in_lab(SUBMIT, json.dumps(body)))
    assert attempt["state"] == "graded", attempt
    assert attempt["points"] == attempt["maximum"] > 0


def test_cookies_are_for_https_alone(deployment):
    ada = deployment.participant("ada")
    ada.log_in().raise_for_status()
    assert ada.http.cookies
    assert all(cookie.secure for cookie in ada.http.cookies)


def test_the_hub_has_no_rights_but_the_engine(deployment):
    found = json.loads(deployment.machine.run("docker inspect syllab_quick_hub syllab_quick_site"))
    for container in found:
        assert container["Config"]["User"] == "70200:70200"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert not any("docker.sock" in bind for bind in found[1]["HostConfig"]["Binds"])
    assert deployment.machine.run(f"stat -c %a {ROOT}/live {ROOT}/live/hub.json") == "700\n600"


def test_nobody_reaches_more_than_they_need(deployment, machines):
    machine, neighbour = deployment.machine, machines.start("neighbour")
    bo = deployment.participant("bo")
    bo.log_in().raise_for_status()
    bo.start_lab()
    labs = json.loads(machine.run("docker network inspect quick"))[0]
    gateway = labs["IPAM"]["Config"][0]["Gateway"]
    address = "{{.NetworkSettings.Networks.quick.IPAddress}}"
    other = machine.run(f"docker inspect quick-bo -f '{address}'")
    machine.run("systemd-run --unit=stray python3 -m http.server 8009")
    wanted = {
        f"{gateway}:8003": True, f"{gateway}:8004": True, f"{gateway}:8009": False,
        f"{machine.address}:443": False, f"{other}:8888": False, f"{neighbour.address}:22": False,
    }  # fmt: skip
    assert json.loads(deployment.in_lab(REACHED, " ".join(wanted))) == wanted
    wanted = {f"{machine.address}:{port}": port in (22, 80, 443) for port in (22, 80, 443, 8009)}
    neighbour.write("/root/reached.py", REACHED)
    assert json.loads(neighbour.run("python3 reached.py", feed=" ".join(wanted))) == wanted
    machine.run("systemctl stop stray")


def test_a_second_run_changes_nothing(deployment):
    before = deployment.machine.run("docker ps --no-trunc --quiet")
    deployment.send(deployment.release)
    for playbook in ("machines", "release", "switch"):
        played = deployment.must(playbook)
        assert played.changed == 0, played.output
    assert deployment.machine.run("docker ps --no-trunc --quiet") == before


def test_the_next_release_takes_over_and_labs_go_on(deployment, release):
    before = deployment.machine.run("docker ps --no-trunc --quiet --filter name=quick-ada")
    after = copy_of(release, "quick-second")
    index = after / "site" / "index.html"
    index.write_text(index.read_text().replace("</body>", "Second edition</body>"))
    deployment.send(after)
    deployment.must("release")
    deployment.must("switch")
    assert deployment.live() == "quick-second"
    ada = deployment.participant("ada")
    assert "Second edition" in ada.http.get(ada.address).text
    assert deployment.machine.run("docker ps --no-trunc --quiet --filter name=quick-ada") == before
    ada.log_in().raise_for_status()
    assert ada.lab_is_ready()
    assert "JupyterLab" in ada.http.get(f"{ada.lab}/lab").text


def test_a_release_that_does_not_start_leaves_the_old_one_serving(deployment, release):
    before = deployment.release
    deployment.send(copy_of(release, "quick-broken"))
    deployment.machine.run(f"echo '{{}}' >{ROOT}/releases/quick-broken/manifest.json")
    deployment.must("release")
    played = deployment.play("switch")
    assert not played.succeeded
    assert "image.id: not found" in played.output
    assert "what ran before runs again" in played.output
    assert deployment.live() == "quick-second"
    ada = deployment.participant("ada")
    assert "Second edition" in ada.http.get(ada.address).text
    assert ada.log_in().ok
    assert ada.lab_is_ready()
    deployment.send(before)


def test_rollback_brings_the_release_before_and_keeps_grades(deployment, release):
    attempts = deployment.attempts()
    deployment.must("rollback")
    assert deployment.live() == release.name
    ada = deployment.participant("ada")
    assert "Second edition" not in ada.http.get(ada.address).text
    assert ada.log_in().ok
    assert ada.lab_is_ready()
    assert deployment.attempts() == attempts != "0"


def test_a_switch_that_was_cut_off_is_finished_by_the_next(deployment, release):
    machine = deployment.machine
    deployment.must("switch")
    machine.run(f"cd {ROOT}; mv previous saved; systemctl stop syllab-quick-hub; rm live/hub.env")
    deployment.must("switch")
    assert deployment.live() == "quick-second"
    deployment.must("rollback")
    assert deployment.live() == release.name


def test_all_is_back_after_a_reboot(deployment):
    machine = deployment.machine
    machine.reboot()
    ada = deployment.participant("ada")
    machine.run("timeout 60 sh -c 'until curl -fs 127.0.0.1:8000/hub/health; do sleep 0.3; done'")
    ada.log_in().raise_for_status()
    ada.start_lab()
    shown = machine.run("docker network inspect quick -f '{{(index .IPAM.Config 0).Gateway}}'")
    wanted = {f"{shown}:8003": True, f"{shown}:22": False}
    assert json.loads(deployment.in_lab(REACHED, " ".join(wanted))) == wanted


def test_destroy_leaves_nothing(deployment):
    deployment.must("destroy")
    machine = deployment.machine
    for kind in ("container", "volume", "network"):
        assert "quick" not in machine.run(f"docker {kind} ls {'--all' * (kind == 'container')}")
    assert machine.run("docker images --quiet") == ""
    assert machine.run("ls /srv/syllab /etc/syllab 2>/dev/null || true") == ""
    assert "syllab" not in machine.run("systemctl list-unit-files; cat /etc/passwd")
    assert "SYLLAB" not in machine.run("iptables-save")
    assert "syllab" not in machine.run("nft list tables")
    assert deployment.must("destroy").changed == 0


def copy_of(release: Path, name: str) -> Path:
    """Another release with the same image."""
    return shutil.copytree(release, release.with_name(name))
