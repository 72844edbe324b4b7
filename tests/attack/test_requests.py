"""What is no submission of an exercise is refused in one sentence, and changes nothing."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
from attack.conftest import refused
from grader_client import Grader, blank, submission

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
