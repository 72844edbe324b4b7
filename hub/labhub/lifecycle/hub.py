"""What the service asks of the hub, by its REST API."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

PAGE = "application/jupyterhub-pagination+json"


class Silent(Exception):
    """The hub doesn't answer, or not as it should; says how."""


@dataclass(frozen=True)
class User:
    """A user as the hub tells it."""

    name: str
    last_activity: datetime | None
    server: dict[str, Any] | None
    """The lab, if one runs, starts or stops."""


class Hub:
    """The hub that started this process, with the rights of its role."""

    def __init__(self) -> None:
        self._api = os.environ["JUPYTERHUB_API_URL"]
        self._token = os.environ["JUPYTERHUB_API_TOKEN"]
        self._client = AsyncHTTPClient()

    async def users(self) -> list[User]:
        """All users. Raises Silent."""
        found: list[User] = []
        following: dict[str, Any] | None = {"offset": 0}
        while following:
            _, answer = await self._ask("GET", f"/users?limit=200&offset={following['offset']}")
            found += [_user(each) for each in answer["items"]]
            following = answer["_pagination"]["next"]
        return found

    async def start(self, name: str) -> bool:
        """Ask for a lab; False if the hub refuses. Raises Silent."""
        status, _ = await self._ask("POST", f"/users/{quote(name)}/server")
        return status < 400

    async def is_starting(self, name: str) -> bool:
        """Whether a lab that was asked for isn't ready yet. Raises Silent."""
        _, answer = await self._ask("GET", f"/users/{quote(name)}")
        server = answer.get("servers", {}).get("")
        return server is not None and server["pending"] == "spawn"

    async def stop(self, name: str) -> bool:
        """Stop a lab; False if the hub refuses. Raises Silent."""
        status, _ = await self._ask("DELETE", f"/users/{quote(name)}/server")
        return status < 400

    async def _ask(self, method: str, path: str) -> tuple[int, Any]:
        headers = {"Authorization": f"token {self._token}", "Accept": PAGE}
        request = HTTPRequest(
            self._api + path, method, headers, allow_nonstandard_methods=True, request_timeout=60
        )
        try:
            answer = await self._client.fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            raise Silent(f"The hub doesn't answer ({error})") from None
        if method == "GET" and answer.code != 200:
            raise Silent(f"The hub answers with {answer.code}")
        return answer.code, json.loads(answer.body) if method == "GET" else None


def _user(model: dict[str, Any]) -> User:
    last = model.get("last_activity")
    server = model["servers"].get("")
    return User(model["name"], datetime.fromisoformat(last) if last else None, server)
