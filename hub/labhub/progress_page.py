"""What the website asks for: how far the participant who is logged in is with a tutorial."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from courseware.hub_settings import HubSettings
from jupyterhub.handlers import BaseHandler
from sqlalchemy.exc import SQLAlchemyError

from .auth import forget_login
from .grader.exercises import Exercises
from .grader.gradebook import Gradebook
from .grader.grades import grades
from .grader.progress import tutorials

Tutorials = dict[str, dict[str, Any]]


class Progress:
    """Reads the gradebook in a thread of its own, so that the hub goes on meanwhile.

    However often a participant asks, one question of theirs is in the queue: nobody makes the
    others wait.
    """

    def __init__(self, settings: HubSettings) -> None:
        """Read the release's exercises. Raises UserError if it is damaged."""
        self._settings = settings
        self._exercises = Exercises(settings.release)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="progress")
        self._asked: dict[str, asyncio.Future[Tutorials]] = {}

    async def of(self, participant: str) -> Tutorials:
        """A participant's progress by tutorial. Raises SQLAlchemyError without a database."""
        if participant not in self._asked:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._pool, self._read, participant)
            asked.add_done_callback(lambda _: self._asked.pop(participant))
            self._asked[participant] = asked
        return await self._asked[participant]

    @cached_property
    def _book(self) -> Gradebook:
        """Opened when it is first needed: the hub starts without the database, too."""
        return Gradebook(self._settings.grader.database)

    def _read(self, participant: str) -> Tutorials:
        found = grades(self._book, self._settings.grading, participant)
        return {each["tutorial"]: each for each in tutorials(self._exercises, found)}


class ProgressHandler(BaseHandler):
    """Answers the scripts of the course's own pages, in JSON; there is nothing to look at."""

    def initialize(self, shared: Callable[[], Progress]) -> None:
        """`shared` gives what all requests share."""
        self.progress = shared()

    async def get(self, tutorial: str) -> None:
        """One entry of the grader's `/progress`, or {} with a status that says why not."""
        status, found = await self._find(tutorial)
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(found)

    async def _find(self, tutorial: str) -> tuple[int, dict[str, Any]]:
        # Browsers say where a request comes from: https://www.w3.org/TR/fetch-metadata/
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return 403, {}
        if self.current_user is None:
            forget_login(self)
            return 401, {}
        try:
            found = (await self.progress.of(self.current_user.name)).get(tutorial)
        except SQLAlchemyError as error:
            self.log.error("The gradebook can't be read: %s", error)
            return 503, {}
        return (200, found) if found else (404, {})
