"""Who may do what in the hub. Nobody's role reaches into another's lab."""

from __future__ import annotations

from typing import Any

from .accounts import Accounts

GRADER = "access:services!service=grader"  # submit exercises, and see one's own results

# Their own lab: see, start, stop and enter it. Not JupyterHub's "self", which adds API tokens.
EVERYBODY = [
    "read:users!user", "users:activity!user", "servers!user", "access:servers!user", GRADER,
]  # fmt: skip

# See who is here. "admin-ui" is the page that shows it; it gives no rights of its own.
HELPER = ["admin-ui", "list:users", "read:users", "read:servers"]

# ... and start and stop labs. Neither "admin:users", which is as good as root, nor
# "access:servers": an organiser's browser must not run what a participant wrote.
ORGANISER = [*HELPER, "servers"]

# A lab's own token: say that it is in use, let in who may enter it, and submit exercises.
LAB = ["users:activity!user", "access:servers!server", GRADER]

# The service that starts and stops labs by the schedule: see whose labs are idle, not enter them.
LIFECYCLE = [
    "list:users", "read:users:activity", "read:servers", "start:servers", "delete:servers",
]  # fmt: skip


def roles(accounts: Accounts) -> list[dict[str, Any]]:
    """JupyterHub's `load_roles` for these accounts; a changed role takes effect at a restart."""
    return [
        {"name": "user", "scopes": EVERYBODY},
        {"name": "server", "scopes": LAB},
        {"name": "admin", "users": []},  # nobody; also takes it from who once had it
        {"name": "helper", "scopes": HELPER, "users": accounts.with_role("helper")},
        {"name": "organiser", "scopes": ORGANISER, "users": accounts.with_role("organiser")},
    ]
