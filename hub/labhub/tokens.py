"""Secrets that the hub's processes share through files in the state folder."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def shared(path: Path) -> str:
    """The secret in `path`, made on first use, readable by its owner only.

    Safe when several processes ask for the first time at once: linking a finished file into
    place is atomic and fails if another was quicker, whose secret then counts.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A temporary file has mode 0600 from the start.
        with NamedTemporaryFile("w", dir=path.parent) as draft, suppress(FileExistsError):
            draft.write(secrets.token_hex(32))
            draft.flush()
            os.link(draft.name, path)
    return path.read_text(encoding="ascii").strip()
