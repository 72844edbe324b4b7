"""What clouds have in common: which servers a course wants, keys, and undoing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from courseware.errors import UserError

from cloudlab.hosts import Ec2, OpenStack
from cloudlab.providers import Doing, Thing

PATIENCE = 300  # seconds for a server to start and answer; clouds copy images of gigabytes first
PORTS = (22, 80, 443)  # that anybody reaches: SSH and the web
PUBLIC_KEY = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*")


@dataclass(frozen=True)
class Server:
    """A server that there must be: its name among the course's machines, and its size."""

    name: str
    role: Literal["manager", "worker"]
    size: str


def servers(wants: OpenStack | Ec2) -> list[Server]:
    """The manager, then the workers."""
    if isinstance(wants, OpenStack):
        size, worker_size = wants.flavor, wants.worker_flavor
    else:
        size, worker_size = wants.type, wants.worker_type
    workers = [
        Server(f"worker-{n}", "worker", worker_size or size) for n in range(1, wants.workers + 1)
    ]
    return [Server("manager", "manager", size), *workers]


def public_key(key: Path | None) -> str:
    """The public half of the organiser's SSH key, or of the SSH agent's first; makes none.

    Raises UserError if there is none.
    """
    if key is None:
        found = _said(["ssh-add", "-L"])
        if found is None:
            raise UserError(
                "no SSH key: hosts.yml names none and the SSH agent has none -> set 'key' in "
                "hosts.yml (ssh-keygen -t ed25519 makes one), or run ssh-add"
            )
        return _two_fields(found)
    beside = key.with_name(key.name + ".pub")
    found = (
        beside.read_text() if beside.is_file() else _said(["ssh-keygen", "-y", "-P", "", "-f", key])
    )
    if found is None or not PUBLIC_KEY.match(found):
        raise UserError(
            f"key: {key} is no SSH key that can be read -> name a private key; with a passphrase "
            f"it needs its public half beside it, in {beside.name}"
        )
    return _two_fields(found)


def _said(command: list[str | Path]) -> str | None:
    """What a program prints; None if it fails or isn't there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _two_fields(key: str) -> str:
    """Kind and key, without the comment, which tells of the organiser's machine."""
    return " ".join(key.splitlines()[0].split()[:2])


def user_data(hostname: str) -> str:
    """What cloud-init is told. Everybody on the server can read it: nothing secret."""
    return f"#cloud-config\nhostname: {hostname}\nmanage_etc_hosts: localhost\n"


@contextmanager
def all_or_nothing(
    made: list[Thing], remove: Callable[[list[Thing], Doing], None], doing: Doing
) -> Iterator[None]:
    """Take away again what was `made` if the block fails or is interrupted.

    Raises what the block raises; UserError, naming what is still there, if that can't be removed.
    """
    try:
        yield
    except BaseException as error:
        doing("taking away again what was made")
        try:
            remove(made, doing)
        except UserError as second:
            left = ", ".join(f"{each.kind} {each.name}" for each in made)
            raise UserError(
                f"{error}\nNot everything could be taken away again. {second}\nMade were: {left}"
            ) from error
        raise


def remove_in_order(
    kinds: Iterable[str],
    things: Iterable[Thing],
    remove: Callable[[str, list[str]], None],
    errors: tuple[type[Exception], ...],
    doing: Doing,
) -> None:
    """Remove things kind by kind, given to `remove` by their IDs.

    What can't be removed keeps nothing else from being tried: servers cost money. Raises UserError
    then, which tells the cloud's `errors`.
    """
    things, failed = list(things), []
    for kind in kinds:
        ids = [each.id for each in things if each.kind == kind]
        if not ids:
            continue
        doing(f"removing: {kind}")
        try:
            remove(kind, ids)
        except errors as error:
            failed.append(f"{kind} can't be removed: {error}")
    if failed:
        raise UserError("\n".join(failed) + " -> try make destroy again later")
