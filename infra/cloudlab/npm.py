"""The host's npm settings, lent to image builds as a secret like those of the other clients."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What says where packages come from, and with which right; `//host/:_authToken` is among it.
KEYS = ("registry", "proxy", "https-proxy", "noproxy", "strict-ssl")


@contextmanager
def npm_secret() -> Iterator[list[str]]:
    """The `docker build` options that lend the secret npm, an .npmrc."""
    with tempfile.NamedTemporaryFile("w", prefix="syllab-npm-") as file:
        file.write(npm_settings())
        file.flush()
        yield ["--secret", f"id=npm,src={file.name}"]


def npm_settings() -> str:
    """An .npmrc with the organiser's own settings, from their file and npm_config_ variables.

    Settings that name files of this machine are left out: a build can't see those.
    """
    path = Path(os.environ.get("NPM_CONFIG_USERCONFIG") or "~/.npmrc").expanduser()
    lines = path.read_text().splitlines() if path.is_file() else []
    for name, value in os.environ.items():
        key = name.lower().removeprefix("npm_config_").replace("_", "-")
        if name.lower().startswith("npm_config_"):
            lines.append(f"{key}={value}")
    kept = [line for line in lines if line.startswith("//") or _key(line) in KEYS]
    return "".join(f"{line}\n" for line in kept)


def _key(line: str) -> str:
    """A setting's name without the scope of packages that it holds for."""
    return line.partition("=")[0].strip().rpartition(":")[2]
