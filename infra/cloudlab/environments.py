"""The Python environments of this copy of Syllab, made from locked requirements."""

from __future__ import annotations

import shutil
from pathlib import Path

from cloudlab.digest import inputs_sha256
from cloudlab.progress import Step, run, step
from cloudlab.workspace import REPOSITORY, Workspace, environment

HUB = REPOSITORY / "hub"


def ensure_hub(workspace: Workspace) -> None:
    """The hub's programs: Python packages, and configurable-http-proxy from npm.

    Raises UserError when they can't be fetched.
    """
    with step("Hub's programs") as current:
        ensure("hub", [HUB / "requirements.txt"], workspace, current)
        _ensure_proxy(environment("hub"), workspace, current)


def ensure(name: str, locks: list[Path], workspace: Workspace, current: Step) -> None:
    """Make the environment `name` from lock files, in their order; quick when it is there."""
    run(
        [REPOSITORY / "infra" / "environment", name, *locks],
        log=workspace.log / f"environment-{name}.log",
        current=current,
        remedy="mend what it names and run the command again",
    )


def _ensure_proxy(env: Path, workspace: Workspace, current: Step) -> None:
    """Install what hub/package-lock.json names, with the npm that the environment brings."""
    files = [HUB / "package.json", HUB / "package-lock.json"]
    made_from, wanted = env / ".npm-made-from", inputs_sha256(files)
    if made_from.exists() and made_from.read_text() == wanted:
        return
    current.doing("fetching configurable-http-proxy")
    for file in files:
        shutil.copy(file, env)
    run(
        [env / "bin" / "npm", "ci", "--omit=dev", "--ignore-scripts", "--prefix", env],
        log=workspace.log / "npm.log",
        current=current,
        remedy="is the npm registry reachable? npm reads HTTPS_PROXY and NODE_EXTRA_CA_CERTS",
    )
    made_from.write_text(wanted)
