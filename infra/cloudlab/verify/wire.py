"""How a course is reached: by its address alone, whatever this machine's proxies say."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

PATIENCE = 30.0  # seconds without a sign of life


@dataclass(frozen=True)
class Wire:
    """The way to a course.

    `address` is its URL without a slash at the end, such as https://course.example.org. `ca` has
    the certificates, in PEM, of the authorities to believe; None for those that this machine
    believes. `at` is the machine to connect to, None for what the DNS says.
    """

    address: str
    ca: Path | None = None
    at: str | None = None

    @property
    def secure(self) -> bool:
        """Whether it is reached by HTTPS."""
        return urlsplit(self.address).scheme == "https"

    @property
    def host(self) -> str:
        """The host's name or address in the course's URL."""
        return urlsplit(self.address).hostname or ""

    def context(self) -> ssl.SSLContext:
        """TLS as a browser does it: with a certificate that is valid for the host."""
        return ssl.create_default_context(cafile=self.ca)

    def connect(self, context: ssl.SSLContext | None = None) -> socket.socket:
        """A connection; by HTTPS with `context`, None for a browser's. Raises OSError."""
        port = urlsplit(self.address).port or (443 if self.secure else 80)
        plain = socket.create_connection((self.at or self.host, port), timeout=PATIENCE)
        if not self.secure:
            return plain
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def session(self) -> requests.Session:
        """A browser without cookies yet."""
        session = requests.Session()
        session.trust_env = False  # no proxy, and no certificates from the environment
        session.verify = str(self.ca) if self.ca else True
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self.context(), self.at))
        return session


class _Adapter(HTTPAdapter):
    """Connects to `at`, and asks for the host that the URL names."""

    def __init__(self, context: ssl.SSLContext, at: str | None) -> None:
        self._context, self._at = context, at
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)

    def build_connection_pool_key_attributes(self, *arguments: Any, **options: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*arguments, **options)
        if self._at:
            if host["scheme"] == "https":
                pool |= {"server_hostname": host["host"], "assert_hostname": host["host"]}
            host["host"] = self._at
        return host, pool

    def send(self, request: requests.PreparedRequest, *a: Any, **options: Any) -> Any:
        request.headers["Host"] = urlsplit(str(request.url)).netloc
        options["timeout"] = options.get("timeout") or PATIENCE
        return super().send(request, *a, **options)
