"""The hub's settings, and the refusal to run a release that they don't fit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from courseware.errors import UserError
from courseware.hub_settings import HubSettings

ENVIRONMENT = "SYLLAB_HUB_JSON"


def from_environment() -> tuple[HubSettings, Path]:
    """The settings in the file named by SYLLAB_HUB_JSON, checked against their release; the file.

    Raises UserError if the variable is unset, the file is wrong or the release doesn't fit.
    """
    path = os.environ.get(ENVIRONMENT)
    if not path:
        raise UserError(f"{ENVIRONMENT} is not set -> set it to the path of hub.json")
    settings = HubSettings.read(Path(path))
    check_release(settings)
    return settings, Path(path)


def check_release(settings: HubSettings) -> None:
    """Refuse to mix: the release's manifest must name the image that the settings name.

    Raises UserError otherwise, or if the manifest can't be read.
    """
    path = settings.release / "manifest.json"
    remedy = "run `make up` (or deploy) again, so that hub.json and release are of one make"
    try:
        made_for = json.loads(path.read_text(encoding="utf-8"))["image"]["id"]
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror}) -> {remedy}") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: image.id: not found -> {remedy}") from None
    if made_for != settings.image:
        raise UserError(
            f"{path}: image.id: the release was made with image {made_for},"
            f" hub.json names {settings.image} -> {remedy}"
        )


def run(main: Callable[[HubSettings], None]) -> None:
    """Run a program given the path of hub.json; a UserError ends it with one clear line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m {main.__module__} hub.json")
    try:
        main(HubSettings.read(Path(sys.argv[1])))
    except UserError as error:
        sys.exit(str(error))
