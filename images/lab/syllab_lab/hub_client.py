"""Requests to the hub by Tornado's client, which the lab's server has anyway.

JupyterHub's own client, aiohttp, takes longer to import than any other package of a lab.
"""

from __future__ import annotations

from dataclasses import dataclass
from ssl import SSLContext

from tornado.httpclient import AsyncHTTPClient
from tornado.httputil import HTTPHeaders

CONNECT_TIMEOUT = 30  # seconds, both as aiohttp's
REQUEST_TIMEOUT = 300


@dataclass(frozen=True)
class Answer:
    """What JupyterHub's single-user server asks of an answer."""

    status: int
    headers: HTTPHeaders
    body: bytes

    async def text(self) -> str:
        """The body."""
        return self.body.decode()


async def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    data: str | bytes | None = None,
    ssl: SSLContext | None = None,
    raise_for_status: bool = True,
) -> Answer:
    """As `jupyterhub.httpclient.fetch`, of whose options it has those that a lab uses.

    Raises an exception of Tornado's when there is no answer, or a bad one and `raise_for_status`.
    """
    answer = await AsyncHTTPClient().fetch(
        url,
        raise_error=raise_for_status,
        method=method,
        headers=headers,
        body=data,
        ssl_options=ssl,
        connect_timeout=CONNECT_TIMEOUT,
        request_timeout=REQUEST_TIMEOUT,
    )
    return Answer(answer.code, answer.headers, answer.body)
