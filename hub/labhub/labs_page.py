"""Organisers see what is done with labs by the schedule, and say otherwise: /hub/labs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from courseware.hub_settings import CourseSession, HubSettings
from jupyterhub.handlers import BaseHandler
from tornado import web

from .accounts import Accounts
from .lifecycle import state
from .lifecycle.plan import TRIES, begins
from .lifecycle.state import Record, Wish, Wishes
from .organisers import Forms, Organisers

TAKEN_UP_WITHIN = 3  # seconds, usually; it looks later while labs are starting
SILENT = timedelta(minutes=2)  # since the service's last look, after which something is wrong
STATES = {"spawn": "starting", "stop": "stopping", "check": "running", None: "running"}


@dataclass(frozen=True)
class Row:
    """A lab in the page's table."""

    name: str
    username: str
    state: str
    active: datetime | None
    """When it was used last."""


class LabsPage:
    """What is on the page, and what its buttons do."""

    def __init__(self, settings: HubSettings, accounts: Accounts) -> None:
        self._rules, self._accounts = settings.lifecycle, accounts
        self._wishes, self._record = state.wishes(settings), state.record(settings)

    def wish(self, what: str, by: str) -> None:
        """Note what an organiser wants. Raises HTTPError 400 for what no button says."""
        before, now = self._wishes.read(Wishes), Wish(at=datetime.now(UTC), by=by)
        changes: dict[str, dict[str, Wish | None]] = {
            "hold": {"hold": now, "stop": None},
            "go-on": {"hold": None},
            "warm": {"warm": now},
            "stop": {"stop": now},
        }
        if what not in changes:
            raise web.HTTPError(400, "There is no such button.")
        self._wishes.write(before.model_copy(update=changes[what] | {"at": now.at}))

    def is_taken_up(self) -> bool:
        """Whether the service looked since an organiser said something last."""
        said, looked = self._wishes.read(Wishes).at, self._record.read(Record).at
        return said is None or (looked is not None and looked > said)

    def content(self, users: Iterable[Any]) -> dict[str, Any]:
        """The template's variables; `users` are the hub's."""
        record, wishes = self._record.read(Record), self._wishes.read(Wishes)
        now = datetime.now(UTC)
        coming, warms = self._next(now), self._rules.warm_seconds > 0
        return {
            "says": record.says,
            "silent": record.at is None or now - record.at > SILENT,
            "hold": wishes.hold,
            "held_by": self._name(wishes.hold.by) if wishes.hold else "",
            "taken_up": self.is_taken_up(),
            "coming": coming,
            "warm_from": begins(self._rules, coming) if coming and warms else None,
            "rows": [*self._rows(users), *self._failed(record)],
        }

    def _next(self, now: datetime) -> CourseSession | None:
        later = (each for each in self._rules.sessions if each.start > now)
        return min(later, key=lambda each: each.start, default=None)

    def _rows(self, users: Iterable[Any]) -> list[Row]:
        labs = ((user.name, user.spawner) for user in users if user.active)
        rows = [
            Row(self._name(name), name, STATES[lab.pending], _aware(lab.orm_spawner.last_activity))
            for name, lab in labs
        ]
        return sorted(rows, key=lambda row: row.username)

    def _failed(self, record: Record) -> list[Row]:
        failed = sorted(name for name, tries in record.tries.items() if tries >= TRIES)
        return [Row(self._name(name), name, "could not be started", None) for name in failed]

    def _name(self, username: str) -> str:
        account = self._accounts.get(username)
        return account.name if account else username


class LabsHandler(BaseHandler):
    """Shows the page, and takes what its buttons send."""

    def initialize(self, shared: Callable[[], tuple[LabsPage, Organisers, Forms]]) -> None:
        """`shared` gives what all requests share."""
        self.page, self.organisers, self.forms = shared()

    @web.authenticated
    async def get(self) -> None:
        """The page. 403 for who isn't an organiser."""
        self._let_in()
        # Severs it from a page of a lab that opened it, which could read and press it otherwise.
        self.set_header("Cross-Origin-Opener-Policy", "noopener-allow-popups")
        self.set_header("Cache-Control", "no-store")
        self.finish(await self._render(""))

    @web.authenticated
    async def post(self) -> None:
        """Note a wish and show the page; a form that isn't fresh is shown anew instead."""
        self._let_in()
        by, number = self.current_user.name, self.get_body_argument("number", "")
        if self.forms.take(by, number, self.request.headers):
            wish = self.get_body_argument("wish", "")
            self.page.wish(wish, by)
            self.log.info("%s wishes for the labs: %s", by, wish)
            for _ in range(TAKEN_UP_WITHIN):
                if self.page.is_taken_up():
                    break
                await asyncio.sleep(1)
            self.redirect(f"{self.hub.base_url}labs", status=303)
        else:
            self.set_header("Cross-Origin-Opener-Policy", "noopener-allow-popups")
            self.finish(await self._render("The page was out of date. Please press again."))

    def _let_in(self) -> None:
        self.organisers.let_in(self.current_user, self.request.headers, "The labs of everybody are")

    async def _render(self, problem: str) -> str:
        return await self.render_template(
            "labs.html",
            problem=problem,
            number=self.forms.number(self.current_user.name),
            xsrf=self.xsrf_token.decode("ascii"),
            **self.page.content(self.users.values()),  # whose labs run are among those it knows
        )


def _aware(moment: datetime | None) -> datetime | None:
    """A time of the hub's database, which is UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment else None
