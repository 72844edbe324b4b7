"""make deploy on a machine that is there: the whole way, and what must not break it.

The flagship course, over real SSH, into a machine with its own systemd and engine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
from deploy.machines import Machine, Machines
from participant import Participant
from running_course import RunningCourse

COUNT = "select count(*) from attempt"
HOSTS = """provider: ssh
certificate: internal
key: {key}
machines: [{{name: manager, address: {address}, user: admin}}]
"""


@dataclass
class Deployed:
    """A course on a machine, and the organiser's commands for it."""

    course: RunningCourse
    machine: Machine
    hosts: Path

    def syllab(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command; its answer, whatever the exit code."""
        done = self.course.syllab(verb, "--hosts", str(self.hosts), *options)
        assert "Traceback" not in done.stdout, done.stdout
        return done

    def deploy(self) -> str:
        """Deploy; what the organiser read."""
        done = self.syllab("deploy", "--roster", str(self.course.roster))
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def instance(self) -> str:
        return "cns2024"

    @property
    def address(self) -> str:
        return f"https://{self.machine.address}"

    @property
    def authority(self) -> str:
        """The certificate of the manager's own authority."""
        return str(self.course.var / "deploy" / "authority.pem")

    def get(self, path: str = "/") -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{self.address}{path}", timeout=30, verify=self.authority)

    def running(self) -> dict:
        """The hub.json of what is live."""
        return json.loads(self.machine.run(f"cat /srv/syllab/{self.instance}/live/hub.json"))

    def database(self, file: str, question: str) -> str:
        path = f"/srv/syllab/{self.instance}/live/state/{file}"
        return self.machine.run(f'sqlite3 "file:{path}?mode=ro" "{question}"')


@pytest.fixture(scope="module")
def deployed(running_course: RunningCourse, machines: Machines) -> Deployed:
    manager = machines.start("manager", domains=["course.test"])
    hosts = machines.folder / "hosts.yml"
    hosts.write_text(HOSTS.format(key=machines.key, address=manager.address))
    deployed = Deployed(running_course, manager, hosts)
    told = deployed.deploy()
    assert f"The course is at {deployed.address}/" in told
    return deployed


@pytest.fixture
def changed_course(running_course: RunningCourse, tmp_path: Path) -> RunningCourse:
    """A copy of the course, to be changed."""
    copy = shutil.copytree(running_course.course, tmp_path / running_course.course.name)
    return replace(running_course, course=copy)


def changed(told: str, title: str) -> int:
    """How many tasks of a step changed something."""
    return int(re.search(rf"✓ {re.escape(title)}: \d+ tasks, (\d+) changed", told)[1])


def test_the_course_is_there_for_readers_and_participants(deployed):
    assert "NEST" in deployed.get().text
    phrase = deployed.course.credentials()["ada"]["passphrase"]
    ada = Participant(deployed.address, "ada", phrase)
    ada.http.verify = deployed.authority
    ada.log_in().raise_for_status()
    ada.start_lab()
    assert "cns2024-ada" in deployed.machine.run("docker ps --format '{{.Names}}'")


def test_a_second_run_changes_nothing_and_stops_no_lab(deployed):
    before = deployed.machine.run("docker ps --no-trunc --quiet --filter name=cns2024-ada")
    told = deployed.deploy()
    for title in ("Machines' systems", "Images", "Switch"):
        assert changed(told, title) == 0
    assert "Candidate" not in told
    assert deployed.machine.run("docker ps --no-trunc --quiet --filter name=cns2024-ada") == before


def test_a_change_of_one_notebook_moves_kilobytes(deployed, changed_course):
    source = changed_course.course / "tutorials" / "introduction.md"
    source.write_text(source.read_text() + "\nOne more sentence.\n")
    before = deployed.running()["release"]
    told = replace(deployed, course=changed_course).deploy()
    assert deployed.running()["release"] != before
    sent = int(re.search(r"✓ Content: (\d+) kB sent", told)[1])
    assert sent < 200
    assert "One more sentence." in deployed.get("/tutorials/introduction.html").text


def test_rollback_brings_the_hub_back_and_never_older_grades(deployed):
    now, grades = deployed.running()["release"], deployed.database("grades.sqlite", COUNT)
    done = deployed.syllab("rollback")
    assert done.returncode == 0, done.stdout
    assert deployed.running()["release"] != now
    assert deployed.database("grades.sqlite", COUNT) == grades
    assert "One more sentence." not in deployed.get("/tutorials/introduction.html").text


def test_a_release_that_fails_verify_leaves_the_old_one_serving(deployed, changed_course):
    checks = changed_course.course / "checks" / "test_introduction.py"
    checks.write_text(
        re.sub(r"(def test_\w+\(lab\):\n)", r"\1    assert False, 'No.'\n", checks.read_text())
    )
    before = deployed.running()
    done = replace(deployed, course=changed_course).syllab("deploy")
    assert done.returncode == 1
    assert "✗ Verify" in done.stdout
    assert deployed.running() == before
    assert deployed.get().ok
    assert deployed.machine.run("docker ps --all --quiet --filter name=candidate") == ""


def test_a_deployment_killed_midway_is_healed_by_the_next(deployed, changed_course):
    source = changed_course.course / "tutorials" / "introduction.md"
    source.write_text(source.read_text() + "\nA last sentence.\n")
    killed = replace(deployed, course=changed_course)
    command = killed.course.command("deploy", "--hosts", str(deployed.hosts))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        for line in run.stdout:
            if line.startswith("… Candidate"):
                break
        os.killpg(run.pid, signal.SIGKILL)
    assert deployed.get().ok
    killed.deploy()
    assert "A last sentence." in deployed.get("/tutorials/introduction.html").text


def test_two_organisers_do_not_deploy_at_once(deployed):
    lock = f"/run/lock/syllab-{deployed.instance}.lock"
    holder = ["ssh", *deployed.machine.ssh_options, f"root@{deployed.machine.address}"]
    script = f"echo Bo >{lock[:-5]}.by; flock {lock} sh -c 'echo held; cat'"
    with subprocess.Popen(
        [*holder, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        done = deployed.syllab("rollback")
        other.stdin.close()
    assert done.returncode == 1
    assert "taken by Bo" in done.stdout


def test_what_is_lost_comes_back_from_the_backup(deployed):
    home = f"/var/lib/docker/volumes/{deployed.instance}-home-ada/_data"
    deployed.machine.run(f"echo precious >{home}/mine.txt")
    assert deployed.syllab("backup").returncode == 0
    deployed.machine.run(f"rm {home}/mine.txt")
    done = deployed.syllab("restore")
    assert done.returncode == 0, done.stdout
    assert deployed.machine.run(f"cat {home}/mine.txt") == "precious"
    assert deployed.get("/hub/login").ok


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("key: {key}", "key: {other}", "refuses the key"),
        ("address: {address}", "address: 127.0.0.9, port: 1", "doesn't answer"),
        ("user: admin", "user: nobody-there", "refuses the key"),
    ],
)
def test_machines_that_cannot_be_reached_are_told(deployed, tmp_path, old, new, says):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"])
    text = HOSTS.replace(old, new).format(
        key=deployed.machine.key, address=deployed.machine.address, other=tmp_path / "other"
    )
    (tmp_path / "hosts.yml").write_text(text)
    done = replace(deployed, hosts=tmp_path / "hosts.yml").syllab("deploy")
    assert done.returncode == 1
    assert says in done.stdout


def test_a_machine_that_does_not_fit_is_told_before_anything_changes(deployed, machines, tmp_path):
    small = machines.start("small", disk="300m")
    small.run("systemd-run --unit=taken python3 -m http.server 443")
    (tmp_path / "hosts.yml").write_text(HOSTS.format(key=machines.key, address=small.address))
    done = replace(deployed, hosts=tmp_path / "hosts.yml").syllab("deploy")
    assert done.returncode == 1
    assert "of disk free" in done.stdout
    assert "port 443 is taken" in done.stdout
    assert small.run("ls /srv") == ""


def test_destroy_leaves_nothing_and_keeps_a_backup(deployed):
    done = deployed.syllab("destroy", "--yes")
    assert done.returncode == 0, done.stdout
    machine, name = deployed.machine, deployed.instance
    for kind in ("container", "volume", "network"):
        assert name not in machine.run(f"docker {kind} ls {'--all' * (kind == 'container')}")
    assert machine.run("ls /srv/syllab 2>/dev/null || true") == ""
    assert "syllab" not in machine.run("systemctl list-unit-files").lower()
    assert "SYLLAB" not in machine.run("iptables-save")
    assert (deployed.course.var / "deploy" / "backups" / "manager" / "config").exists()
