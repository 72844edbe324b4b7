"""Lets people in with the username and passphrase on their card."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cachetools import TTLCache
from courseware import passphrase
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler, LoginHandler, LogoutHandler
from tornado import web
from traitlets import Int, Unicode

from . import client
from .accounts import Account, Accounts
from .throttle import Failures, LineFull, Lines

WRONG = "This username and passphrase don't belong together. Please type both as on your card."
BUSY = "Many login attempts are under way for this username. Please try again in a few seconds."
LONGEST_NAME = 64  # characters of a username, as in users.json
LONGEST = 256  # characters of a passphrase; more is nobody's
HELD_BACK = 500  # answers delayed at the same time; beyond, they are given at once
NOBODYS_LINES = 64  # among which all unknown usernames are spread
LOGGED_IN = "syllab-lab"  # the cookie by which the website's pages know that asking makes sense


class Refusal(web.HTTPError):
    """Shows `sentence` on the login page; JupyterHub sends `headers` with it."""

    def __init__(self, status: int, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, sentence)
        self.headers = headers or {}


def forget_login(handler: BaseHandler) -> None:
    """Take the website's sign back that somebody is logged in."""
    handler.clear_cookie(LOGGED_IN, path="/")


class Login(LoginHandler):
    """Leaves a sign for the website's scripts, which can't see the hub's cookie: no secret."""

    def set_login_cookie(self, user: Any) -> None:
        """JupyterHub calls this at each login."""
        super().set_login_cookie(user)
        self._set_cookie(
            LOGGED_IN, "1", encrypted=False, path="/", httponly=False, samesite="Lax",
            expires_days=self.cookie_max_age_days,
        )  # fmt: skip


class Logout(LogoutHandler):
    """Takes the sign back."""

    async def handle_logout(self) -> None:
        """JupyterHub calls this at each logout."""
        forget_login(self)


class RosterAuthenticator(Authenticator):
    """Checks passphrases against users.json, off the event loop.

    A right passphrase is answered as soon as it is verified, whatever others try. A wrong one is
    answered late, the later the more of them came for this account from this address. What
    waits for verification is bounded per account and address (`Lines`); a passphrase that was
    right before is known again without waiting, so that nobody's flood keeps its owner out.
    """

    users_file = Unicode(config=True, help="The path of users.json.")
    proxies = Int(1, config=True, help="How many of our proxies a request passes.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = Accounts(Path(self.users_file), self.log)
        # Two: argon2 works outside Python's lock, and labs need the processor too.
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="passphrase")
        self.lines = Lines(per_pair=64, per_account=256, per_address=256, overall=2048)
        self.failures = Failures()
        self.sleep = asyncio.sleep
        self._held_back = 0
        self._nobody = passphrase.hash(secrets.token_hex())
        self._key = secrets.token_bytes(32)
        self._right_before: TTLCache[str, bytes] = TTLCache(4096, 12 * 3600)

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """Our login and logout, in place of JupyterHub's own."""
        return [(r"/login", Login), (r"/logout", Logout)]

    def normalize_username(self, username: str) -> str:
        """A username as typed, in the form of the roster: without blanks around, lower case.

        "" if it is too long to be one: NFKC takes time with the square of the length.
        """
        if len(username) > LONGEST_NAME:
            return ""
        return unicodedata.normalize("NFKC", username).strip().lower()

    def validate_username(self, username: str) -> bool:
        """Whether the hub may have this user at all: only those with an account."""
        return super().validate_username(username) and self.accounts.get(username) is not None

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Whether this user may log in: who has an account, no longer who once had one."""
        return self.accounts.get(username) is not None

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Whether a session may go on: asked every few minutes; no if the account is gone."""
        return self.accounts.get(user.name) is not None

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, str]:
        """The user's name. Raises HTTPError 403 if the passphrase is wrong, 429 in a flood.

        Not None for wrong ones: JupyterHub would then log the username as it was typed, and some
        type their passphrase into that field.
        """
        username = self.normalize_username(data.get("username", ""))
        typed = data.get("password", "")
        address = client.address(handler.request, self.proxies)
        account = self.accounts.get(username)
        try:
            right = await self._is_right(username, account, address, typed)
        except LineFull:
            raise Refusal(429, BUSY, {"Retry-After": "5"}) from None
        if right:
            self.failures.forget(username, address)
            return {"name": username}
        await self._hold_back(username, account, address)
        raise Refusal(403, WRONG)

    async def _is_right(
        self, username: str, account: Account | None, address: str, typed: str
    ) -> bool:
        text = typed if len(typed) <= LONGEST else ""
        hashed = account.hash if account else self._nobody
        if self._right_before.get(username) == (seal := self._seal(hashed, text)):
            return account is not None

        async def verify() -> bool:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.pool, passphrase.verify, hashed, text)

        right = await self.lines.run(self._line(username, account), address, verify)
        if right and account:
            self._right_before[username] = seal
        return right and account is not None

    def _line(self, username: str, account: Account | None) -> str:
        """Where a username waits: its own line, or as if its own for who has no account.

        One line for all of these would tell them apart: two of them would wait for each other.
        A line each would let made-up ones crowd out the real. Who doesn't know the key can't
        choose two that meet.
        """
        if account:
            return username
        content = username.encode(errors="replace")
        digest = hashlib.blake2b(content, key=self._key, digest_size=8).digest()
        return f"?{int.from_bytes(digest) % NOBODYS_LINES}"  # "?" is in no real username

    def _seal(self, hashed: str, text: str) -> bytes:
        """Stands for a passphrase in memory; useless without this process's random key."""
        content = f"{hashed} {passphrase.normalise(text)}".encode()
        return hashlib.blake2b(content, key=self._key, digest_size=32).digest()

    async def _hold_back(self, username: str, account: Account | None, address: str) -> None:
        count = self.failures.add(username[:LONGEST], address)
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th, 8th ...: a flood must not fill the log
            who = username if account else "no account"
            self.log.warning("Wrong passphrase (%d) for %s from %s", count, who, address)
        if self._held_back >= HELD_BACK:
            return
        self._held_back += 1
        try:
            await self.sleep(self.failures.delay(count))
        finally:
            self._held_back -= 1
