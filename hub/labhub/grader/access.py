"""The gradebook for commands, whose errors are told without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from courseware.errors import UserError
from courseware.hub_settings import HubSettings
from sqlalchemy.exc import SQLAlchemyError

from .gradebook import Gradebook


@contextmanager
def gradebook(settings: HubSettings) -> Iterator[Gradebook]:
    """The gradebook of a hub. Raises UserError if the database can't be used within the block."""
    try:
        yield Gradebook(settings.grader.database)
    except SQLAlchemyError as error:
        # The driver's own words; SQLAlchemy's add a statement and a link.
        why = str(getattr(error, "orig", None) or error).strip()
        remedy = "see that the database runs and repeat this; `make up` makes what is missing"
        raise UserError(f"The gradebook can't be used: {why} -> {remedy}") from None
