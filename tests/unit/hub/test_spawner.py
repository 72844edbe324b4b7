"""What LabSpawner asks of the engine; a recorder stands in for the engine itself."""

import asyncio
import logging
import re
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import docker
import labhub
import pytest
from docker.errors import APIError, DockerException, ImageNotFound
from jupyterhub import orm
from jupyterhub.objects import Hub
from labhub import confinement
from labhub import spawner as module
from labhub.admission import Admission
from labhub.configure import configure_labs
from labhub.spawner import NO_ENGINE, NO_IMAGE, REFUSED, LabFailure, LabSpawner
from requests.exceptions import ConnectionError as NoConnection
from sqlalchemy.orm import object_session
from traitlets.config import Config


class Engine(LabSpawner):
    """A LabSpawner whose calls to the engine are noted and answered from a table."""

    _client = docker.APIClient(version="1.41")  # connects to nothing until asked
    _running = SimpleNamespace(includes=lambda container: False)  # so the engine is asked

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


def not_found(message="no such container"):
    return APIError(message, response=SimpleNamespace(status_code=404, reason="", url=""))


@pytest.fixture
def lab(settings):
    c = Config()
    configure_labs(c, settings)
    user = SimpleNamespace(
        name="p01", escaped_name="p01", url="/user/p01/", settings={}, state=None, id=1
    )
    db = orm.new_session_factory("sqlite://")()
    saved = orm.Spawner(name="", server=orm.Server(base_url="/user/p01/"))
    db.add(saved)
    db.commit()
    lab = Engine(
        config=c,
        user=user,
        hub=Hub(ip="172.30.0.1", port=8081, base_url="/hub/"),
        api_token="token",
        oauth_client_id="jupyterhub-user-p01",
        orm_spawner=saved,
    )
    Engine._line = None
    lab.calls = []
    lab.answers = {"create_container": {"Id": "c0ffee"}, "inspect_container": not_found()}
    yield lab
    db.close()


def test_the_container_is_confined(lab, settings):
    asyncio.run(lab.create_object())
    [(_, asked)] = lab.called("create_container")
    host = asked["host_config"]
    assert host["CapDrop"] == ["ALL"]
    assert "CapAdd" not in host
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert host["Init"] is True
    assert not host.get("Privileged")
    assert host["Memory"] == host["MemorySwap"] == 2**30
    assert (host["CpuQuota"], host["CpuPeriod"]) == (250_000, 100_000)
    assert host["PidsLimit"] == 300
    assert host["NetworkMode"] == "course-net"
    assert not host.get("PortBindings")
    assert host["Binds"] == ["course-1f-home-p01:/home/lab:rw"]
    assert not host.get("Mounts")
    options = host["Tmpfs"]["/tmp"].split(",")
    assert {"exec", "nosuid", "nodev", f"size={2**29}"} <= set(options)
    assert host["LogConfig"]["Config"]["max-size"] == "1m"
    assert asked["user"] == "70123:70123"
    assert asked["image"] == settings.image
    assert asked["name"] == "course-1f-p01"
    assert asked["command"] == ["syllab-lab"]
    assert asked["labels"] == {"syllab.instance": "course-1f", "syllab.user": "p01"}


def test_the_home_is_labelled_and_made_first(lab):
    asyncio.run(lab.create_object())
    assert [name for name, _, _ in lab.calls] == ["create_volume", "create_container"]
    [(args, asked)] = lab.called("create_volume")
    assert args == ("course-1f-home-p01",)
    assert asked["labels"] == {"syllab.instance": "course-1f", "syllab.user": "p01"}


def test_names_with_dots_and_dashes_stay_readable(lab):
    lab.user.name = "a.b_c-d"
    assert lab._object_name_default() == "course-1f-a.b_c-d"
    assert list(lab.volume_binds) == ["course-1f-home-a.b_c-d"]


def test_the_environment_has_thread_counts_and_nothing_of_the_hosts(lab, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    env = lab.get_env()
    assert {env[name] for name in confinement.THREADS} == {"2"}
    assert env["JUPYTERHUB_API_URL"] == "http://172.30.0.1:8081/hub/api"
    assert not {"DOCKER_HOST", "SECRET_OF_THE_HOST", "HOME", "PATH"} & set(env)


def test_fractions_of_a_processor_get_one_thread(lab):
    lab.cpu_limit = 0.5
    assert lab.get_env()["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    "given",
    [
        {"volumes": {"/var/run/docker.sock": "/var/run/docker.sock"}},
        {"mounts": [{"source": "/", "target": "/host", "type": "bind"}]},
        {"read_only_volumes": {"/etc": "/host"}},
    ],
)
def test_nothing_of_the_host_is_handed_in(lab, given):
    for name, value in given.items():
        setattr(lab, name, value)
    with pytest.raises(LabFailure):
        asyncio.run(lab.create_object())
    assert lab.calls == []


def test_no_limits_no_lab(lab):
    lab.mem_limit = None
    with pytest.raises(ValueError, match="mem_limit"):
        asyncio.run(lab.create_object())


@pytest.mark.parametrize(
    ("method", "error", "sentence"),
    [
        ("inspect_image", ImageNotFound("x", response=None), NO_IMAGE),
        ("inspect_image", DockerException("no socket"), NO_ENGINE),
        ("create_container", NoConnection("gone"), NO_ENGINE),
        ("start", APIError("x", explanation="network course-net not found"), REFUSED),
    ],
)
def test_failures_are_one_sentence_and_one_line(lab, caplog, method, error, sentence):
    lab.log = logging.getLogger("test")
    lab.answers[method] = error
    with caplog.at_level(logging.ERROR), pytest.raises(LabFailure) as failure:
        asyncio.run(lab.start())
    assert failure.value.jupyterhub_message == sentence
    assert failure.value.status_code == 503
    assert len(caplog.records) == 1
    assert "p01" in caplog.text


def test_the_user_is_the_images_own_and_nobody_on_the_host():
    images = Path(labhub.__file__).parents[2] / "images"
    (uid,) = re.findall(r"^ARG LAB_UID=(\d+)$", (images / "lab/Dockerfile").read_text(), re.M)
    assert f"{uid}:{uid}" == module.USER
    assert int(uid) > 65535
    for recipe in ("nest", "course"):
        lines = (images / recipe / "Dockerfile").read_text().splitlines()
        assert [line for line in lines if line.startswith("USER")][-1] == f"USER {module.USER}"


def running(ip="127.0.0.1", **state):
    state = {"Running": True, "Status": "running", "ExitCode": 0, "OOMKilled": False} | state
    networks = {"course-net": {"IPAddress": ip}}
    return {"Id": "c0ffee", "State": state, "NetworkSettings": {"Networks": networks}}


def test_start_waits_until_the_lab_listens(lab):
    async def main():
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            lab.port = listener.getsockname()[1]
            lab.answers["inspect_container"] = running()
            task = asyncio.create_task(lab.start())
            await asyncio.sleep(0.3)
            assert not task.done()
            listener.listen()
            return await asyncio.wait_for(task, 5)

    assert asyncio.run(main()) == ("127.0.0.1", lab.port)


def test_a_lab_that_ends_at_once_is_told_and_its_words_logged(lab, caplog, monkeypatch):
    monkeypatch.setattr(module, "LOOK_EVERY", 0.1)
    lab.log = logging.getLogger("test")
    lab.port = 1  # nobody listens there
    lab.object_id = "c0ffee"
    lab.answers["inspect_container"] = running(
        Running=False, Status="exited", ExitCode=137, OOMKilled=True
    )
    lab.answers["logs"] = b"no space\x1b[2Jleft\n"
    with caplog.at_level(logging.WARNING), pytest.raises(LabFailure):
        asyncio.run(lab._answering("127.0.0.1", 1))
    assert "no space\\x1b[2Jleft" in caplog.text
    assert "exit code 137, out of memory" in caplog.text
    assert lab.called("remove_container") == [(("c0ffee",), {"v": True, "force": True})]
    assert lab.object_id == ""


@pytest.mark.parametrize("word", ["x", "\N{PILE OF POO}"])
def test_last_words_are_short(lab, caplog, word):
    lab.log = logging.getLogger("test")
    lab.object_id = "c0ffee"
    lab.answers["inspect_container"] = running(Running=False, Status="exited", ExitCode=1)
    lab.answers["logs"] = (word * 80_000).encode()
    with caplog.at_level(logging.WARNING):
        asyncio.run(lab.poll())
    [record] = caplog.records
    assert len(record.getMessage()) == len("course-1f-p01: ") + 300


def test_nothing_about_a_lab_is_its_participants_to_choose(lab, settings):
    """As after /hub/spawn?image=evil: JupyterHub saves the options, then sets them."""
    lab.orm_spawner.user_options = {"image": "evil"}
    session = object_session(lab.orm_spawner)
    session.commit()
    lab.user_options = lab.orm_spawner.user_options
    assert lab.user_options == {}
    lab.answers["inspect_container"] = not_found()
    lab.answers["start"] = APIError("stop here", explanation="enough for this test")
    with pytest.raises(LabFailure):
        asyncio.run(lab.start())
    [(_, asked)] = lab.called("create_container")
    assert asked["image"] == settings.image
    session.rollback()  # as JupyterHub does after a request that left changes
    assert lab.orm_spawner.user_options == {}


def test_an_engine_that_is_silent_for_a_moment_ends_no_lab(lab):
    lab.object_id = "c0ffee"
    lab.answers["inspect_container"] = NoConnection("gone")
    assert asyncio.run(lab.poll()) is None


def test_a_container_that_is_gone_is_not_running(lab):
    lab.object_id = "c0ffee"
    assert asyncio.run(lab.poll()) == "the container is gone"


def test_stop_removes_the_container_and_keeps_the_home(lab):
    lab.object_id = "c0ffee"
    asyncio.run(lab.stop())
    assert [name for name, _, _ in lab.calls] == ["stop", "remove_container"]
    assert lab.object_id == ""


def test_those_who_wait_are_told_their_place_and_the_time(lab):
    lab.answers["inspect_container"] = running()

    async def main():
        answers = asyncio.Event()

        async def wait(ip, port):
            await answers.wait()

        lab._answering = wait
        type(lab)._line = Admission(1)
        with lab._line.join():  # somebody else's starts
            start = asyncio.create_task(lab.start())
            said = lab.progress()
            asked = await anext(said)
            waiting = await anext(said)
        starting = await anext(said)
        answers.set()
        await start
        return [each["message"] for each in (asked, waiting, starting)]

    asked, waiting, starting = asyncio.run(asyncio.wait_for(main(), 5))
    assert asked == "Your lab has been asked for."
    assert waiting == "You are number 1 in the line: about 3 s."
    assert starting.startswith("Your lab is starting: about ")


def test_the_waiting_page_hears_something_every_other_second(lab, monkeypatch):
    monkeypatch.setattr(module, "SAY_EVERY", 0)

    async def main():
        said = lab.progress()
        return [await anext(said) for _ in range(2)]

    first, second = asyncio.run(main())
    assert first == second


def test_a_start_does_not_wait_for_slow_calls(settings):
    """Which take all their threads until the start's own call was answered."""
    answered = threading.Event()
    calls = SimpleNamespace(stop=lambda: answered.wait(5), inspect_container=lambda: answered.set())

    class Slow(LabSpawner):
        def _docker(self, method):
            return getattr(calls, method)()

    async def main():
        lab = Slow()
        stops = [lab.docker("stop") for _ in range(20)]
        await lab.docker("inspect_container")
        assert all(await asyncio.gather(*stops))

    asyncio.run(main())


def test_who_runs_for_sure_is_not_inspected(lab):
    class Known(Engine):
        _running = SimpleNamespace(includes=lambda container: container == "c0ffee")

    lab.__class__ = Known
    lab.object_id = "c0ffee"
    assert asyncio.run(lab.poll()) is None
    assert lab.calls == []
    lab.object_id = "decaf"
    assert asyncio.run(lab.poll()) == "the container is gone"


def test_configuration_leaves_the_safe_defaults(lab):
    assert lab.remove
    assert lab.pull_policy == "never"
    assert lab.use_internal_ip
    assert not lab.allowed_images  # so no user option can name another
    assert lab.env_keep == []
