"""The accounts in users.json, as they are now: a re-issued card works without a restart."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated, Literal

from courseware.errors import UserError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Role = Literal["participant", "helper", "organiser"]
Username = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]


class Account(BaseModel):
    """One entry of users.json. `hash` is the passphrase's, as courseware.passphrase makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Role
    hash: str = Field(pattern=r"^\$argon2id\$", repr=False)


_FILE = TypeAdapter(dict[Username, Account])


class Accounts:
    """All accounts by username; the file is read again whenever it has changed."""

    def __init__(self, path: Path, log: logging.Logger | None = None) -> None:
        """Read `path`. Raises UserError with every entry that is wrong."""
        self._path = path
        self._log = log or logging.getLogger(__name__)
        self._seen = self._stamp()
        self._accounts = self._read()

    def get(self, username: str) -> Account | None:
        """The account of this username (lower case, as in the file), None if there is none."""
        return self.all().get(username)

    def all(self) -> dict[str, Account]:
        """All accounts. A file that has become unreadable leaves the last good ones in force."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._accounts = self._read()
            except UserError as error:
                self._log.error("Keeping the accounts as they were: %s", error)
        return self._accounts

    def with_role(self, role: Role) -> list[str]:
        """The usernames that have this role, sorted."""
        return sorted(name for name, account in self.all().items() if account.role == role)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino  # a replaced file has another inode

    def _read(self) -> dict[str, Account]:
        remedy = "it is written by `make up`: run that again"
        try:
            return _FILE.validate_python(json.loads(self._path.read_bytes()))
        except OSError as error:
            raise UserError(f"{self._path}: can't be read ({error.strerror}) -> {remedy}") from None
        except ValidationError as error:
            # Only the place and the kind of mistake: the values are hashes.
            wrong = (".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors())
            raise UserError("\n".join(f"{self._path}: {w} -> {remedy}" for w in wrong)) from None
        except ValueError as error:
            raise UserError(f"{self._path}: not JSON ({error}) -> {remedy}") from None
