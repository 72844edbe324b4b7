"""Serves the course's website: `python -m labhub.site hub.json`."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import signal
from http import HTTPStatus
from typing import Any

from courseware.errors import UserError
from courseware.hub_settings import HubSettings
from tornado import web
from tornado.httpserver import HTTPServer

from .limits import HTTP_SERVER
from .proxy import ERROR_PAGE
from .settings import run

# What Python doesn't know by itself on every machine.
mimetypes.add_type("text/calendar", ".ics")
mimetypes.add_type("application/x-ipynb+json", ".ipynb")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # data: for the small images that style sheets carry within them.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'self'"
    ),
}
ASSETS_FRESH = 600  # seconds; pages are always asked for anew, so that a change shows at once

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
{head}<title>{title}</title><h1>{title}</h1>{text}</html>
"""
LOST = '<p>There is no such page. <a href="/">Back to the course</a>.</p>'
SILENT = """<p>This part of the course doesn't answer right now. This page tries again by
itself. If it was your lab, you can <a href="/hub/home">start it again</a>.</p>
<p><a href="/">Back to the course</a>.</p>
"""
RELOAD = '<meta http-equiv="refresh" content="5">'


class _Plain(web.RequestHandler):
    """Sets the headers; errors are one plain page."""

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        phrase = HTTPStatus(status_code).phrase
        self.finish(PAGE.format(head="", title=phrase, text=LOST if status_code == 404 else ""))


class _Page(_Plain, web.StaticFileHandler):
    def get_cache_time(self, path: str, modified: Any, mime_type: str) -> int:
        # StaticFileHandler sends Cache-Control only for times above 0.
        return 0 if mime_type.startswith("text/html") else ASSETS_FRESH

    def set_extra_headers(self, path: str) -> None:
        if self.get_content_type().startswith("text/html"):
            self.set_header("Cache-Control", "no-cache")


class _Silent(_Plain):
    """What browsers get when hub or lab doesn't answer, or isn't known to the proxy yet."""

    def prepare(self) -> None:
        self.set_status(503)
        self.set_header("Cache-Control", "no-store")
        self.finish(PAGE.format(head=RELOAD, title="No answer", text=SILENT))


def application(settings: HubSettings) -> web.Application:
    """The site in the release's folder `site`."""
    site = {"path": str(settings.release / "site"), "default_filename": "index.html"}
    return web.Application(
        [
            (ERROR_PAGE + r"\d+", _Silent),
            (r"/(?:hub|user|services)(?:/.*)?", _Silent),
            (r"/(.*)", _Page, site),
        ],
        compress_response=True,
    )


def main(settings: HubSettings) -> None:
    """Serve until told to stop. Raises UserError if there is no site or the port is taken."""
    index = settings.release / "site" / "index.html"
    if not index.exists():
        raise UserError(f"{index}: not found -> run `make up` again, which makes the site")
    # Only what goes wrong is logged: a line for each request would fill the disk.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    asyncio.run(_serve(settings))


async def _serve(settings: HubSettings) -> None:
    server = HTTPServer(application(settings), **HTTP_SERVER)
    try:
        server.listen(settings.site_port, "127.0.0.1")
    except OSError as error:
        where = f"127.0.0.1:{settings.site_port}"
        raise UserError(f"{where}: {error.strerror} -> free the port or choose another") from None
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    run(main)
