"""Verifying a running course finds nothing wrong in it, and each thing that is made wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import docker
import grader_client
import nbformat
import pytest
from cloudlab.network import LabNetwork
from cloudlab.verify import Person, isolation, require, verify
from cloudlab.verify.findings import Failure, Findings
from cloudlab.verify.solved import Release, submit
from cloudlab.verify.visitor import Visitor
from cloudlab.verify.wire import Wire
from courseware.errors import UserError
from running_course import RunningCourse

NAME = "course.test"


@pytest.fixture(scope="module")
def people(running_course: RunningCourse) -> tuple[Person, Person]:
    known = running_course.credentials()
    first, second = (Person(name, known[name]["passphrase"]) for name in ("helga", "cy"))
    return first, second


@pytest.fixture(scope="module")
def folder(running_course: RunningCourse) -> Path:
    return Path(running_course.settings["release"])


@pytest.fixture(scope="module")
def visitors(running_course: RunningCourse, people):
    """Both, with labs that are open."""
    visitors = [Visitor(Wire(running_course.address), person) for person in people]
    try:
        for visitor in visitors:
            visitor.log_in()
            visitor.start_lab()
            visitor.open_lab(set())
        yield visitors
    finally:
        for visitor in visitors:
            visitor.stop_lab()


def failed(findings) -> dict[str, str]:
    return {each.name: each.what for each in findings if not each.passed}


def labs_of(course: RunningCourse, people: tuple[Person, Person]) -> list:
    labels = {f"syllab.instance={course.instance}"}
    found = docker.from_env().containers.list(all=True, filters={"label": list(labels)})
    return [lab for lab in found if lab.labels.get("syllab.user") in {p.username for p in people}]


def test_a_course_that_works_passes_and_its_labs_are_gone(running_course, people, folder):
    heard: list[str] = []
    findings = verify(running_course.address, people, folder, tell=heard.append)
    require(findings)
    assert labs_of(running_course, people) == []
    names = [each.name for each in findings]
    assert {"website", "helga logs in", "cy's lab starts", "exercise rheobase"} <= set(names)
    assert {f"tools of {part.tutorial}" for part in Release(folder).tools()} <= set(names)
    assert {f"lab: {judge}" for judge in isolation.JUDGES} <= set(names)
    assert set(heard) == set(names)
    (exercise,) = (each for each in findings if each.name == "exercise rheobase")
    assert exercise.what.startswith("1 of 1 point")


def test_each_thing_that_is_wrong_is_told_and_the_rest_is_tried(
    running_course, people, folder, tmp_path
):
    other = another_release(folder, tmp_path / "other")
    mistyped = people[0], Person(people[1].username, "mistyped")
    with https(running_course.port, tmp_path) as (port, certificate):
        address = f"https://{NAME}:{port}"
        findings = verify(address, mistyped, other, ca=certificate, at="127.0.0.1")
    wrong = failed(findings)
    assert set(wrong) == {
        "website", "exercise of-another-course", "cy logs in", "isolation",
        "TLS: redirect", "TLS: HSTS", "TLS: cookies", "TLS: grade",
    }  # fmt: skip
    assert "There is no exercise 'of-another-course' here" in wrong["exercise of-another-course"]
    assert wrong["cy logs in"] == "is refused"
    assert "jupyterhub-hub-login" in wrong["TLS: cookies"]
    with pytest.raises(UserError) as told:
        require(findings)
    assert all(name in str(told.value) for name in wrong)
    assert people[0].passphrase not in str(findings) + str(told.value)
    assert labs_of(running_course, people) == []


def another_release(folder: Path, copy: Path) -> Path:
    """A release with another home page, whose first exercise has another name."""
    shutil.copytree(folder, copy)
    (copy / "site" / "index.html").write_text("Another course")
    path = copy / "notebooks" / "solution" / "introduction.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(c for c in notebook.cells if "exercise" in c.metadata.get("tags", []))
    cell.metadata.syllab.exercise = "of-another-course"
    nbformat.write(notebook, path)
    return copy


def test_a_hole_in_the_firewall_is_found(running_course, visitors):
    network = LabNetwork(docker.from_env(), running_course.instance)
    to_host = ["INPUT", "-i", network.bridge, "-j", "ACCEPT"]
    between = ["DOCKER-USER", "-i", network.bridge, "-o", network.bridge, "-j", "ACCEPT"]
    holes = [to_host, between]
    for hole in holes:
        subprocess.run(["iptables", "-I", *hole], check=True)
    try:
        findings = Findings(lambda what: None)
        isolation.check(*visitors, [], (), findings)
    finally:
        for hole in holes:
            subprocess.run(["iptables", "-D", *hole], check=True)
    wrong = failed(findings.all)
    assert set(wrong) == {"lab: network", "lab: no other lab"}
    gateway = running_course.settings["hub"]["ip"]
    assert f"{gateway}:22" in wrong["lab: network"]


@pytest.mark.parametrize(
    ("source", "seconds", "said"),
    [
        ("1 / 0", 60, "fails with ZeroDivisionError: division by zero"),
        ("while True: pass", 1, "isn't done in time"),
        ("import os; os._exit(1)", 60, "its kernel ended"),
    ],
)
def test_a_tool_that_does_not_work_is_found(visitors, source, seconds, said):
    with visitors[0].kernel() as kernel:
        assert kernel.run("print('it runs')", time.monotonic() + 60) == "it runs\n"
        with pytest.raises(Failure, match=said):
            kernel.run(source, time.monotonic() + seconds)


def test_a_grader_that_does_not_answer_is_found(running_course, visitors, folder):
    grader = grader_client.service_pid(running_course)
    os.kill(grader, signal.SIGSTOP)
    try:
        with pytest.raises(Failure, match="The grader doesn't answer"):
            submit(visitors[0], Release(folder).exercise())
    finally:
        os.kill(grader, signal.SIGCONT)
    assert submit(visitors[0], Release(folder).exercise()).startswith("1 of 1 point")


@contextmanager
def https(port: int, folder: Path):
    """HTTPS in front of a course that knows nothing of it; its port and its certificate."""
    certificate, key = folder / "door.pem", folder / "door.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "90", "-subj", f"/CN={NAME}", "-out", certificate, "-keyout", key,
            "-addext", f"subjectAltName=DNS:{NAME}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def carry(reader, writer):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def come_in(reader, writer):
        inside = await asyncio.open_connection("127.0.0.1", port)
        ways = carry(reader, inside[1]), carry(inside[0], writer)
        await asyncio.gather(*ways, return_exceptions=True)

    async def listen():
        return await asyncio.start_server(come_in, "127.0.0.1", 0, ssl=context)

    server = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], certificate
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
