"""Which course a workspace runs, and the name of its objects in the engine.

Written before anything is made in the engine, so that all of it can be found and removed again.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from courseware.course import Course
from courseware.errors import UserError

from cloudlab.workspace import Workspace


@dataclass(frozen=True)
class Instance:
    """`name` starts the name of every engine object; `roster` is the file used last."""

    name: str
    course: str
    roster: str


def read(workspace: Workspace) -> Instance | None:
    """The workspace's instance, None before the first `make up`. Raises UserError if damaged."""
    path = workspace.instance
    if not path.exists():
        return None
    try:
        return Instance(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(
            f'{path}: damaged -> write {{"name": ..., "course": ..., "roster": ...}} into it; the '
            "name is that of the network which `docker network ls` shows"
        ) from error


def roster_file(workspace: Workspace, chosen: Path | None) -> Path:
    """The roster to use: the one chosen, else the one used last, else the course's own."""
    known = read(workspace)
    if chosen is None and known is not None:
        return Path(known.roster)
    return (chosen or workspace.course / "roster.csv").resolve()


def ensure(workspace: Workspace, course: Course, roster: Path) -> Instance:
    """Write down the instance. Raises UserError if the workspace runs another course."""
    known = read(workspace)
    if known is not None and known.course != course.id:
        raise UserError(
            f"{workspace.var} runs the course '{known.course}', not '{course.id}' -> name that "
            "course (make up COURSE=...), or give this one a place of its own: SYLLAB_VAR=folder"
        )
    name = known.name if known else f"{course.id[:30]}-{secrets.token_hex(3)}"
    instance = Instance(name, course.id, str(roster))
    if instance != known:
        workspace.hub.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = workspace.instance.with_suffix(".new")
        new.write_text(json.dumps(asdict(instance), indent=1) + "\n")
        new.replace(workspace.instance)
    return instance
