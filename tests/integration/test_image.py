"""The lab's image: what is in it and what isn't, and the lab on its own."""

from __future__ import annotations

import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import docker
import pytest
import requests
from cloudlab import build_secrets
from docker.models.containers import Container
from docker.models.images import Image
from running_course import RunningCourse

READY = 30  # seconds


@pytest.fixture(scope="module")
def image(running_course: RunningCourse) -> Image:
    return docker.from_env().images.get(running_course.settings["image"])


@contextmanager
def standalone(image: Image, **environment: str) -> Iterator[tuple[Container, str]]:
    """The lab as `docker run -p 7003:7003 IMAGE` starts it, and its address on this machine."""
    lab = docker.from_env().containers.run(
        image.id, detach=True, ports={"7003/tcp": ("127.0.0.1", None)}, environment=environment
    )
    try:
        lab.reload()
        port = lab.attrs["NetworkSettings"]["Ports"]["7003/tcp"][0]["HostPort"]
        address = f"http://127.0.0.1:{port}"
        await_answer(f"{address}/api")
        yield lab, address
    finally:
        lab.remove(force=True, v=True)


def session() -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    return http


def await_answer(address: str) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        try:
            if session().get(address, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer within {READY} s")


def test_it_is_smaller_than_900_megabytes(image):
    assert image.attrs["Size"] < 900e6


def test_it_runs_as_an_ordinary_user_and_says_what_it_is_made_of(image):
    assert image.attrs["Config"]["User"] == "70123:70123"
    labels = image.labels
    assert "From single-cell modeling" in labels["org.opencontainers.image.title"]
    assert labels["org.opencontainers.image.version"]
    assert "nest-simulator==3.10.0" in labels["syllab.packages.nest"]
    assert "jupyterlab==" in labels["syllab.packages.lab"]
    assert "GPL-2.0-or-later" in labels["org.opencontainers.image.licenses"]
    assert "nest-simulator" in labels["syllab.sources"]


def test_neither_the_hosts_ca_nor_solutions_nor_official_checks_are_in_it(image, tmp_path):
    # What this machine trusts beyond the public authorities; behind a proxy that is its CA.
    trusted = certificates(build_secrets.ca_bundle().read_bytes())
    public = [Path(certifi.where()), *Path("/usr/share/ca-certificates/mozilla").glob("*.crt")]
    private = trusted.difference(*(certificates(path.read_bytes()) for path in public))
    container = docker.from_env().containers.create(image.id)
    suspicious = []
    try:
        with (tmp_path / "image.tar").open("wb") as file:
            for chunk in container.export():
                file.write(chunk)
    finally:
        container.remove()
    with tarfile.open(tmp_path / "image.tar") as archive:
        for member in archive:
            content = archive.extractfile(member).read() if member.isfile() else b""
            hidden = b"0 = -(V - E_L) / tau_m" in content or "test_introduction" in member.name
            if hidden or private & certificates(content):
                suspicious.append(member.name)
    assert suspicious == []


def certificates(content: bytes) -> set[bytes]:
    """The certificates in PEM form that stand in a file."""
    return set(re.findall(rb"-----BEGIN CERTIFICATE-----\n([\w+/=\n]+)-----END", content))


def test_a_history_without_secrets(image):
    history = " ".join(layer["CreatedBy"] for layer in image.history())
    for word in ("index-url", "INDEX_URL", "CERTIFICATE"):
        assert word not in history


def test_on_its_own_it_prints_a_random_token_that_opens_it(image):
    tokens = set()
    for _ in range(2):
        with standalone(image) as (lab, address):
            (token,) = set(re.findall(r"token=(\w+)", lab.logs().decode()))
            tokens.add(token)
            assert session().get(f"{address}/api/contents").status_code == 403
            opened = session().get(f"{address}/api/contents/tutorials?token={token}")
            names = [each["name"] for each in opened.json()["content"]]
            assert "introduction.ipynb" in names
    assert len(tokens) == 2


def test_on_its_own_with_a_token_of_the_users_choosing(image):
    with standalone(image, JUPYTER_TOKEN="my-own") as (_, address):
        assert session().get(f"{address}/api/contents?token=my-own").ok
        assert session().get(f"{address}/api/contents?token=other").status_code == 403


def test_on_its_own_with_a_password_of_the_users_choosing(image):
    with standalone(image, PASSWORD="my own words") as (lab, address):
        for password, status in (("wrong", 401), ("my own words", 200)):
            http = session()
            http.get(f"{address}/login")
            form = {"password": password, "_xsrf": http.cookies["_xsrf"]}
            assert http.post(f"{address}/login?next=/lab", data=form).status_code == status
        assert "my own words" not in lab.logs().decode()
