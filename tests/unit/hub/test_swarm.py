"""What SwarmLabSpawner asks of a swarm; a recorder stands in for the swarm itself."""

import asyncio
import logging
import re
from types import SimpleNamespace

import docker
import pytest
from courseware.hub_settings import SwarmSettings
from docker.errors import NotFound
from jupyterhub import orm
from jupyterhub.objects import Hub
from labhub import swarm as module
from labhub.configure import configure_labs, configure_swarm
from labhub.homes import Homes
from labhub.spawner import ENDED, NO_IMAGE, LabFailure, LabSpawner
from labhub.swarm import AWAY, CLOSED, FULL, SwarmLabSpawner
from requests.exceptions import ConnectionError as NoConnection
from traitlets.config import Config


class Engine(SwarmLabSpawner):
    """A SwarmLabSpawner whose calls to the engine are noted and answered from a table."""

    _client = docker.APIClient(version="1.41")  # connects to nothing until asked

    def docker(self, method, *args, **kwargs):
        self.calls.append((method, args, kwargs))
        answer = self.answers.get(method)
        future = asyncio.get_running_loop().create_future()
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future

    def called(self, method):
        return [(args, kwargs) for name, args, kwargs in self.calls if name == method]


def not_found():
    return NotFound("gone", response=SimpleNamespace(status_code=404, reason="", url=""))


def node(name="worker-1", state="ready", availability="active"):
    return {
        "ID": f"id-of-{name}",
        "Status": {"State": state, "Addr": "10.0.0.7"},
        "Spec": {"Availability": availability, "Labels": {"syllab.machine": name}},
    }


def task(state="running", *, desired="running", error=""):
    ports = {"Ports": [{"TargetPort": 8888, "PublishedPort": 32768}]}
    return {
        "ID": "t1",
        "NodeID": "id-of-worker-1",
        "CreatedAt": "2024-07-20T09:00:00Z",
        "DesiredState": desired,
        "Status": {"State": state, "Err": error, "PortStatus": ports},
    }


@pytest.fixture
def make(settings):
    """A function that makes a participant's lab, with homes that are pinned or on NFS."""

    def make(homes="pinned", username="p01"):
        c = Config()
        swarm = SwarmSettings(homes=homes)
        configure_labs(c, settings)
        configure_swarm(c, settings, swarm)
        user = SimpleNamespace(
            name=username, escaped_name=username, url="/user/p01/", settings={}, state=None, id=1
        )
        db = orm.new_session_factory("sqlite://")()
        saved = orm.Spawner(name="", server=orm.Server(base_url="/user/p01/"))
        db.add(saved)
        db.commit()
        lab = Engine(
            config=c,
            user=user,
            hub=Hub(ip="10.0.0.1", port=8003, base_url="/hub/"),
            api_token="token",
            oauth_client_id="jupyterhub-user-p01",
            orm_spawner=saved,
        )
        lab.log = logging.getLogger("test")
        lab.object_id = "s1"
        lab.calls = []
        lab.answers = {
            "create_service": {"ID": "s1"},
            "tasks": [task()],
            "nodes": [node(), node("worker-2")],
            "inspect_node": node(),
            "inspect_task": not_found(),
            "service_logs": (word for word in (b"no space\n", b"left\n")),
        }
        return lab

    settings.state.mkdir()
    return make


@pytest.fixture
def lab(make):
    return make()


def asked(lab):
    """What the swarm is asked for: the service's task and the rest."""
    asyncio.run(lab.create_object())
    [((spec,), rest)] = lab.called("create_service")
    return spec, rest


def test_the_task_is_confined(lab, settings):
    spec, rest = asked(lab)
    container = spec["ContainerSpec"]
    assert container["Image"] == settings.image
    assert container["Args"] == ["syllab-lab"]
    assert container["User"] == "70123:70123"
    assert container["CapabilityDrop"] == ["ALL"]
    assert "CapabilityAdd" not in container
    assert container["ReadOnly"] is container["Init"] is True
    assert container["Ulimits"] == [{"Name": "core", "Soft": 0, "Hard": 0}]
    limits = {"MemoryBytes": 2**30, "NanoCPUs": 2_500_000_000, "Pids": 300}
    assert spec["Resources"]["Limits"] == limits
    assert spec["LogDriver"]["Options"]["max-size"] == "1m"
    assert spec["RestartPolicy"] == {"Condition": "none"}
    labels = {"syllab.instance": "course-1f", "syllab.user": "p01"}
    assert container["Labels"] == rest["labels"] == labels


def test_memory_is_reserved_on_a_worker_and_the_port_is_the_workers_own(lab):
    spec, rest = asked(lab)
    assert spec["Resources"]["Reservations"] == {"MemoryBytes": 2**30}
    assert spec["Placement"] == {"Constraints": ["node.role==worker"]}
    assert spec["Networks"] == [{"Target": "bridge"}]
    (port,) = rest["endpoint_spec"]["Ports"]
    assert (port["PublishMode"], port["TargetPort"]) == ("host", 8888)
    assert rest["endpoint_spec"]["Mode"] == "dnsrr"


def test_home_and_tmp_are_named_volumes_and_programs_run_in_tmp(lab):
    home, tmp = asked(lab)[0]["ContainerSpec"]["Mounts"]
    assert (home["Type"], home["Source"], home["Target"]) == (
        "volume", "course-1f-home-p01", "/home/lab",
    )  # fmt: skip
    assert (tmp["Type"], tmp["Target"]) == ("volume", "/tmp")
    assert tmp["Source"]  # the engine leaves one without a name behind
    options = tmp["VolumeOptions"]["DriverConfig"]["Options"]
    assert options["type"] == "tmpfs"
    assert set(options["o"].split(",")) == {"nosuid", "nodev", "mode=1777", f"size={2**29}"}
    for mount in (home, tmp):
        assert mount["VolumeOptions"]["Labels"] == lab.labels


def test_nothing_of_the_host_is_handed_in(lab):
    lab.volumes = {"/var/run/docker.sock": "/var/run/docker.sock"}
    with pytest.raises(LabFailure):
        asyncio.run(lab.create_object())
    assert lab.calls == []


def test_a_home_on_nfs_is_the_managers_volume(make):
    lab = make("nfs")
    place = "/var/lib/docker/volumes/course-1f-home-p01/_data"
    lab.answers |= {"create_volume": {"Mountpoint": place}, "create_container": {"Id": "c1"}}
    home = asked(lab)[0]["ContainerSpec"]["Mounts"][0]
    assert home["VolumeOptions"]["NoCopy"] is True
    options = home["VolumeOptions"]["DriverConfig"]["Options"]
    assert options["type"] == "nfs"
    assert options["device"] == f":{place}"
    assert "addr=127.0.0.1" in options["o"].split(",")
    assert home["Source"] != "course-1f-home-p01"
    # The engine has put the image's home and its owner there.
    assert lab.called("create_container")[0][1]["host_config"]["Binds"] == [
        "course-1f-home-p01:/home/lab:rw"
    ]
    assert lab.called("remove_container") == [(("c1",), {})]


@pytest.mark.parametrize("username", ["a.b_c-d", "x-", "long" * 30])
def test_services_names_are_fit_for_the_dns(make, username):
    name = make(username=username).object_name
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name)
    assert name != make(username=f"{username}x").object_name


def test_a_lab_is_reached_at_its_workers_address(lab):
    assert asyncio.run(lab.get_ip_and_port()) == ("10.0.0.7", 32768)


def test_a_lab_stays_with_its_home(lab, settings):
    asyncio.run(lab.start_object())
    assert Homes(settings.state / "homes.json").machine("p01") == "worker-1"
    place = asked(lab)[0]["Placement"]
    assert place["Constraints"] == ["node.role==worker", "node.labels.syllab.machine==worker-1"]


def test_start_waits_for_the_task(lab, monkeypatch):
    monkeypatch.setattr(module, "TRY_EVERY", 0)

    async def main():
        start = asyncio.create_task(lab.start_object())
        async with asyncio.timeout(5):
            for lab.answers["tasks"] in ([], [task("pending")], [task("starting")]):
                before = len(lab.calls)
                while len(lab.calls) < before + 2:
                    await asyncio.sleep(0)
                assert not start.done()
        lab.answers["tasks"] = [task()]
        await asyncio.wait_for(start, 5)

    asyncio.run(main())


def test_homes_on_nfs_are_not_noted(make, settings):
    asyncio.run(make("nfs").start_object())
    assert not (settings.state / "homes.json").exists()


@pytest.mark.parametrize(
    ("there", "sentence"),
    [(node(state="down"), AWAY), (node(availability="pause"), CLOSED)],
)
def test_who_cant_get_to_the_home_is_told(lab, settings, caplog, there, sentence):
    Homes(settings.state / "homes.json").place("p01", "worker-1")
    lab.answers["nodes"] = [there, node("worker-2")]
    with pytest.raises(LabFailure) as failure:
        asyncio.run(lab.create_object())
    assert failure.value.jupyterhub_message == sentence
    assert "p01" in caplog.text
    assert "worker-1" in caplog.text
    assert Homes(settings.state / "homes.json").machine("p01") == "worker-1"


def test_a_machine_that_joined_anew_still_has_the_homes(lab, settings):
    Homes(settings.state / "homes.json").place("p01", "worker-1")
    lab.answers["nodes"] = [node(state="down"), node()]
    assert "node.labels.syllab.machine==worker-1" in asked(lab)[0]["Placement"]["Constraints"]


def test_a_home_is_lost_with_the_machine_that_was_removed(lab, settings):
    homes = Homes(settings.state / "homes.json")
    homes.place("p01", "worker-1")
    homes.place("p02", "worker-1")
    lab.answers["nodes"] = [node("worker-2")]
    assert asked(lab)[0]["Placement"]["Constraints"] == ["node.role==worker"]
    assert homes.machine("p01") is None
    assert homes.machine("p02") == "worker-1"


def test_who_finds_no_machine_is_told_and_nothing_is_left(lab, caplog, monkeypatch):
    monkeypatch.setattr(module, "PLACE_TIMEOUT", 0)
    full = "no suitable node (insufficient resources on 2 nodes)"
    lab.answers["tasks"] = [task("pending", error=full)]
    with pytest.raises(LabFailure) as failure:
        asyncio.run(lab.start_object())
    assert failure.value.jupyterhub_message == FULL
    assert "insufficient resources on 2 nodes" in caplog.text
    assert lab.called("remove_service") == [(("s1",), {})]


@pytest.mark.parametrize(
    ("state", "error", "sentence"),
    [
        ("rejected", "No such image: sha256:aa", NO_IMAGE),
        ("failed", "task: non-zero exit (3)", ENDED),
    ],
)
def test_a_lab_that_ends_at_once_is_told_with_its_last_words(lab, caplog, state, error, sentence):
    lab.answers["tasks"] = [task(state, error=error)]
    with pytest.raises(LabFailure) as failure:
        asyncio.run(lab.start_object())
    assert failure.value.jupyterhub_message == sentence
    assert error in caplog.text
    assert ("left" in caplog.text) == (state == "failed")
    assert lab.called("remove_service") == [(("s1",), {})]


def test_a_lab_that_runs_is_not_ended(lab):
    assert asyncio.run(lab.poll()) is None


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (node(state="down"), "its machine worker-1 doesn't answer"),
        (node(availability="drain"), "its machine worker-1 takes no labs any more"),
    ],
)
def test_a_lab_is_missed_when_its_machine_is_gone(lab, there, reason):
    lab.answers |= {"tasks": [task(desired="shutdown")], "inspect_node": there}
    assert asyncio.run(lab.poll()) == reason
    assert lab.called("remove_service") == [(("s1",), {})]
    assert lab.object_id == ""


def test_a_swarm_that_is_silent_for_a_moment_ends_no_lab(lab):
    lab.answers["tasks"] = NoConnection("gone")
    assert asyncio.run(lab.poll()) is None


def test_stop_waits_until_the_lab_has_ended(lab, monkeypatch):
    monkeypatch.setattr(module, "TRY_EVERY", 0)

    async def main():
        lab.answers["inspect_task"] = task()
        stop = asyncio.create_task(lab.stop())
        async with asyncio.timeout(5):
            while len(lab.called("inspect_task")) < 3:
                await asyncio.sleep(0)
        assert not stop.done()
        lab.answers["inspect_task"] = not_found()
        await asyncio.wait_for(stop, 5)

    asyncio.run(main())
    assert lab.called("remove_service") == [(("s1",), {})]


def test_stop_doesnt_wait_for_a_machine_that_is_gone(lab):
    lab.answers |= {"inspect_task": task(), "inspect_node": node(state="down")}
    asyncio.run(asyncio.wait_for(lab.stop(), 5))


def test_one_machine_needs_no_swarm(settings):
    c = Config()
    configure_labs(c, settings)
    assert c.JupyterHub.spawner_class is LabSpawner
