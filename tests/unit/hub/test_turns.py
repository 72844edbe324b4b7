"""Labs compile in turns, which they ask the grader for over connections that they hold."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest
from courseware.lab.grader import Grader, Refused
from courseware.lab.turn import turn
from labhub.grader import turns
from labhub.grader.service import application
from labhub.limits import HTTP_SERVER
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets


class Hub:
    """Knows the tokens of labs: a participant's name and a number."""

    async def user_for_token(self, token, *, sync):
        name, dash, _ = token.partition("-")
        return {"kind": "user", "name": name} if dash else None

    def check_scopes(self, required, user):
        return True


@contextlib.contextmanager
def serving():
    """The grader's real answers at an address, from a thread of their own."""
    address, loop = Future(), asyncio.new_event_loop()

    async def serve():
        end = asyncio.Event()
        server = HTTPServer(application(None, None, Hub()), **HTTP_SERVER)
        [listener] = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        server.add_socket(listener)
        address.set_result((f"http://127.0.0.1:{listener.getsockname()[1]}", end))
        await end.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    url, end = address.result(10)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


@pytest.fixture
def processors(monkeypatch):
    """Says how many processors the grader's machine has."""
    return lambda count: monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(count))


@pytest.fixture
def lines(processors):
    """Gives a lab's places in the line, where one lab may compile at a time."""
    processors(2)
    with serving() as url, contextlib.ExitStack() as opened:

        def lines(token):
            return opened.enter_context(contextlib.closing(Grader(url, token).places()))

        lines.url = url
        yield lines


@pytest.fixture
def in_lab(lines, monkeypatch):
    """This process is ada's lab."""
    monkeypatch.setenv("SYLLAB_GRADER_URL", lines.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "ada-1")


def test_first_come_first_served(lines):
    ada, bo, cy, di = (lines(f"{name}-1") for name in ("ada", "bo", "cy", "di"))
    assert [next(ada), next(bo), next(cy), next(di)] == [0, 1, 2, 3]
    ada.close()
    assert [next(bo), next(cy), next(di)] == [0, 1, 2]
    cy.close()  # who gives up waiting is no longer waited for
    assert next(di) == 1
    bo.close()
    assert next(di) == 0


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [0, 1, 2, 3]), (2, [0, 1, 2, 3]), (4, [0, 0, 0, 1])]
)
def test_all_processors_but_one_compile(processors, count, expected):
    processors(count)
    with serving() as url, contextlib.ExitStack() as opened:
        labs = [Grader(url, f"lab{n}-1").places() for n in range(4)]
        assert [next(opened.enter_context(contextlib.closing(lab))) for lab in labs] == expected


def test_a_participant_has_one_turn(lines):
    first = lines("ada-1")
    assert next(first) == 0
    for again in ("ada-1", "ada-2"):
        with pytest.raises(Refused):
            next(lines(again))
    waiting = lines("bo-1")
    assert next(waiting) == 1
    with pytest.raises(Refused):
        next(lines("bo-2"))
    first.close()
    assert next(waiting) == 0
    assert next(lines("ada-2")) == 1


def test_strangers_get_no_turn(lines):
    for token in ("", "nobody"):
        with pytest.raises(Refused):
            next(lines(token))
    assert next(lines("ada-1")) == 0


def test_a_turn_ends_with_the_process(lines):
    code = (
        "import sys, time; from courseware.lab.grader import Grader; "
        "places = Grader(*sys.argv[1:]).places(); print(next(places), flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, lines.url, "ada-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
        try:
            assert lab.stdout.readline() == "0\n"
            waiting = lines("bo-1")
            assert next(waiting) == 1
        finally:
            lab.send_signal(signal.SIGKILL)
    assert next(waiting) == 0


def test_a_turn_does_not_last_for_ever(lines, monkeypatch):
    monkeypatch.setattr(turns, "LONGEST", 0.5)
    holding, waiting = lines("ada-1"), lines("bo-1")
    assert [next(holding), next(waiting), next(waiting)] == [0, 1, 0]


def test_who_waits_hears_that_the_grader_is_there(lines, monkeypatch):
    monkeypatch.setattr(turns, "TOLD_EVERY", 0.05)
    holding, waiting = lines("ada-1"), lines("bo-1")
    assert next(holding) == 0
    assert [next(waiting) for _ in range(3)] == [1, 1, 1]
    holding.close()
    assert 0 in waiting


@pytest.mark.usefixtures("in_lab")
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_the_block_is_the_turn_however_it_ends(lines, error):
    waiting = lines("bo-1")
    with pytest.raises(error) if error else contextlib.nullcontext(), turn():
        assert next(waiting) == 1
        if error:
            raise error
    assert next(waiting) == 0


@pytest.mark.usefixtures("in_lab")
def test_the_block_waits_for_the_turn_and_says_so(lines, capsys):
    holding, ended = lines("bo-1"), threading.Event()
    assert next(holding) == 0

    def end_when_somebody_waits():
        behind = 1
        while behind == 1:
            with contextlib.closing(Grader(lines.url, "cy-1").places()) as places:
                behind = next(places)
        ended.set()
        holding.close()

    thread = threading.Thread(target=end_when_somebody_waits)
    thread.start()
    with turn():
        assert ended.is_set()
    thread.join()
    printed = capsys.readouterr().out
    assert "lab has to finish first" in printed or "labs have to finish first" in printed
    assert "s for other labs to compile" in printed.splitlines()[-1]


@pytest.mark.usefixtures("in_lab")
def test_whose_turn_it_is_at_once_hears_nothing(lines, capsys):
    with turn():
        assert next(lines("bo-1")) == 1
    assert capsys.readouterr().out == ""
