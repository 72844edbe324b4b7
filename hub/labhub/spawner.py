"""A participant's lab: one hardened container with its home volume."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound
from dockerspawner import DockerSpawner
from requests.exceptions import RequestException
from sqlalchemy import inspect
from tornado import web
from traitlets import Int, default, validate

from .admission import Admission, Ticket
from .confinement import host_config, threads
from .running import Running

ENGINE_ERRORS = (DockerException, RequestException)
HOME = "/home/lab"
# As in the images. Not 1000, usually the login of a person on the host, with whom labs would then
# share the kernel's limits per user and the view of /proc. Nobody's by default: Debian Policy
# 9.2.2 keeps 65536 and above free of its own allocations.
USER = "70123:70123"
LOG_LINES = 15  # of a lab that ended by itself
LOG_WIDTH = 300  # characters of each
TRY_EVERY = 0.05  # seconds between attempts to reach a starting lab
LOOK_EVERY = 1  # seconds between looks whether it has ended instead
SAY_EVERY = 2  # seconds; a waiting page that hears nothing for longer knows that the hub is gone
# Calls that may take the engine seconds, and that nobody waits for at a start.
SLOW = {"stop", "remove_container", "remove_service", "logs", "service_logs"}

NO_ENGINE = "The machine that runs the labs doesn't answer. Please tell a helper, then try again."
NO_IMAGE = "The course's lab isn't installed on this machine. Please tell an organiser."
REFUSED = "Your lab could not be started. Please tell a helper."
ENDED = "Your lab stopped right after its start. Please try again; if it stays so, tell a helper."
SILENT = "Your lab started but doesn't answer. Please try again in a minute."


class LabFailure(web.HTTPError):
    """A lab can't be started; the participant reads `sentence`."""

    def __init__(self, sentence: str) -> None:
        super().__init__(503, sentence)
        self.jupyterhub_message = sentence


class LabMixin(DockerSpawner):
    """What labs have in common, on one machine and on several: names, queue, clear messages.

    `prefix` is the instance; memory, processor and process limits, image and network are set by
    `labhub.configure`.
    """

    pids_limit = Int(256, config=True, help="Processes and threads of one lab.")
    starts_at_once = Int(config=True, help="Labs that start at the same time; others wait.")

    # DockerSpawner has one thread, in which one slow stop holds up everybody.
    _executor = ThreadPoolExecutor(4, thread_name_prefix="engine")
    _slow = ThreadPoolExecutor(4, thread_name_prefix="engine-slow")
    _line: Admission | None = None  # one for all labs
    _ticket: Ticket | None = None

    @validate("user_options")
    def _no_options(self, proposal: Any) -> dict[str, Any]:
        # Nothing about a lab is its participant's to choose. DockerSpawner refuses an image named
        # in a link (/hub/spawn?image=x), and JupyterHub repeats saved options at every start.
        return {}

    @default("remove")
    def _leave_no_containers(self) -> bool:
        return True

    @default("pull_policy")
    def _only_the_course_image(self) -> str:
        return "never"

    @default("cmd")
    def _lab_command(self) -> list[str]:
        return ["syllab-lab"]

    @default("volumes")
    def _home(self) -> dict[str, str]:
        return {"{prefix}-home-{raw_username}": HOME}

    @property
    def labels(self) -> dict[str, str]:
        """On all that a lab has in the engine, so that it can be found and removed."""
        return {"syllab.instance": self.prefix, "syllab.user": self.user.name}

    def get_env(self) -> dict[str, str]:
        """The lab's environment; nothing of the hub's own (DockerSpawner keeps none)."""
        return super().get_env() | threads(self.cpu_limit)

    def docker(self, method: str, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        """Call the engine in a thread: starts don't wait for what may take long."""
        lane = self._slow if method in SLOW else self._executor
        return asyncio.wrap_future(lane.submit(self._docker, method, *args, **kwargs))

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the waiting page shows: the place in the line, and how long it may take."""
        shown, last = "", 0.0
        while True:
            stage, now = self._stage(), time.monotonic()
            if stage["message"] != shown or now - last >= SAY_EVERY:
                shown, last = stage["message"], now
                yield stage
            await asyncio.sleep(0.3)

    def _stage(self) -> dict[str, Any]:
        if self._ticket is None:
            return {"progress": 5, "message": "Your lab has been asked for."}
        seconds = _about(self._ticket.seconds)
        if self._ticket.ahead is None:
            return {"progress": 60, "message": f"Your lab is starting: {seconds}."}
        place = f"You are number {self._ticket.ahead + 1} in the line"
        return {"progress": 20, "message": f"{place}: {seconds}."}

    async def start(self) -> tuple[str, int]:
        """Start the lab and wait until it answers; its IP address and port.

        Few start at once, in order of asking: all at once, each would take as long as all
        together. Raises LabFailure with one clear sentence for the participant.
        """
        # Nor kept in the database; see `_no_options`. At once, or the next request rolls it back.
        self.orm_spawner.user_options = {}
        inspect(self.orm_spawner).session.commit()
        cls = type(self)
        try:
            cls._line = cls._line or Admission(self.starts_at_once)
            with cls._line.join() as self._ticket:
                await self._ticket.admitted
                address = await super().start()
                await self._answering(*address)
                return address
        except ImageNotFound:
            raise self._failure(NO_IMAGE, f"image {self.image} is not on this engine") from None
        except APIError as error:
            raise self._failure(REFUSED, f"the engine refused: {error.explanation}") from None
        except ENGINE_ERRORS as error:
            raise self._failure(NO_ENGINE, f"the engine can't be reached: {error}") from None
        finally:
            self._ticket = None

    async def stop(self, now: bool = False) -> None:
        """Stop the lab and remove what ran it; the home volume stays."""
        if not self.object_id:
            return
        try:
            await super().stop(now)
        except ENGINE_ERRORS as error:
            self.log.error("%s: could not be stopped: %s", self._log_name, error)

    async def poll(self) -> int | str | None:
        """None while the lab runs, else why it ended; its last words then go to the log."""
        if not self.object_id:
            return 0
        try:
            return await self._ended()
        except ENGINE_ERRORS as error:
            # Labs outlive the engine's API: an engine that is silent for a moment ends none.
            self.log.error("%s: the engine can't be reached: %s", self._log_name, error)
            return None

    async def _ended(self) -> str | None:
        """As `poll`, and what is left of a lab that ended is removed."""
        raise NotImplementedError

    def _refuse_what_is_the_hosts(self, mounts: Sequence[Any] = ()) -> None:
        """Labs get named volumes only. The engine's socket and the host's folders, above all."""
        if mounts or self.read_only_volumes or any("/" in name for name in self.volume_binds):
            raise self._failure(REFUSED, "labs get named volumes only, nothing of the host")

    def _note(self, words: bytes) -> None:
        """Log a lab's last words, shortened and without control characters."""
        for line in words.decode(errors="replace").splitlines():
            shown = ascii(line[:LOG_WIDTH])[1:-1]
            self.log.warning("%s: %s", self.object_name, shown[:LOG_WIDTH])

    async def _answering(self, ip: str, port: int) -> None:
        started = looked = time.monotonic()
        while not await _listens(ip, port):
            now = time.monotonic()
            if now - looked > LOOK_EVERY:
                looked = now
                if (ended := await self.poll()) is not None:
                    raise self._failure(ENDED, f"ended right after its start: {ended}")
            if now - started > self.http_timeout:
                raise self._failure(SILENT, f"no answer within {self.http_timeout} s")
            await asyncio.sleep(TRY_EVERY)

    def _failure(self, sentence: str, reason: str) -> LabFailure:
        """An error that tells the participant `sentence`; `reason` is for the log."""
        self.log.error("%s: %s", self._log_name, reason)
        return LabFailure(sentence)


class LabSpawner(LabMixin):
    """A lab as a container of this machine's engine, with our hardening."""

    _running: Running | None = None  # one for all labs

    @default("starts_at_once")
    def _as_many_as_processors(self) -> int:
        return max(2, os.cpu_count() or 1)

    @default("use_internal_ip")
    def _reached_on_the_labs_network(self) -> bool:
        return True

    @default("name_template")
    def _container(self) -> str:
        # Roster names are [a-z0-9][a-z0-9._-]*: fit for the engine as they are.
        return "{prefix}-{raw_username}"

    @default("extra_create_kwargs")
    def _identity(self) -> dict[str, Any]:
        return {"user": USER, "hostname": "lab", "labels": self.labels}

    @default("extra_host_config")
    def _confinement(self) -> dict[str, Any]:
        if not self.mem_limit or not self.cpu_limit:
            raise ValueError("LabSpawner: mem_limit and cpu_limit must be set")
        return host_config(self.mem_limit, self.pids_limit)

    async def create_object(self) -> dict[str, Any]:
        """Create the container, after its home volume (an existing one is used again)."""
        self._refuse_what_is_the_hosts(self.mounts)
        for name in self.volume_binds:
            await self.docker("create_volume", name, labels=self.labels)
        return await super().create_object()

    async def remove_object(self) -> None:
        """Remove the container, even a running one that the hub had lost sight of."""
        try:
            await self.docker("remove_container", self.object_id, v=True, force=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # removed, or being removed, already
                raise

    async def _ended(self) -> str | None:
        cls = type(self)
        if cls._running is None:
            label = f"syllab.instance={self.prefix}"
            cls._running = Running(lambda: self.client, label, self.log)
        if cls._running.includes(self.object_id):
            return None
        container = await self.get_object()
        if container is None:
            return "the container is gone"
        state = container["State"]
        if state["Running"] or state["Status"] == "created":
            return None
        if state["ExitCode"] != 0:
            self._note(await self.docker("logs", self.object_id, tail=LOG_LINES))
        await self.remove_object()
        self.object_id: str = ""
        memory = ", out of memory" if state["OOMKilled"] else ""
        return f"exit code {state['ExitCode']}{memory}"


def _about(seconds: float) -> str:
    """How long in words, rounded: a number that jumps tells nobody more."""
    if seconds < 10:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds, -1):.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


async def _listens(ip: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(ip, port), timeout=1)
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True
