import socket
import subprocess
import sys

import pytest
from courseware.errors import UserError
from labhub import proxy
from labhub.site import application
from tornado.testing import AsyncHTTPTestCase


@pytest.fixture
def get(settings):
    """GET from a real site server; the response."""

    class Case(AsyncHTTPTestCase):
        def get_app(self):
            return application(settings)

        def runTest(self):
            """Needed by unittest."""

    case = Case()
    case.setUp()
    yield lambda path: case.fetch(path, follow_redirects=False)
    case.tearDown()


def test_pages_and_assets(get):
    page = get("/")
    assert page.code == 200
    assert b"The course" in page.body
    assert page.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in page.headers
    style = get("/style.css")
    assert style.headers["Content-Type"] == "text/css"
    assert style.headers["Cache-Control"] == "max-age=600"
    assert get("/course.ics").headers["Content-Type"] == "text/calendar"


@pytest.mark.parametrize("path", ["/nothing", "/..%2fmanifest.json", "/%2e%2e/manifest.json"])
def test_nothing_else_is_served(get, path):
    answer = get(path)
    assert answer.code in (403, 404)
    assert b"image" not in answer.body
    assert b"<h1>" in answer.body


@pytest.mark.parametrize("path", ["/proxy-error/503", "/hub/login", "/user/p01/lab", "/hub"])
def test_what_does_not_answer_says_so_and_tries_again(get, path):
    answer = get(path)
    assert answer.code == 503
    assert b'http-equiv="refresh"' in answer.body


def test_the_site_says_what_is_missing(settings, tmp_path):
    (settings.release / "site" / "index.html").unlink()
    settings.write(tmp_path / "hub.json")
    ended = subprocess.run(
        [sys.executable, "-m", "labhub.site", str(tmp_path / "hub.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "index.html: not found" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_proxys_command(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(UserError, match="npm ci"):
        proxy.command(settings)
    script = tmp_path / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    script.parent.mkdir(parents=True)
    script.touch()
    command = proxy.command(settings)
    assert command[1] == str(script)
    assert "--port=18470" in command
    assert "--api-ip=127.0.0.1" in command
    assert not [part for part in command if proxy.token(settings) in part]  # seen by all in ps


def test_a_taken_port_is_named(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        public = settings.public.model_copy(update={"port": port})
        elsewhere = settings.model_copy(update={"public": public})
        with pytest.raises(UserError, match=f":{port}: Address already in use"):
            proxy.check_ports(elsewhere)
    proxy.check_ports(elsewhere)
