"""The grades of everybody, as a CSV file for organisers, in the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property

from courseware.hub_settings import HubSettings
from jupyterhub.handlers import BaseHandler
from sqlalchemy.exc import SQLAlchemyError
from tornado import web

from .accounts import Accounts
from .grader.exercises import Exercises
from .grader.gradebook import Gradebook
from .grader.table import table
from .organisers import Organisers


class GradesFile:
    """What is in the file now."""

    def __init__(self, settings: HubSettings, accounts: Accounts) -> None:
        self._settings = settings
        self._accounts = accounts

    def csv(self) -> bytes:
        """As `Table.csv`. Raises SQLAlchemyError without a database, UserError without a release.

        May take a while: not for the event loop.
        """
        exercises = Exercises(self._settings.release)
        return table(self._book, exercises, self._accounts, self._settings.grading).csv()

    @cached_property
    def _book(self) -> Gradebook:
        """Opened when it is first needed: the hub starts without the database, too."""
        return Gradebook(self._settings.grader.database)


class GradesHandler(BaseHandler):
    """Hands the file out to be saved."""

    def initialize(self, shared: Callable[[], tuple[GradesFile, Organisers]]) -> None:
        """`shared` gives what all requests share."""
        self.file, self.organisers = shared()

    @web.authenticated
    async def get(self) -> None:
        """The CSV file. 403 for who isn't an organiser, 503 without a database."""
        what = "The grades of everybody are"
        self.organisers.let_in(self.current_user, self.request.headers, what)
        try:
            content = await asyncio.to_thread(self.file.csv)
        except SQLAlchemyError as error:
            self.log.error("The gradebook can't be read: %s", error)
            what = "The gradebook can't be read at the moment. The hub's log says more."
            raise web.HTTPError(503, what) from None
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="grades.csv"')
        self.set_header("Cache-Control", "no-store")
        self.finish(content)
