"""Each participant submits and reads what is theirs, and nobody holds up the others."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
from attack.conftest import refused
from grader_client import Grader, blank, service_pid, solution, submission, with_token

FLOOD, ALLOWED = 60, 30  # submissions at once; in five minutes
SLOW = 200  # connections that say little


def attempts(grader: Grader, exercise: str) -> int:
    """How often the participant has submitted an exercise of the introduction."""
    (found,) = [t for t in grader.progress()["tutorials"] if t["tutorial"] == "introduction"]
    return next(e["attempts"] for e in found["exercises"] if e["exercise"] == exercise)


@pytest.mark.parametrize(
    "header",
    ["", "token", "token ", "token x", "Bearer " + "0" * 32, "Basic YWRhOmFkYQ==",
     "token " + "9" * 9000, "token é", "token ' or 1=1 --", "token ../../users/ada", "token a b",
     "token {}"],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_nobody_without_a_token(ada, body, header):
    routes = ("POST", "/attempts"), ("GET", "/attempts/1"), ("GET", "/progress"), ("POST", "/turns")
    for method, path in routes:
        sent = {"Authorization": header.encode("latin-1")}
        answer = ada.request(method, path, json=body, headers=sent)
        if answer.status_code == 431:  # what is far too long is refused before it is looked at
            continue
        refused(answer, 400, 401, 403)


@pytest.mark.parametrize(
    ("username", "scope"),
    [("ada", "read:users!user"), ("ada", "access:servers!user"), ("olga", "list:users")],
)
@pytest.mark.usefixtures("unchanged")
def test_no_token_that_is_not_a_labs(running_course, body, username, scope):
    grader = with_token(running_course, username, scope)
    refused(grader.submit(body), 403)
    refused(grader.request("GET", "/progress"), 403)


@pytest.mark.parametrize("field", ["participant", "user", "username", "name", "identity", "points"])
@pytest.mark.usefixtures("unchanged")
def test_nobody_submits_as_somebody_else(ada, body, field):
    refused(ada.submit(body | {field: "bo.li-2"}), 400)


def test_headers_and_cookies_are_nobody(ada, bo, body):
    before = attempts(bo, "rheobase")
    claims = {
        "X-Forwarded-User": "bo.li-2",
        "X-JupyterHub-User": "bo.li-2",
        "Cookie": "user=bo.li-2",
    }
    path = "/attempts?user=bo.li-2&participant=bo.li-2&token=x"
    answer = ada.request("POST", path, json=body, headers=claims)
    assert ada.result(answer.json())["points"] == 1
    assert attempts(bo, "rheobase") == before


def test_an_organisers_token_is_their_own_only(running_course, crowd, bo, body):
    before = bo.progress()
    olga = crowd["olga"]
    mine = bo.submit(body).json()
    refused(olga.request("GET", f"/attempts/{mine['id']}"), 404)
    refused(olga.submit(body | {"key": "0" * 32, "participant": "bo.li-2"}), 400)
    assert bo.result(mine)["points"] == 1
    assert [t["tutorial"] for t in bo.progress()["tutorials"]] == [
        t["tutorial"] for t in before["tutorials"]
    ]


def test_the_same_key_counts_once(running_course, ada, body):
    before = attempts(ada, "rheobase")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ada.submit, [body] * 8))
    assert {answer.status_code for answer in answers} == {200}
    (number,) = {answer.json()["id"] for answer in answers}
    assert attempts(ada, "rheobase") == before + 1
    first = ada.result(answers[0].json())
    assert first["points"] == 1

    # Other cells, another exercise: what was sent first under this key stands.
    for other in (
        body | {"cells": blank(running_course, "rheobase")},
        submission("fi_curve", blank(running_course, "fi_curve")) | {"key": body["key"]},
    ):
        again = ada.submit(other)
        if again.status_code == 200:
            assert again.json()["id"] == number
            assert again.json()["exercise"] == "rheobase"
            assert again.json()["points"] == 1
        else:
            refused(again, 400, 409)
    assert attempts(ada, "rheobase") == before + 1


def test_a_key_of_somebody_elses_is_ones_own(running_course, ada, bo, body):
    mine = ada.submit(body).json()
    other = body | {"cells": blank(running_course, "rheobase")}
    theirs = bo.submit(other).json()
    assert theirs["id"] != mine["id"]
    assert bo.result(theirs)["points"] == 0
    assert ada.result(mine)["points"] == 1


def test_nobody_reads_anothers_attempt(ada, bo, body):
    mine = ada.submit(body).json()
    for query in ("", "?wait=5", "?after=queued+1&wait=5", "?user=ada", "?token=x"):
        sentence = refused(bo.request("GET", f"/attempts/{mine['id']}{query}"), 404)
        # ... nor whether there is one.
        assert sentence == refused(bo.request("GET", f"/attempts/{10**9}{query}"), 404)
    assert ada.result(mine)["points"] == 1


@pytest.mark.usefixtures("unchanged")
def test_slow_requests_hold_nobody_up(ada, bo):
    place = urlsplit(ada.address)
    begun = b"POST /attempts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    slow = [socket.create_connection((place.hostname, place.port)) for _ in range(SLOW)]
    try:
        for connection in slow:
            connection.sendall(begun)
        assert bo.progress()["tutorials"]
        # ... and they are not waited for for ever.
        slow[0].settimeout(60)
        assert slow[0].recv(65536) == b""
    finally:
        for connection in slow:
            connection.close()


def at_once(grader: Grader, bodies: list[dict[str, Any]]) -> list[HTTPResponse]:
    """Answers to submissions that are all sent before any answer is read."""
    headers = {"Authorization": f"token {grader.token}"}
    connections = [HTTPConnection(urlsplit(grader.address).netloc, timeout=60) for _ in bodies]
    for connection in connections:
        connection.connect()
    for connection, body in zip(connections, bodies, strict=True):
        connection.request("POST", "/attempts", json.dumps(body), headers)
    return [connection.getresponse() for connection in connections]


def test_a_flood_is_held_back(running_course, crowd, bo):
    """All at once, so that none is counted before another is taken."""
    helga, quick = crowd["helga"], "import os; os._exit(0)"
    own = dict.fromkeys(solution(running_course, "rheobase"), quick)
    helga.grade("rheobase", own)  # when they have sent too much before, this waits
    answers = at_once(helga, [submission("rheobase", own) for _ in range(FLOOD)])
    taken = [json.loads(answer.read()) for answer in answers if answer.status == 200]
    for answer in answers:
        if answer.status != 200:
            assert answer.status == 429
            assert json.loads(answer.read())["error"]
            assert 0 < int(answer.headers["Retry-After"]) <= 300
    # ... and who sends one exercise doesn't wait for all of these.
    found = bo.grade("rheobase", solution(running_course, "rheobase"))
    still_waiting = [helga.request("GET", f"/attempts/{each['id']}").json() for each in taken]
    assert found["points"] == 1
    assert len(taken) < ALLOWED
    assert len(taken) < 5 or "queued" in {each["state"] for each in still_waiting}


def test_it_still_grades_by_the_same_process(running_course, bo, pid):
    assert bo.grade("rheobase", solution(running_course, "rheobase"))["points"] == 1
    assert service_pid(running_course) == pid
