"""The grader's process: gradebook, sandboxes, and the address that labs submit to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from courseware.errors import UserError
from courseware.hub_settings import HubSettings
from docker.errors import DockerException
from jupyterhub.services.auth import HubAuth
from sqlalchemy.exc import SQLAlchemyError
from tornado.httpserver import HTTPServer

from ..limits import HTTP_SERVER
from .exercises import Exercises
from .gradebook import Gradebook
from .grader import Grader
from .pool import Pool
from .sandbox import Sandboxes
from .service import application

REMEMBERED = 60  # seconds for which the hub isn't asked again who a token's owner is
LISTEN_TIMEOUT = 30  # seconds for the port of the grader before to become free
LOOK_EVERY = 1.0  # seconds between looks whether the hub still runs

log = logging.getLogger(__name__)


def main(settings: HubSettings) -> None:
    """Serve until told to stop. Raises UserError if release, database or engine don't serve."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    hub = HubAuth(cache_max_age=REMEMBERED)
    # What runs checks inherits the environment, and has no business with the hub.
    hub.api_token = os.environ.pop("JUPYTERHUB_API_TOKEN", "")
    exercises = Exercises(settings.release)
    try:
        book = Gradebook(settings.grader.database)
    except SQLAlchemyError as error:
        raise UserError(f"The gradebook can't be opened: {error} -> is the database up?") from None
    try:
        sandboxes = Sandboxes(settings, settings.state / "grader")
        left = sandboxes.reap()
    except DockerException as error:
        raise UserError(f"The engine doesn't answer: {error} -> start it") from None
    log.info("Removed %d container(s) of a grader before", left)
    pool = Pool(sandboxes, settings.grader.pool)
    asyncio.run(_serve(settings, Grader(book, exercises, pool), hub))


async def _serve(settings: HubSettings, grader: Grader, hub: HubAuth) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = HTTPServer(application(grader, settings.grading, hub), **HTTP_SERVER)
    await _listen(server, str(settings.grader.address.ip), settings.grader.address.port)
    work = asyncio.create_task(grader.run())
    hub_is_gone = asyncio.create_task(_orphaned())
    await asyncio.wait(
        [work, hub_is_gone, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    server.stop()
    if work.done():
        work.result()  # raises: it never ends by itself
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await grader.pool.close()


async def _listen(server: HTTPServer, ip: str, port: int) -> None:
    for _ in range(LISTEN_TIMEOUT):
        try:
            server.listen(port, ip)
            return
        except OSError as error:
            reason = error
            await asyncio.sleep(1)
    raise UserError(f"{ip}:{port}: {reason.strerror} -> free the port or choose another")


async def _orphaned() -> None:
    """Wait until the hub that started this process is gone, which then starts another."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(LOOK_EVERY)
