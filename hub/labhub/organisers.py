"""Pages for organisers: who may see them, and that no page of a lab gets at them.

Labs share the hub's address, so browsers let a page of a lab send an organiser's cookies here.
They also say what for, which no page can change: https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import secrets
from typing import Any

from cachetools import TTLCache
from tornado import web
from tornado.httputil import HTTPHeaders

from .accounts import Accounts

FRESH = 3600  # seconds for which a page that was handed out can be sent back


class Organisers:
    """Who is an organiser: by the role in users.json, as it is now."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def has(self, user: Any) -> bool:
        """Whether this user of the hub (None for a stranger) is one."""
        account = self._accounts.get(user.name) if user else None
        return account is not None and account.role == "organiser"

    def let_in(self, user: Any, headers: HTTPHeaders, what: str) -> None:
        """Raises HTTPError 403 unless an organiser opens a page; `what` is on it."""
        if not self.has(user):
            raise web.HTTPError(403, f"{what} for organisers only.")
        # A page of a lab may lead an organiser here, but must not read what is here.
        if headers.get("Sec-Fetch-Dest", "document") != "document":
            raise web.HTTPError(403, "Open this page by its link or address.")


class Forms:
    """Tells the forms of our own pages from what others send in an organiser's name.

    JupyterHub's XSRF token is not enough: it is a cookie, which a page of a lab can read. Each
    form has a number that is good once, for whom it was made; pages of labs can't read the form.
    """

    def __init__(self) -> None:
        self._made: TTLCache[str, str] = TTLCache(1024, FRESH)

    def number(self, username: str) -> str:
        """The number for a new form."""
        number = secrets.token_urlsafe()
        self._made[number] = username
        return number

    def take(self, username: str, number: str, headers: HTTPHeaders) -> bool:
        """Whether a form of ours was sent; False if it is old or was sent before.

        Raises HTTPError 403 if it isn't sent by a page of the hub as a form is.
        """
        said = [headers.get(f"Sec-Fetch-{about}") for about in ("Site", "Mode", "Dest")]
        if said != ["same-origin", "navigate", "document"]:
            raise web.HTTPError(403, "Open the page by its link or address, and use its buttons.")
        return self._made.pop(number, None) == username
