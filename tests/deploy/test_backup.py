"""Backups on a machine: made, read back, restored; and what a restore that fails leaves."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deploy.machines import Machine, Machines
from deploy.playbook import Played, play, play_roles

INSTANCE = "night"
ROOT = f"/srv/syllab/{INSTANCE}"
STATE = f"{ROOT}/live/state"
PROGRAMS = " ".join(f"syllab-{INSTANCE}-{name}" for name in ("proxy", "site", "hub"))
HOMES = "/var/lib/docker/volumes"
PASSWORD = "correct-horse-battery-staple"
STAND_IN = Path(__file__).parent / "hub_stand_in.py"
# In the hub's place: what matters here is when it runs. It ends if its database is broken.
HUB = f"""
[Service]
ExecStart=/bin/sh -ec "sqlite3 {STATE}/jupyterhub.sqlite 'SELECT * FROM users'; \\
    exec python3 /root/stand_in.py"
Restart=on-failure
RestartSec=100ms
StartLimitIntervalSec=0
[Install]
WantedBy=multi-user.target
"""  # noqa: S608
OTHER = """
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


@dataclass
class Course:
    """A machine with a course on it: databases and homes are real, the hub is a stand-in."""

    machine: Machine
    inventory: Path
    variables: dict[str, Any]

    def play(self, name: str, **more: str) -> Played:
        return play(name, self.inventory, self.variables | more)

    def backup(self) -> None:
        """Back up as the timer does."""
        self.machine.run(f"systemctl start syllab-{INSTANCE}-backup")

    def restore(self, snapshot: str = "latest") -> subprocess.CompletedProcess[str]:
        """Restore as the playbook does, but quicker."""
        return self.machine.ssh(f"python3 {ROOT}/backup/restore.py {snapshot}")

    def sql(self, database: str, statement: str) -> str:
        return self.machine.run(f"sqlite3 {STATE}/{database}.sqlite", feed=statement)

    def home(self, user: str) -> str:
        """What is written in somebody's home."""
        return self.machine.run(f"cat {HOMES}/{INSTANCE}-home-{user}/_data/notes.txt")

    def write_home(self, user: str, text: str) -> None:
        volume = f"{INSTANCE}-home-{user}"
        self.machine.run(f"docker volume create --label syllab.instance={INSTANCE} {volume}")
        self.machine.write(f"{HOMES}/{volume}/_data/notes.txt", text)
        self.machine.run(f"chown -R 70123:70123 {HOMES}/{volume}/_data")

    def snapshots(self) -> list[dict[str, Any]]:
        return json.loads(self.restic("snapshots --json"))

    def restic(self, command: str) -> str:
        settings = f"RESTIC_REPOSITORY=/var/backups/syllab RESTIC_PASSWORD={PASSWORD}"
        return self.machine.run(f"{settings} restic {command}")

    def answers(self) -> bool:
        patient = "curl --silent --retry 60 --retry-delay 1 --retry-connrefused"
        return self.machine.ssh(f"{patient} 127.0.0.1:8000/").returncode == 0


@pytest.fixture(scope="module")
def deployed(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Course:
    machine = machines.start("course")
    machine.run("useradd --uid 70200 --no-create-home syllab")
    machine.write("/root/stand_in.py", STAND_IN.read_text())
    for name, unit in {"hub": HUB, "proxy": OTHER, "site": OTHER}.items():
        machine.write(f"/etc/systemd/system/syllab-{INSTANCE}-{name}.service", unit)
    public = {"public": {"ip": "127.0.0.1", "port": 8000}}
    machine.write(f"{ROOT}/live/hub.json", json.dumps(public))
    machine.write(f"{ROOT}/live/users.json", '{"ada": {"hash": "of-a-passphrase"}}')
    password = tmp_path_factory.mktemp("here") / "password"
    password.write_text(PASSWORD + "\n")
    variables = {
        "syllab_instance": INSTANCE,
        "syllab_root": ROOT,
        "syllab_backup": {
            "repository": "/var/backups/syllab", "every": "*-*-* 03:30:00", "keep": 14
        },
        "syllab_backup_password_file": str(password),
        "syllab_backup_environment": {},
        "syllab_homes": "pinned",
    }  # fmt: skip
    inventory = machines.inventory(manager=[machine])
    played = play_roles(["syllab_backup"], inventory, variables)
    assert played.succeeded, played.output
    return Course(machine, inventory, variables)


@pytest.fixture
def course(deployed: Course) -> Course:
    """With Ada's work and grades in it."""
    deployed.machine.run(f"systemctl stop {PROGRAMS}; rm -rf {STATE}; mkdir {STATE}")
    deployed.sql("jupyterhub", "CREATE TABLE users (name); INSERT INTO users VALUES ('ada');")
    deployed.sql("grades", "PRAGMA journal_mode=WAL; CREATE TABLE attempts (who, points);")
    deployed.sql("grades", "INSERT INTO attempts VALUES ('ada', 2);")
    deployed.machine.run(f"chown -R syllab: {ROOT}/live && chmod 700 {ROOT}/live")
    deployed.machine.run(f"systemctl enable --now {PROGRAMS}")
    deployed.write_home("ada", "spikes")
    return deployed


@pytest.fixture
def saved(course: Course) -> Course:
    """The same with a backup."""
    course.backup()
    return course


def test_work_and_grades_come_back(saved: Course):
    saved.sql("grades", "DELETE FROM attempts;")
    saved.write_home("ada", "lost")
    saved.machine.write(f"{HOMES}/{INSTANCE}-home-ada/_data/rubbish", "")
    saved.write_home("bob", "came later")
    played = saved.play("restore")
    assert played.succeeded, played.output
    assert saved.sql("grades", "SELECT * FROM attempts;") == "ada|2"
    assert saved.home("ada") == "spikes"
    assert saved.machine.run(f"ls {HOMES}/{INSTANCE}-home-ada/_data") == "notes.txt"
    assert saved.home("bob") == "came later"
    assert saved.answers()
    owners = saved.machine.run(
        f"stat --format '%U %a' {STATE}/*.sqlite; stat --format %u {HOMES}/*-ada/_data/notes.txt"
    )
    assert owners.split("\n") == ["syllab 600", "syllab 600", "70123"]


def test_a_whole_machine_comes_back(saved: Course):
    saved.machine.run(f"systemctl stop {PROGRAMS} && rm -rf {STATE}")
    saved.machine.run(f"docker volume rm {INSTANCE}-home-ada")
    restored = saved.restore()
    assert restored.returncode == 0, restored.stderr
    assert saved.home("ada") == "spikes"
    assert saved.sql("jupyterhub", "SELECT * FROM users;") == "ada"
    labels = saved.machine.run(f"docker volume inspect {INSTANCE}-home-ada")
    assert json.loads(labels)[0]["Labels"] == {"syllab.instance": INSTANCE, "syllab.user": "ada"}


def test_an_older_backup_can_be_named_and_what_it_replaced_is_kept(saved: Course):
    first = saved.snapshots()[-1]["short_id"]
    saved.write_home("ada", "second day")
    saved.backup()
    second = saved.snapshots()[-1]["short_id"]
    saved.write_home("ada", "third day, not backed up")
    assert saved.restore(first).returncode == 0
    assert saved.home("ada") == "spikes"
    replaced = saved.snapshots()[-1]["short_id"]
    assert saved.restore().returncode == 0, "the last backup, not what the restore replaced"
    assert saved.home("ada") == "second day"
    assert saved.restore(replaced).returncode == 0
    assert saved.home("ada") == "third day, not backed up"
    assert second in {snapshot["short_id"] for snapshot in saved.snapshots()}


def test_a_backup_has_nothing_of_what_is_being_written(course: Course):
    course.machine.run(
        "python3 -",
        feed=f"""
import sqlite3, subprocess
grades = sqlite3.connect("{STATE}/grades.sqlite", isolation_level=None)
grades.execute("BEGIN IMMEDIATE")
grades.execute("INSERT INTO attempts VALUES ('ada', 1)")
subprocess.run(["systemctl", "start", "syllab-{INSTANCE}-backup"], check=True)
grades.execute("COMMIT")
""",  # noqa: S608
    )
    assert course.sql("grades", "SELECT sum(points) FROM attempts;") == "3"
    assert course.restore().returncode == 0
    assert course.sql("grades", "SELECT sum(points) FROM attempts;") == "2"


def test_a_hub_that_does_not_start_with_the_backup_gets_back_what_was_there(course: Course):
    course.sql("jupyterhub", "DROP TABLE users;")
    course.backup()
    course.sql("jupyterhub", "CREATE TABLE users (name); INSERT INTO users VALUES ('new');")
    course.write_home("ada", "today")
    restored = course.restore()
    assert restored.returncode == 1
    assert "no such table: users" in restored.stderr
    assert course.sql("jupyterhub", "SELECT * FROM users;") == "new"
    assert course.home("ada") == "today"
    assert course.answers()
    assert course.machine.run(f"find {ROOT} {HOMES} -name '*.restored*' -o -name '*before*'") == ""


def test_a_restore_that_is_cut_off_loses_nothing(saved: Course):
    saved.write_home("ada", "today")
    saved.machine.run(f"mkdir -p /run/systemd/system/syllab-{INSTANCE}-hub.service.d")
    saved.machine.write(
        f"/run/systemd/system/syllab-{INSTANCE}-hub.service.d/slow.conf",
        "[Service]\nExecStartPre=/usr/bin/sleep inf\nTimeoutStartSec=infinity\n",
    )
    saved.machine.run("systemctl daemon-reload")
    saved.machine.run(f"systemd-run --unit cut-off python3 {ROOT}/backup/restore.py latest")
    exchanged = f"grep -qs spikes {HOMES}/{INSTANCE}-home-ada/_data/notes.txt"
    saved.machine.run(f"until {exchanged}; do sleep 0.1; done")
    saved.machine.kill()
    saved.machine.boot()
    assert saved.machine.ssh(f"systemctl is-active syllab-{INSTANCE}-hub").returncode != 0
    refused = saved.machine.ssh(f"systemctl start syllab-{INSTANCE}-backup")
    assert refused.returncode != 0
    assert saved.restore("0000").returncode == 1, "puts back first, then finds no such snapshot"
    assert saved.home("ada") == "today"
    assert saved.answers()
    assert saved.restore().returncode == 0
    assert saved.home("ada") == "spikes"


def test_a_snapshot_that_is_not_there_is_told_and_nothing_stops(saved: Course):
    played = saved.play("restore", syllab_snapshot="0123abcd")
    assert not played.succeeded
    assert "There is no snapshot 0123abcd -> there are: " in played.output
    assert saved.answers()


def test_a_damaged_database_never_replaces_a_good_backup(saved: Course):
    before = len(saved.snapshots())
    saved.machine.run(f"systemctl stop syllab-{INSTANCE}-hub")
    saved.machine.run(
        f"dd if=/dev/urandom of={STATE}/jupyterhub.sqlite bs=1024 count=4 seek=1 conv=notrunc"
    )
    played = saved.play("backup")
    assert not played.succeeded
    assert "jupyterhub.sqlite is damaged" in played.output
    assert len(saved.snapshots()) == before
    assert saved.restore().returncode == 0
    assert saved.answers()


def test_a_damaged_repository_is_found_when_it_is_read_back(saved: Course):
    pack = saved.machine.run("find /var/backups/syllab/data -type f -size +0 | head -n 1")
    saved.machine.run(f"cp {pack} /root/pack && chmod u+w {pack} && truncate --size=-9 {pack}")
    refused = saved.machine.ssh(f"systemctl start syllab-{INSTANCE}-backup")
    saved.machine.run(f"cp /root/pack {pack}")
    assert refused.returncode != 0
    assert "restic check" in saved.machine.run(f"journalctl --unit syllab-{INSTANCE}-backup")


def test_a_backup_that_was_cut_off_is_not_in_the_way(course: Course):
    settings = f"--setenv=RESTIC_PASSWORD={PASSWORD} --setenv=RESTIC_REPOSITORY=/var/backups/syllab"
    course.machine.run(
        f"systemd-run {settings} --unit cut-off sh -c 'sleep infinity | restic backup --stdin';"
        'until [ -n "$(ls /var/backups/syllab/locks)" ]; do sleep 0.1; done;'
        "systemctl kill --signal KILL cut-off"
    )
    course.backup()
    assert course.restic("list locks") == ""


def test_of_old_backups_one_a_day_is_kept_for_as_many_days_as_asked_for(course: Course):
    course.machine.run(f'sed -i \'s/"keep": 14/"keep": 2/\' {ROOT}/backup/settings.json')
    for days in (7, 6, 5, 5):
        time = course.machine.run(f"date --date '{days} days ago' '+%F %T'")
        course.restic(f"backup --quiet --host {INSTANCE} --time '{time}' /etc/hostname")
    course.backup()
    course.machine.run(f'sed -i \'s/"keep": 2/"keep": 14/\' {ROOT}/backup/settings.json')
    old = [s for s in course.snapshots() if s["paths"] == ["/etc/hostname"]]
    assert len(old) == 1


def test_the_password_is_nobody_elses_and_a_second_run_changes_nothing(course: Course):
    again = play_roles(["syllab_backup"], course.inventory, course.variables)
    assert (again.succeeded, again.changed) == (True, 0), again.output
    assert PASSWORD not in again.output
    modes = f"stat --format %a {ROOT}/backup {ROOT}/backup/password {ROOT}/backup/settings.json"
    assert course.machine.run(modes).split() == ["700", "600", "600"]
    assert PASSWORD not in course.machine.run("journalctl; cat /etc/systemd/system/syllab-*")
    timers = course.machine.run("systemctl list-timers --all")
    assert f"syllab-{INSTANCE}-backup.timer" in timers


def test_anothers_repository_is_refused(course: Course, tmp_path: Path):
    other = tmp_path / "password"
    other.write_text("another one\n")
    course.machine.run(f"rm {ROOT}/backup/made-*")
    changed = course.variables | {"syllab_backup_password_file": str(other)}
    played = play_roles(["syllab_backup"], course.inventory, changed)
    assert not played.succeeded
    assert "has another password" in played.output
    course.machine.write(f"{ROOT}/backup/password", PASSWORD)
