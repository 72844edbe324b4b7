"""What outlives a restart: what organisers wish, and what the service did.

Each of the two files has one writer.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TypeVar

from courseware.hub_settings import HubSettings
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

log = logging.getLogger(__name__)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class Wish(_Kept):
    at: AwareDatetime
    """When it was said."""
    by: str
    """The organiser's username."""


class Wishes(_Kept):
    """What organisers said last on their page, which writes it."""

    at: AwareDatetime | None = None
    """When one of them said anything last."""
    hold: Wish | None = None
    """Nothing is started or stopped until it is taken back."""
    warm: Wish | None = None
    """All participants' labs are started now."""
    stop: Wish | None = None
    """Idle labs are stopped now, even in a session."""


class Record(_Kept):
    """What the service did, which writes it."""

    occasion: str = ""
    """For what labs are, or were last, warmed."""
    had: frozenset[str] = frozenset()
    """Who had a lab since it began: one that is gone was stopped, and isn't started again."""
    tries: dict[str, int] = {}
    """How often others' labs were started for it, in vain so far."""
    says: str = ""
    """What happens, in a sentence or two."""
    at: AwareDatetime | None = None
    """When the service looked last."""


Kept = TypeVar("Kept", Wishes, Record)


class File:
    """One of the two files in the hub's own folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, kind: type[Kept]) -> Kept:
        """What is in it; as new if there is nothing, or nothing that makes sense."""
        try:
            return kind.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return kind()
        except (OSError, ValidationError) as error:
            log.warning("%s: begun anew, it can't be read: %s", self._path, type(error).__name__)
            return kind()

    def write(self, content: Wishes | Record) -> None:
        """Replace it, wholly or not at all; for its owner only."""
        new = self._path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content.model_dump_json(indent=1) + "\n")
        new.replace(self._path)

    def stamp(self) -> int | None:
        """Another number after each change."""
        try:
            return self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None


def wishes(settings: HubSettings) -> File:
    """The file of `Wishes`."""
    return File(settings.state / "lifecycle-wishes.json")


def record(settings: HubSettings) -> File:
    """The file of `Record`."""
    return File(settings.state / "lifecycle.json")
