"""What all of the grader's answers have in common: whom they are for, and how errors are told."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from courseware.hub_settings import Grading
from jupyterhub.services.auth import HubAuth
from sqlalchemy.exc import SQLAlchemyError
from tornado import web

from ..roles import GRADER
from .grader import Grader
from .submission import Refusal

UNAVAILABLE = "The grader can't work at the moment; organisers are told. Please try again later."


class Nothing(web.RequestHandler):
    """What isn't there; errors are JSON."""

    def prepare(self) -> Awaitable[None] | None:
        raise Refusal(404, "There is nothing here.")

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        sentence = HTTPStatus(status_code).phrase
        if isinstance(error, Refusal):
            status_code, sentence = error.status, error.sentence
            if error.wait:
                self.set_header("Retry-After", str(error.wait))
        elif isinstance(error, SQLAlchemyError):
            status_code, sentence = 503, UNAVAILABLE
        self.set_status(status_code)
        self.finish({"error": sentence})

    def log_exception(self, *exc_info: Any) -> None:
        if not isinstance(exc_info[1], Refusal):
            super().log_exception(*exc_info)


class Handler(Nothing):
    """Finds out who asks."""

    participant: str

    def initialize(self, grader: Grader, policy: Grading, hub: HubAuth) -> None:
        self.grader, self.policy, self.hub = grader, policy, hub

    async def prepare(self) -> None:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not token.isascii() or not token:
            raise Refusal(401, "No token of the hub came with this.")
        try:
            user = await self.hub.user_for_token(token, sync=False)
        except web.HTTPError:
            raise Refusal(503, "The hub doesn't answer. Please try again in a minute.") from None
        if user is None:
            raise Refusal(403, "The hub doesn't know this token any more. Please restart your lab.")
        if user.get("kind") != "user" or not self.hub.check_scopes({GRADER}, user):
            raise Refusal(403, "This token is not one of a lab.")
        self.participant = user["name"]
