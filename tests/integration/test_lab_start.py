"""What a lab's start costs: packages that its server imports, and memory that it then holds.

The lab's hub is a stand-in with little to say; with the real one, labs start in other tests.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import docker
import pytest
import requests
from docker.models.containers import Container
from docker.models.images import Image
from running_course import RunningCourse

READY = 60  # seconds
MEMORY = 60_000_000  # bytes that an idle lab may take; it took 45 MB when this was written

# Every start of every lab, or the first visit to it, pays for each:
# `python -X importtime /opt/lab/bin/syllab-lab` says how much. What a lab doesn't need of a new
# one can be kept out: see images/lab/syllab_lab/lean.py.
PACKAGES = """
anyio attr attrs babel courseware dateutil _distutils_hack fastjsonschema idna ipykernel jinja2
json5 jsonschema jsonschema_specifications jupyter_builder jupyter_client jupyter_core
jupyter_events jupyter_server jupyter_server_proxy jupyter_server_terminals jupyterhub jupyterlab
jupyterlab_server markupsafe nbformat nest_lab notebook_shim overrides packaging platformdirs
prometheus_client ptyprocess pythonjsonlogger referencing rpds send2trash simpervisor sitecustomize
syllab_lab terminado tornado traitlets typing_extensions yaml zmq
"""

# A lab that prints, when it gets SIGUSR2, what it has imported. Stand-ins have no __spec__.
TELLING_LAB = """
import signal, sys
def tell(*_):
    real = (name for name in sys.modules if getattr(sys.modules[name], "__spec__", None))
    packages = {name.partition(".")[0] for name in real if not name.startswith("_sysconfigdata")}
    print("imported:", *packages - sys.stdlib_module_names, flush=True)
signal.signal(signal.SIGUSR2, tell)
from syllab_lab.start import main
main()
"""
# Says who a lab's visitor is, and prints what it is asked.
HUB = """
import http.server, json
class Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        print(self.command, self.path, self.headers["Authorization"], body, flush=True)
        user = {"name": "ada", "scopes": ["access:servers!user=ada"]}
        known = not self.path.endswith("/user") or self.headers["Authorization"] == "token of-ada"
        self.send_response(200 if known else 403)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.end_headers()
        self.wfile.write(json.dumps(user).encode())
    do_POST = do_GET
http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Hub).serve_forever()
"""
# What JupyterLab's page asks for that says something of the server.
VISIT = """
lab lab/api/settings lab/api/translations lab/api/translations/default lab/api/workspaces
api/contents?content=1&hash=0 api/kernels api/kernelspecs api/sessions api/terminals
"""
SHORTCUTS = "lab/api/settings/@jupyterlab/shortcuts-extension:shortcuts"
ACCESS = '["access:servers!user=ada"]'
ENVIRONMENT = {
    "JUPYTERHUB_ACTIVITY_URL": "http://127.0.0.1:8081/hub/api/users/ada/activity",
    "JUPYTERHUB_API_TOKEN": "of-lab",
    "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": ACCESS,
    "JUPYTERHUB_OAUTH_SCOPES": ACCESS,
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
    "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/ada/",
    "JUPYTERHUB_USER": "ada",
}


@dataclass(frozen=True)
class Lab:
    """A running lab, its address, and its hub."""

    container: Container
    address: str
    hub: Container

    def get(self, path: str, token: str = "") -> requests.Response:
        return self._ask("GET", path, token)

    def put(self, path: str, content: object, token: str) -> requests.Response:
        return self._ask("PUT", path, token, json=content)

    def _ask(self, method: str, path: str, token: str, **options: object) -> requests.Response:
        with requests.Session() as http:
            http.trust_env = False
            headers = {"Authorization": f"token {token}"} if token else {}
            address = f"{self.address}/{path}"
            return http.request(method, address, headers=headers, timeout=10, **options)

    def memory(self) -> int:
        """The bytes that it takes, as `docker stats` shows them: without files that may go."""
        memory = self.container.stats(stream=False)["memory_stats"]
        version_1 = memory["stats"].get("total_inactive_file")  # of control groups
        files = version_1 or memory["stats"]["inactive_file"]
        return memory["usage"] - files


@pytest.fixture(scope="module")
def image(running_course: RunningCourse) -> Image:
    return docker.from_env().images.get(running_course.settings["image"])


@contextmanager
def started(image: Image, *command: str) -> Iterator[Lab]:
    """A lab that answers, in a container that has its network in common with a hub's."""
    run = docker.from_env().containers.run
    hub = run(image.id, ["python", "-c", HUB], detach=True, ports={"8888/tcp": ("127.0.0.1", None)})
    removed = [hub]
    try:
        network = f"container:{hub.id}"
        container = run(
            image.id, command, detach=True, network_mode=network, environment=ENVIRONMENT
        )
        removed.insert(0, container)
        hub.reload()
        port = hub.attrs["NetworkSettings"]["Ports"]["8888/tcp"][0]["HostPort"]
        lab = Lab(container, f"http://127.0.0.1:{port}/user/ada", hub)
        await_answer(lab)
        yield lab
    finally:
        for each in removed:
            each.remove(force=True, v=True)


def await_answer(lab: Lab) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        try:
            if lab.get("api").ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError(f"the lab does not answer within {READY} s:\n{said(lab.container)}")


def said(container: Container) -> str:
    return container.logs().decode()


def await_line(words: str, container: Container) -> None:
    deadline = time.monotonic() + READY
    while words not in said(container):
        assert time.monotonic() < deadline, f"nothing with {words!r} within {READY} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def lab(image: Image) -> Iterator[Lab]:
    with started(image, "syllab-lab") as lab:
        yield lab


def test_nothing_new_is_imported_until_it_was_visited(image):
    with started(image, "python", "-c", TELLING_LAB) as lab:
        for path in VISIT.split():
            assert lab.get(path, "of-ada").ok, path
        lab.container.kill("SIGUSR2")
        await_line("imported: ", lab.container)
        (imported,) = re.findall("^imported: (.*)", said(lab.container), re.MULTILINE)
    assert "jupyterlab" in imported.split()
    new = sorted(set(imported.split()) - set(PACKAGES.split()))
    assert not new, "new in a lab's server: " + " ".join(new)


def test_it_is_small_when_idle(lab):
    assert lab.memory() < MEMORY


def test_its_hub_hears_that_it_is_in_use(lab):
    await_line("/activity", lab.hub)
    (report,) = re.findall(r"POST /hub/api/users/ada/activity token of-lab (.*)", said(lab.hub))
    assert "last_activity" in json.loads(report)["servers"][""]


def test_its_hub_says_who_may_come_in(lab):
    assert lab.get("api/contents", "of-ada").ok
    assert lab.get("api/contents", "of-bo").status_code == 403
    assert lab.get("api/contents").status_code == 403
    assert "GET /hub/api/user token of-ada" in said(lab.hub)


@pytest.mark.parametrize(
    ("setting", "status"), [('{"shortcuts": []}', 204), ('{"shortcuts": 1}', 400)]
)
def test_what_a_participant_sets_is_checked(lab, setting, status):
    answer = lab.put(SHORTCUTS, {"raw": setting}, "of-ada")
    assert answer.status_code == status, answer.text


def test_its_log_shows_no_tokens(lab):
    lab.get("api/none?token=a-secret")
    await_line("/api/none?token=[secret]", lab.container)
    assert "a-secret" not in said(lab.container)
