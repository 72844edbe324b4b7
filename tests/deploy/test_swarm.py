"""Labs on several machines: a swarm made by the roles, and a hub that starts its labs there.

The hub is this copy's, run here as a process in the manager's network, with the manager's engine:
it has the addresses and meets the firewalls of one that runs there. Nobody grades. A lab is allowed
nearly half of a machine's memory, so that two fit on each.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest
import requests
import websocket
from cloudlab import engine, environments
from cloudlab.images import Builder
from cloudlab.network import FORBIDDEN
from cloudlab.workspace import REPOSITORY, Workspace, environment
from courseware import passphrase
from courseware.hub_settings import HubSettings
from deploy.machines import Machine, Machines
from integration.test_lab import probe, reaches
from labhub.swarm import AWAY, CLOSED, FULL
from participant import Participant

PEOPLE = ("ada", "bo.li-2", "cy", "di", "eve", "flo")
SET_UP = """
- hosts: all
  gather_facts: false
  roles: [syllab_base, syllab_docker, syllab_swarm, syllab_homes]
"""
TAKE_AWAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: syllab_swarm, tasks_from: remove}
    - ansible.builtin.import_role: {name: syllab_homes, tasks_from: remove}
"""
HUB_CONFIG = f"""
from pathlib import Path
from labhub.configure import configure_all
from labhub.settings import from_environment
c = get_config()
configure_all(c, *from_environment(), Path("{REPOSITORY}/hub/templates"))
c.JupyterHub.services = [{{"name": "lifecycle"}}]  # for its role: it is not run, nor a grader
c.SwarmLabSpawner.poll_interval = 2  # seconds, not 30
"""


@dataclass
class Swarm:
    """A manager, workers by name, and a hub in the manager's network."""

    machines: Machines
    folder: Path
    image: str
    manager: Machine
    workers: dict[str, Machine]
    port: int
    """Of this machine's loopback, where the hub is reached."""
    lost: dict[str, Machine] = field(default_factory=dict)
    programs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, name: str) -> Machine:
        """Boot a worker that has the labs' image."""
        machine = self.workers[name] = self.machines.start(name)
        send(self.image, machine)
        return machine

    def lose(self, name: str) -> None:
        """Cut a worker's power."""
        self.lost[name] = self.workers.pop(name)
        self.lost[name].kill()

    def play(self, playbook: Path, **variables: object) -> str:
        """Run a playbook; what Ansible said. It must succeed."""
        inventory = self.machines.inventory(
            manager=[self.manager], workers=list(self.workers.values())
        )
        everywhere = inventory.with_name("group_vars") / "all.yml"
        everywhere.parent.mkdir(exist_ok=True)
        everywhere.write_text('syllab_private_address: "{{ ansible_host }}"\n')
        given = self.folder / "variables.json"
        given.write_text(json.dumps(self.variables() | variables))
        ansible = REPOSITORY / "infra" / "ansible"
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "--inventory", inventory,
             "--extra-vars", f"@{given}", playbook],
            env=os.environ | {"ANSIBLE_CONFIG": str(ansible / "ansible.cfg"),
                              "ANSIBLE_ROLES_PATH": str(ansible / "roles")},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def variables(self) -> dict[str, object]:
        machines = [self.manager, *self.workers.values()]
        return {
            "syllab_instance": "course",
            "syllab_root": "/srv/syllab/course",
            "syllab_swarm": True,
            "syllab_homes": "pinned",
            "syllab_manager_address": self.manager.address,
            "syllab_peers": [machine.address for machine in machines],
            "syllab_forbidden": FORBIDDEN,
        }

    def set_up(self) -> str:
        return self.play(self._playbook(SET_UP))

    def take_away(self) -> str:
        return self.play(self._playbook(TAKE_AWAY))

    def _playbook(self, text: str) -> Path:
        playbook = self.folder / "playbook.yml"
        playbook.write_text(text)
        return playbook

    def drain(self, name: str, availability: str) -> str:
        """Say whether a worker takes labs, by the organiser's playbook."""
        playbook = REPOSITORY / "infra" / "ansible" / "drain.yml"
        return self.play(playbook, syllab_node=name, syllab_availability=availability)

    def start_hub(self) -> None:
        """Start proxy and hub, and wait until they answer at `port`."""
        pid = docker.from_env().containers.get(self.manager.container).attrs["State"]["Pid"]
        inside = ["nsenter", f"--net=/proc/{pid}/ns/net", environment("hub") / "bin" / "python"]
        file, config = self.folder / "hub.json", self.folder / "config.py"
        env = os.environ | {
            "SYLLAB_HUB_JSON": str(file),
            "DOCKER_HOST": f"unix:///proc/{pid}/root/run/docker.sock",
            "no_proxy": "*",
        }
        for program in (["labhub.proxy", file], ["jupyterhub", "--config", config]):
            command = [*map(str, inside), "-m", *map(str, program)]
            with (self.folder / f"{program[0]}.log").open("ab") as log:
                self.programs.append(
                    subprocess.Popen(command, env=env, cwd=self.folder, stdout=log, stderr=log)
                )
        way = f"127.0.0.1:{self.port}:127.0.0.1:8000"
        own = ["ssh", "-oControlPath=none", *self.manager.ssh_options]  # the first one counts
        there = f"root@{self.manager.address}"
        self.programs.append(subprocess.Popen([*own, "-qN", "-L", way, there]))
        awaited(lambda: answers(f"http://127.0.0.1:{self.port}/hub/health"))

    def prepare_hub(self) -> None:
        """Write what a hub reads: hub.json, its configuration, accounts and a release."""
        settings = self.settings()
        settings.state.mkdir()
        settings.write(self.folder / "hub.json")
        (self.folder / "config.py").write_text(HUB_CONFIG)
        users = {u: {"name": u, "role": "participant", "hash": passphrase.hash(u)} for u in PEOPLE}
        settings.users.write_text(json.dumps(users))
        settings.release.mkdir()
        manifest = {"image": {"id": settings.image}, "tutorials": []}
        (settings.release / "manifest.json").write_text(json.dumps(manifest))

    def settings(self) -> HubSettings:
        memory = int(next(iter(self.workers.values())).run("docker info --format {{.MemTotal}}"))
        image = docker.from_env().images.get(self.image).id
        return HubSettings.model_validate(
            {
                "instance": "course",
                "title": "A course",
                "release": f"{self.folder}/release",
                "image": image,
                "public": {"ip": "127.0.0.1", "port": 8000},
                "hub": {"ip": self.manager.address, "port": 8003},
                "proxy_api_port": 8001,
                "site_port": 8002,
                "network": "course",
                "users": f"{self.folder}/users.json",
                "state": f"{self.folder}/state",
                "capacity": 10,
                "grader": {
                    "address": {"ip": self.manager.address, "port": 8004},
                    "database": f"sqlite:///{self.folder}/grades.sqlite",
                    "pool": 1,
                },
                "grading": {},
                "lab": {"memory_bytes": int(memory * 0.45), "cpus": 2, "pids": 300},
                "swarm": {"homes": "pinned"},
            }
        )

    def stop_hub(self) -> None:
        for program in self.programs:
            program.terminate()
        while self.programs:
            self.programs.pop().wait()

    def participant(self, username: str) -> Participant:
        """Somebody who is logged in."""
        participant = Participant(f"http://127.0.0.1:{self.port}", username, username)
        participant.log_in().raise_for_status()
        return participant

    def machine_of(self, username: str) -> str:
        """The worker that a participant's lab runs on."""
        (name,) = [name for name in self.workers if self.container(name, username)]
        return name

    def container(self, worker: str, username: str) -> str:
        labels = f"--filter label=syllab.instance=course --filter label=syllab.user={username}"
        return self.workers[worker].run(f"docker ps --quiet {labels}")

    def inspect(self, username: str) -> dict:
        worker = self.machine_of(username)
        container = self.container(worker, username)
        return json.loads(self.workers[worker].run(f"docker inspect {container}"))[0]

    def inner(self, username: str) -> tuple[str, int]:
        """A lab's address on its worker's bridge."""
        return self.inspect(username)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"], 8888

    def published(self, username: str) -> tuple[str, int]:
        """A lab's address for the manager."""
        (port,) = self.inspect(username)["NetworkSettings"]["Ports"]["8888/tcp"]
        return self.workers[self.machine_of(username)].address, int(port["HostPort"])


def send(image: str, machine: Machine) -> None:
    """Put an image of this machine's engine into the machine's."""
    saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    load = ["ssh", *machine.ssh_options, f"root@{machine.address}", "docker load"]
    subprocess.run(load, stdin=saved.stdout, check=True, capture_output=True)
    assert saved.wait() == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # no proxy between this machine and itself
        try:
            return session.get(address, timeout=5).status_code == 200
        except requests.RequestException:
            return False


def awaited(condition: Callable[[], object], seconds: int = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)


def refusal(participant: Participant) -> str:
    """What somebody reads who asks for a lab and gets none."""
    address = f"{participant.address}/hub/api/users/{participant.username}/server"
    answer = participant.http.post(
        address, headers={"X-XSRFToken": participant._xsrf("/hub/"), "Referer": address}
    )
    assert answer.status_code == 503, answer.text
    return answer.json()["message"]


def start(participants: Sequence[Participant]) -> None:
    for participant in participants:
        participant.start_lab()


@pytest.fixture(scope="module")
def swarm(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    folder = tmp_path_factory.mktemp("swarm")
    workspace = Workspace(course=REPOSITORY, var=REPOSITORY / "var")
    environments.ensure_hub(workspace)
    builder = Builder(workspace, engine.ensure(workspace))
    image = builder._ensure_lab(builder.base())
    swarm = Swarm(machines, folder, image, machines.start("manager"), {}, free_port())
    send(image, swarm.manager)
    swarm.add("worker-1")
    swarm.add("worker-2")
    swarm.set_up()
    swarm.prepare_hub()
    try:
        swarm.start_hub()
        yield swarm
    finally:
        swarm.stop_hub()


@pytest.fixture(scope="module")
def people(swarm: Swarm) -> dict[str, Participant]:
    """Everybody, logged in; the first four with a lab, which is as many as fit."""
    people = {username: swarm.participant(username) for username in PEOPLE}
    start(list(people.values())[:4])
    return people


def test_a_second_run_changes_nothing(swarm):
    told = swarm.set_up()
    assert told.count("changed=0") == 3, told


def test_labs_are_spread_over_the_workers(swarm, people):
    where = [swarm.machine_of(username) for username in PEOPLE[:4]]
    assert sorted(where) == ["worker-1", "worker-1", "worker-2", "worker-2"]


def test_who_finds_no_machine_is_told(people):
    assert refusal(people["eve"]) == FULL


def test_a_lab_is_locked_in(swarm, people):
    code = """
    import pathlib, resource, subprocess
    status = open('/proc/self/status').read()
    program = pathlib.Path("/tmp/program")
    program.write_text("#!/bin/sh\\nexit 7\\n")
    program.chmod(0o755)
    def writable(folder):
        try:
            pathlib.Path(folder, "probe").write_text("x")
        except OSError:
            return False
        return True
    answer = {
        "status": dict(line.split(":\\t", 1) for line in status.splitlines() if ":\\t" in line),
        "program": subprocess.run([program]).returncode,
        "writable": [f for f in ("/", "/etc", "/opt", "/home/lab", "/tmp") if writable(f)],
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "first": open("/proc/1/comm").read().strip(),
        "swaps": open("/proc/swaps").read().splitlines()[1:],
    }
    """
    found = probe(people["ada"], code)
    status = found["status"]
    assert {status[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {
        "0" * 16
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split() == ["70123"] * 4
    assert found["program"] == 7  # NESTML runs what it compiled there
    assert found["writable"] == ["/home/lab", "/tmp"]
    assert (found["core"], found["first"], found["swaps"]) == ([0, 0], "docker-init", [])
    host = swarm.inspect("ada")["HostConfig"]
    limits = HubSettings.read(swarm.folder / "hub.json").lab
    assert (host["Memory"], host["PidsLimit"]) == (limits.memory_bytes, limits.pids)
    assert host["LogConfig"]["Config"]["max-size"] == "1m"


def neighbours(swarm: Swarm) -> tuple[str, str, str]:
    """Somebody, somebody on the same worker, and somebody on another one."""
    first, *others = [u for u in PEOPLE if any(swarm.container(w, u) for w in swarm.workers)]
    near = next(u for u in others if swarm.machine_of(u) == swarm.machine_of(first))
    far = next(u for u in others if swarm.machine_of(u) != swarm.machine_of(first))
    return first, near, far


def test_no_traffic_between_labs(swarm, people):
    me, near, far = neighbours(swarm)
    addresses = [
        swarm.inner(near), swarm.published(near), swarm.published(far), swarm.inner(me),
    ]  # fmt: skip
    assert reaches(people[me], *addresses) == [False, False, False, True]


def test_machines_answer_labs_on_the_hubs_and_the_graders_port_only(swarm, people):
    me, _, far = neighbours(swarm)
    manager, here = swarm.manager.address, swarm.workers[swarm.machine_of(me)].address
    gateway = swarm.inspect(me)["NetworkSettings"]["Networks"]["bridge"]["Gateway"]
    allowed = [(manager, 8003), (manager, 8004)]
    denied = [
        (manager, 22), (here, 22), (gateway, 22),
        (swarm.workers[swarm.machine_of(far)].address, 22), ("169.254.169.254", 80),
    ]  # fmt: skip
    assert reaches(people[me], *allowed, *denied) == [True, True] + [False] * len(denied)


def test_only_the_manager_reaches_labs(swarm, people):
    address, port = swarm.published("ada")
    command = f"timeout 3 bash -c '</dev/tcp/{address}/{port}'"
    other = next(w for name, w in swarm.workers.items() if name != swarm.machine_of("ada"))
    assert swarm.manager.ssh(command).returncode == 0
    assert other.ssh(command).returncode != 0
    with pytest.raises(TimeoutError):
        socket.create_connection((address, port), timeout=3)


def test_a_home_outlives_its_lab_and_what_is_in_tmp_does_not(swarm, people):
    ada, before = people["ada"], swarm.machine_of("ada")
    write = (
        "import pathlib; [pathlib.Path(f, 'mine').write_text('x') for f in ('/home/lab', '/tmp')]"
    )
    ada.run(write)
    ada.stop_lab()
    assert not swarm.container(before, "ada")
    ada.start_lab()
    code = "import os; answer = [os.path.exists(f) for f in ('/home/lab/mine', '/tmp/mine')]"
    assert probe(ada, code) == [True, False]
    assert swarm.machine_of("ada") == before


def test_a_lab_that_ends_is_noticed_and_its_last_words_are_logged(swarm, people):
    di = people["di"]
    di.run("import os; open(f'/proc/{os.getppid()}/fd/2', 'w').write('these are my last words\\n')")
    with pytest.raises(websocket.WebSocketException):
        di.run("import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    awaited(lambda: not di.lab_is_ready())
    log = (swarm.folder / "jupyterhub.log").read_text()
    assert "di: task: non-zero exit (137)" in log
    assert "course-di: these are my last words" in log
    di.start_lab()


def test_labs_go_on_while_the_hub_restarts(swarm, people):
    before = {u: swarm.container(swarm.machine_of(u), u) for u in PEOPLE[:4]}
    swarm.stop_hub()
    swarm.start_hub()
    for username, container in before.items():
        people[username] = swarm.participant(username)
        assert people[username].lab_is_ready()
        assert swarm.container(swarm.machine_of(username), username) == container
        people[username].start_lab()  # opens its page


def test_a_worker_that_is_paused_gets_no_labs_and_keeps_those_it_has(swarm, people):
    paused = swarm.machine_of("ada")
    (near,) = [u for u in PEOPLE[1:4] if swarm.machine_of(u) == paused]
    far = next(u for u in PEOPLE[1:4] if swarm.machine_of(u) != paused)
    told = swarm.drain(paused, "pause")
    assert "course-ada" in told
    people[near].stop_lab()
    people[far].stop_lab()
    people["eve"].start_lab()
    assert swarm.machine_of("eve") != paused
    assert probe(people["ada"], "answer = 1") == 1
    assert refusal(people[near]) == CLOSED
    swarm.drain(paused, "active")
    people[near].start_lab()
    assert swarm.machine_of(near) == paused


def test_a_worker_that_is_lost_is_noticed_and_told(swarm, people):
    ada, lost = people["ada"], swarm.machine_of("ada")
    swarm.lose(lost)
    awaited(lambda: not ada.lab_is_ready())
    assert refusal(ada) == AWAY
    (node,) = swarm.manager.run(
        f"docker node ls --quiet --filter node.label=syllab.machine={lost}"
    ).split()
    log = (swarm.folder / "jupyterhub.log").read_text()
    assert f"its machine {lost} doesn't answer" in log
    assert f"docker node rm --force {node}" in log
    swarm.manager.run(f"docker node rm --force {node}")
    people["eve"].stop_lab()  # makes room
    ada.start_lab()
    assert [swarm.machine_of("ada")] == list(swarm.workers)
    assert probe(ada, "import os; answer = os.path.exists('/home/lab/mine')") is False


def test_workers_that_are_added_are_used(swarm, people):
    """A new one, and the lost one: it boots again, but the swarm has forgotten it."""
    [(name, machine)] = swarm.lost.items()
    machine.boot()
    swarm.workers[name] = machine
    swarm.add("worker-3")
    swarm.set_up()
    homes = json.loads((swarm.folder / "state" / "homes.json").read_text())
    (old,) = [username for username, machine in homes.items() if machine == name]
    start([people[old], people["flo"]])
    assert (swarm.machine_of(old), swarm.machine_of("flo")) == (name, "worker-3")
    manager = swarm.manager.address
    assert reaches(people[old], (manager, 8003), (manager, 22)) == [True, False]


def test_nothing_is_left_when_it_is_taken_away(swarm):
    swarm.stop_hub()
    swarm.take_away()
    for machine in (swarm.manager, *swarm.workers.values()):
        assert machine.run("docker info --format {{.Swarm.LocalNodeState}}") == "inactive"
        assert machine.run("docker ps --quiet; docker volume ls --quiet") == ""
        assert "SYLLAB" not in machine.run("iptables-save")
        assert "syl" not in machine.run(
            "docker network ls; ls /etc/systemd/system | grep labs || :"
        )
    assert swarm.take_away().count("changed=0") == 1 + len(swarm.workers)
