"""A participant's lab: their own, working, and locked in."""

from __future__ import annotations

import json
import textwrap

import docker
import pytest
from participant import Participant
from running_course import RunningCourse


@pytest.fixture(scope="module")
def ada(running_course: RunningCourse) -> Participant:
    return running_course.in_lab("ada")


@pytest.fixture(scope="module")
def bo(running_course: RunningCourse) -> Participant:
    return running_course.in_lab("bo.li-2")


def probe(participant: Participant, code: str):
    """What `code` leaves in `answer` when run in the participant's lab."""
    # In one piece: what the simulator prints by its own way comes in between pieces.
    tell = "\nimport json; print('\\nanswer: ' + json.dumps(answer))"
    printed = participant.run(textwrap.dedent(code) + tell)
    (line,) = (line for line in printed.splitlines() if line.startswith("answer:"))
    return json.loads(line.removeprefix("answer:"))


def container(course: RunningCourse, username: str) -> docker.models.containers.Container:
    labels = [f"syllab.instance={course.instance}", f"syllab.user={username}"]
    (found,) = docker.from_env().containers.list(filters={"label": labels})
    return found


def reaches(participant: Participant, *addresses: tuple[str, int]) -> list[bool]:
    """Whether the lab gets a connection, or a refusal from a host that it can talk to."""
    return probe(
        participant,
        f"""
        import socket
        def reaches(address):
            try:
                socket.create_connection(address, timeout=3).close()
            except ConnectionRefusedError:
                return True
            except OSError:
                return False
            return True
        answer = [reaches(tuple(a)) for a in {list(addresses)!r}]
        """,
    )


def test_nest_simulates(ada):
    rate = probe(
        ada,
        """
        import nest
        nest.verbosity = nest.VerbosityLevel.ERROR
        neuron = nest.Create("iaf_psc_alpha", params={"I_e": 500.0})
        recorder = nest.Create("spike_recorder")
        nest.Connect(neuron, recorder)
        nest.Simulate(1000.0)
        answer = recorder.n_events
        """,
    )
    assert 62 <= rate <= 64  # the f-I curve of iaf_psc_alpha at 500 pA


def test_a_nestml_model_compiles_with_no_option_and_runs(ada):
    potential = probe(
        ada,
        '''
        import pathlib, nest
        from pynestml.frontend.pynestml_frontend import generate_nest_target
        pathlib.Path("leaky_probe.nestml").write_text("""
        model leaky_probe_neuron:
            state:
                V_m mV = -60 mV
            equations:
                V_m' = -(V_m - E_L) / tau
            parameters:
                tau ms = 10 ms
                E_L mV = -70 mV
            update:
                integrate_odes()
        """)
        generate_nest_target("leaky_probe.nestml", target_path="/tmp/leaky_probe",
                             module_name="leaky_probe_module", logging_level="ERROR")
        nest.Install("leaky_probe_module")
        neuron = nest.Create("leaky_probe_neuron")
        nest.Simulate(10.0)
        answer = neuron.V_m
        ''',
    )
    assert potential == pytest.approx(-70 + 10 * 2.718281828**-1, abs=1e-3)


def test_it_is_locked_in(ada, running_course):
    status = probe(ada, "answer = open('/proc/self/status').read()")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {
        "0" * 16
    }
    assert fields["NoNewPrivs"] == "1"
    assert fields["Uid"].split() == ["70123"] * 4
    assert fields["Seccomp"] == "2"
    host = container(running_course, "ada").attrs["HostConfig"]
    limits = running_course.settings["lab"]
    assert host["Memory"] == host["MemorySwap"] == limits["memory_bytes"]
    assert host["PidsLimit"] == limits["pids"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]


def test_memory_beyond_the_limit_ends_the_kernel_only(ada, running_course):
    size = running_course.settings["lab"]["memory_bytes"] + 2**28
    code = f"""
    import subprocess, sys
    answer = subprocess.run([sys.executable, "-c", "bytearray({size})"]).returncode
    """
    assert probe(ada, code) == -9
    assert probe(ada, "answer = 1") == 1


def test_a_fork_bomb_stops_at_the_limit(ada, running_course):
    code = """
    import subprocess
    sleepers = []
    try:
        for _ in range(2000):
            sleepers.append(subprocess.Popen(["sleep", "60"]))
    except OSError:
        pass
    answer = len(sleepers)
    for sleeper in sleepers:
        sleeper.kill(); sleeper.wait()
    """
    assert probe(ada, code) < running_course.settings["lab"]["pids"]


def test_the_root_file_system_cant_be_written_the_home_and_tmp_can(ada):
    code = """
    import pathlib
    def writable(folder):
        try:
            pathlib.Path(folder, "probe").write_text("x")
        except OSError:
            return False
        return True
    folders = ("/", "/etc", "/opt", "/usr", "/home/lab", "/tmp")
    answer = {folder: writable(folder) for folder in folders}
    """
    answer = probe(ada, code)
    assert [folder for folder, can in answer.items() if can] == ["/home/lab", "/tmp"]


def test_the_engines_socket_is_not_there(ada):
    code = """
    import os
    mounts = open("/proc/self/mountinfo").read()
    answer = "docker.sock" in mounts or os.path.exists("/var/run/docker.sock")
    """
    assert probe(ada, code) is False


def test_no_traffic_between_labs(ada, bo, running_course):
    network = running_course.settings["network"]
    neighbour = container(running_course, "bo.li-2").attrs["NetworkSettings"]["Networks"][network]
    own = container(running_course, "ada").attrs["NetworkSettings"]["Networks"][network]
    answer = reaches(ada, (neighbour["IPAddress"], 8888), (own["IPAddress"], 8888))
    assert answer == [False, True]


def test_the_host_answers_on_the_hubs_api_only(ada, running_course):
    hub = running_course.settings["hub"]
    gateway = hub["ip"]
    addresses = [
        (gateway, hub["port"]),
        (gateway, 22),
        (gateway, running_course.port),
        (gateway, 9),
    ]
    assert reaches(ada, *addresses) == [True, False, False, False]


def test_no_cloud_metadata_and_no_private_network(ada):
    addresses = [("169.254.169.254", 80), ("100.100.100.200", 80), ("10.0.0.1", 80)]
    assert reaches(ada, *addresses) == [False, False, False]


def test_no_ipv6_way_around(ada):
    assert probe(ada, "answer = [l.split()[5] for l in open('/proc/net/if_inet6')]") in ([], ["lo"])


def test_no_secret_of_the_host_in_the_environment(ada, running_course):
    environment = probe(ada, "import os; answer = dict(os.environ)")
    state = running_course.var / "hub" / "state"
    secrets = [
        p.read_text(errors="ignore").strip()
        for p in state.iterdir()
        if p.is_file() and ".sqlite" not in p.name
    ]
    for secret in filter(None, secrets):
        assert secret not in json.dumps(environment)
    assert int(environment["OMP_NUM_THREADS"]) == max(
        1, int(running_course.settings["lab"]["cpus"])
    )


def test_another_participants_lab_is_closed(ada, bo):
    assert bo.http.get(f"{ada.lab}/lab").status_code == 403
    assert bo.http.get(f"{ada.lab}/api/contents").status_code == 403


def test_organisers_and_helpers_cant_open_a_participants_lab(ada, running_course):
    for username in ("olga", "helga"):
        other = running_course.participant(username)
        other.log_in().raise_for_status()
        assert other.http.get(f"{ada.lab}/lab").status_code == 403


def test_the_labs_token_cant_reach_another_user(ada, bo):
    code = """
    import json, os, urllib.request, urllib.error
    def status(path):
        request = urllib.request.Request(os.environ["JUPYTERHUB_API_URL"] + path,
            headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
        try:
            return urllib.request.urlopen(request, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code
    answer = [status("/users/bo.li-2"), status("/users"), status("/services")]
    """
    assert all(status in (403, 404) for status in probe(ada, code))
