"""The grader's address takes submissions of exercises, each participant's own, and nothing else."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from grader_client import Grader, blank, service_pid, solution, submission, with_token

FLOOD, ALLOWED = 60, 30  # submissions at once; in five minutes
SLOW = 200  # connections that say little
POST = b"POST /attempts HTTP/1.1\r\nHost: x\r\n"
PATHS = ("/attempts", "/attempts/1", "/progress")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND")
ANYTHING = (None, True, 0, -1, 1.5, 10**400, "", "x" * 100, [], [1], {}, {"a": 1}, {"a": {"b": []}})
HOSTILE_NAMES = (
    "", ".", "../introduction", "..\\introduction", "introduction/../introduction", "/etc/passwd",
    "introduction\0", "introduction ", "INTRODUCTION", "'; drop table attempt; --", "\" or 1=1 --",
    "%2e%2e", "${jndi:x}", "{{7*7}}", "__class__", "introduction\n", "\u2170ntroduction", "\u202e",
    "nothing", "x" * 10_000, "desktop",
)  # fmt: skip


@pytest.fixture(scope="module")
def ada(crowd) -> Grader:
    return crowd["ada"]


@pytest.fixture(scope="module")
def bo(crowd) -> Grader:
    return crowd["bo.li-2"]


@pytest.fixture
def body(running_course) -> dict[str, Any]:
    """A good submission that nobody sent yet."""
    return submission("rheobase", solution(running_course, "rheobase"))


@pytest.fixture
def unchanged(ada, bo, pid, running_course):
    """Nobody's points or attempts are others after the test, and the grader is the same."""
    before = [ada.progress(), bo.progress()]
    yield
    assert [ada.progress(), bo.progress()] == before
    assert service_pid(running_course) == pid


def refused(answer: requests.Response, *statuses: int) -> str:
    """The sentence with which a request was refused."""
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    said = answer.json()
    assert list(said) == ["error"]
    assert said["error"]
    for word in ("Traceback", "sqlite", "SELECT", ".py", "/home", "labhub"):
        assert word not in said["error"]
    return said["error"]


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
    for method, path in (("POST", "/attempts"), ("GET", "/attempts/1"), ("GET", "/progress")):
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


@pytest.mark.parametrize(
    "path",
    ["/", "/attempts/", "/attempts/-1", "/attempts/0", "/attempts/1e3", "/attempts/" + "9" * 400,
     "/attempts/\u0661", "/attempts/1/cells", "/attempts/1;x", "/attempts/1%00", "//attempts",
     "/attempts/..%2f..%2fprogress", "/progress/bo.li-2", "/progress?", "/metrics",
     "/hub/api/users",
     "/.git/config", "/attempts/99999999?wait=-1", "/attempts/99999999?wait=nan",
     "/attempts/99999999?wait=x", "/attempts/99999999?after=%ff"],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_there_is_nothing_else(ada, path):
    answer = ada.request("POST" if "progress" in path else "GET", path)
    refused(answer, 400, 404, 405)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.usefixtures("unchanged")
def test_an_unknown_exercise_is_refused(ada, body, name):
    refused(ada.submit(body | {"tutorial": name}), 400, 404)
    refused(ada.submit(body | {"exercise": name}), 400, 404)


@pytest.mark.usefixtures("unchanged")
def test_cells_of_others_are_refused(running_course, ada, body):
    (own, source), *_ = blank(running_course, "fi_curve").items()
    other = next(iter(blank(running_course, "fi_curve").keys() - body["cells"].keys()))
    for cells in (
        {}, {other: source}, {"": source}, {own + " ": source}, {"../x": "1"}, {"x" * 65: "1"},
        body["cells"] | {"unknown": "1"}, {str(n): "" for n in range(10_000)},
    ):  # fmt: skip
        refused(ada.submit(body | {"cells": cells}), 400)


@pytest.mark.parametrize(
    ("source", "status"),
    [("x" * (64 * 1024 + 1), 413), ("ü" * 33_000, 413), ("x = 'a\0b'", 400)],
)
@pytest.mark.usefixtures("unchanged")
def test_a_source_that_can_not_be_graded_is_refused(ada, body, source, status):
    for cell in body["cells"]:
        refused(ada.submit(body | {"cells": {cell: source}}), status)


@pytest.mark.usefixtures("unchanged")
def test_too_much_in_all_is_refused(running_course, ada):
    """Each of the cells is small enough."""
    cells = dict.fromkeys(blank(running_course, "context", "sequences"), "#" * 60_000)
    assert len(cells) > 4
    refused(ada.submit(submission("context", cells, "sequences")), 413)


@pytest.mark.parametrize("field", ["key", "tutorial", "exercise", "cells"])
@pytest.mark.usefixtures("unchanged")
def test_wrong_types_are_refused(ada, body, field):
    for value in ANYTHING:
        refused(ada.submit(body | {field: value}), 400, 404)
    refused(ada.submit({name: body[name] for name in body if name != field}), 400)
    if field == "cells":
        for value in ANYTHING:
            if not isinstance(value, str):
                refused(ada.submit(body | {"cells": dict.fromkeys(body["cells"], value)}), 400)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"1", b'"x"', b"{", b"{}" * 2, b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
     b"[" * 500_000, b'{"a":' * 100_000, b"9" * 500_000, b"NaN", b'{"key": NaN}', b"\0" * 1000,
     b"key=x&tutorial=introduction", b"<x/>", b"--x\r\n\r\n--x--", b'{"key": "\\ud800"}'],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_what_is_no_json_of_ours_is_refused(ada, content):
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "x"):
        sent = ada.request("POST", "/attempts", data=content, headers={"Content-Type": kind})
        refused(sent, 400)


@pytest.mark.usefixtures("unchanged")
def test_doubled_fields_and_lone_surrogates_are_refused(ada, body):
    text = json.dumps(body)
    half = text.replace('"cells": {', '"cells": {"\\ud800": "1", ', 1)
    other = json.dumps(body | {"cells": dict.fromkeys(body["cells"], "\ud800")})
    for content in (half, other):
        refused(ada.request("POST", "/attempts", data=content), 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("unchanged")
def test_other_methods_are_refused(ada, path, method):
    if (method, path) in (("GET", "/progress"), ("GET", "/attempts/1")):
        return
    answer = ada.request(method, path)
    assert 400 <= answer.status_code < 500
    if method != "HEAD":
        refused(answer)


def speak(grader: Grader, said: bytes, patience: float = 5) -> bytes:
    """What is answered to bytes that need not be HTTP; empty when the connection is ended."""
    place = urlsplit(grader.address)
    with socket.create_connection((place.hostname, place.port), timeout=patience) as connection:
        try:
            connection.sendall(said)
            return connection.recv(65536)
        except (TimeoutError, ConnectionError):
            return b""


@pytest.mark.parametrize(
    "said",
    [b"\0" * 1000, b"GET\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n",
     POST + b"Content-Length: -1\r\n\r\n",
     POST + b"Content-Length: 99999999999999\r\n\r\n",
     POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
     POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
     b"GET /progress HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 200_000 + b"\r\n\r\n",
     b"GET /progress HTTP/1.1\r\nHost: x\r\n" + b"A: x\r\n" * 20_000 + b"\r\n",
     b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: x\r\n\r\n",
     b"CONNECT hub:8081 HTTP/1.1\r\nHost: x\r\n\r\n",
     b"GET /progress HTTP/1.1\r\nHost: x\r\nAuthorization: token a\r\n b\r\n\r\n"],
)  # fmt: skip
@pytest.mark.usefixtures("unchanged")
def test_what_is_no_http_is_refused(ada, said):
    answer = speak(ada, said)
    assert answer == b"" or answer.split()[1][:1] == b"4", answer


@pytest.mark.usefixtures("unchanged")
def test_slow_requests_hold_nobody_up(ada, bo):
    place = urlsplit(ada.address)
    begun = POST + b"Content-Length: 1000\r\n\r\n{"
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
