"""What the hub's configuration does to the servers and pages of its process."""

import asyncio
import socket
from types import SimpleNamespace

import pytest
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from labhub import site
from labhub.configure import configure_hub
from labhub.limits import HTTP_SERVER
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application
from traitlets.config import Config


def answer(request, **server_options):
    """The first line that a server with nothing but pages not found answers."""

    async def main():
        server = HTTPServer(Application(), **server_options)
        [listener] = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        server.add_socket(listener)
        stream = IOStream(socket.socket())
        try:
            await stream.connect(listener.getsockname())
            await stream.write(request)
            return await asyncio.wait_for(stream.read_until(b"\r\n"), 10)
        finally:
            stream.close()
            server.stop()

    return asyncio.run(main())


BIG = {
    "announced": b"Content-Length: 2000000\r\n\r\n",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n1e8480\r\n",
}


@pytest.mark.parametrize("framing", BIG.values(), ids=BIG)
def test_the_hub_refuses_big_bodies_before_they_come(settings, framing):
    configure_hub(Config(), settings)
    assert answer(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing).startswith(b"HTTP/1.1 400 ")


def test_a_form_or_token_fits(settings):
    configure_hub(Config(), settings)
    body = b"x" * 100_000
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert answer(head + body).startswith(b"HTTP/1.1 404 ")


def test_nobody_keeps_a_connection_of_the_hub_for_nothing(settings):
    configure_hub(Config(), settings)
    parameters = HTTPServer(Application()).conn_params
    assert parameters.body_timeout == 20
    assert parameters.header_timeout == 120


def test_the_site_server_has_the_same_limits(settings, monkeypatch):
    class Noted(Exception):
        pass

    def server(application, **options):
        raise Noted(options)

    monkeypatch.setattr(site, "HTTPServer", server)
    with pytest.raises(Noted) as noted:
        asyncio.run(site._serve(settings))
    assert noted.value.args == (HTTP_SERVER,)


@pytest.fixture
def get(settings, tmp_path):
    """GET from a server with JupyterHub's handlers and our settings; the response's headers."""
    c = Config()
    configure_hub(c, settings)
    (tmp_path / "style.css").touch()

    class Page(BaseHandler):
        # JupyterHub's own need a whole hub.
        content_security_policy = "default-src 'self'"
        db = SimpleNamespace(dirty=False)

        async def prepare(self):
            """Lets everybody in."""

        def get(self):
            self.finish("page")

    class Case(AsyncHTTPTestCase):
        def get_app(self):
            static = (r"/static/(.*)", CacheControlStaticFilesHandler, {"path": str(tmp_path)})
            return Application([static, (r"/.*", Page)], **c.JupyterHub.tornado_settings)

        def runTest(self):
            """Needed by unittest."""

    case = Case()
    case.setUp()
    yield lambda path: case.fetch(path, raise_error=True).headers
    case.tearDown()


def test_pages_are_not_kept_and_static_files_are(get):
    page = get("/home")
    assert page["Cache-Control"] == "no-store"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert "no-store" not in get("/static/style.css?v=1").get("Cache-Control", "")
