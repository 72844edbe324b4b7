"""What a running course needs: rollback, backups, and its end."""

from __future__ import annotations

import click
from courseware.errors import UserError

from cloudlab.deploy import trial
from cloudlab.deploy.deployment import Deployment
from cloudlab.deploy.lock import there
from cloudlab.progress import console, step


def rollback(deployment: Deployment) -> None:
    """Bring back the hub, release and accounts of before the last switch; grades stay as they are.

    Raises UserError when there is nothing to go back to.
    """
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        if not deployment.read(f"{deployment.root}/previous/hub.json"):
            raise UserError("There is no release before this one -> nothing was changed")
        with step("Rollback") as current:
            deployment.ssh.run(deployment.manager, f"rm -f {deployment.root}/deployed")
            current.outcome = str(deployment.play("rollback", current))
        trial.from_outside(deployment)


def backup(deployment: Deployment) -> None:
    """Back up hub, gradebook and homes now, and try whether that can be read back."""
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        _back_up(deployment)


def restore(deployment: Deployment, snapshot: str) -> None:
    """Bring back hub, gradebook and homes from a backup, the last one if none is named."""
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        _return_repository(deployment)
        with step(f"Restore ({snapshot})") as current:
            done = deployment.play("restore", current, syllab_snapshot=snapshot)
            current.outcome = str(done)


def destroy(deployment: Deployment, *, yes: bool) -> None:
    """Back up, then take everything away that was made, and show that nothing is left."""
    things = deployment.provider.list()
    if not things:
        console.print("Nothing of this course is there.")
        return
    for thing in things:
        console.print(f"  {thing.kind} {thing.name} {thing.detail}", markup=False)
    if not yes:
        said = click.prompt(
            f"This removes '{deployment.instance}' with all homes from these."
            " A backup is made before and kept here. Type yes to go on"
        )
        if said.strip().lower() != "yes":
            raise UserError("Nothing was changed.")
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        if deployment.read(f"{deployment.root}/live/hub.json"):
            _back_up(deployment)
            _fetch_repository(deployment)
        with step("Course taken off the machines") as current:
            current.outcome = str(deployment.play("destroy", current))
    with step(f"Machines ({deployment.hosts.provider})") as current:
        gone = deployment.provider.destroy(current.doing)
        for machine in deployment.machines if gone else ():
            deployment.ssh.forget(machine)
        left = [thing for thing in deployment.provider.list() if thing in gone]
        if left:
            names = ", ".join(f"{thing.kind} {thing.name}" for thing in left)
            raise UserError(f"Still there: {names} -> run make destroy again")
        current.outcome = f"{len(gone)} removed, none left" if gone else "they stay: not ours"


def _back_up(deployment: Deployment) -> None:
    with step("Backup") as current:
        current.outcome = str(deployment.play("backup", current))


def _is_folder(deployment: Deployment) -> bool:
    return deployment.hosts.backup.repository.startswith("/")


def _fetch_repository(deployment: Deployment) -> None:
    """A repository on the manager would go with it."""
    if _is_folder(deployment):
        with step("Backups fetched") as current:
            deployment.backups.mkdir(parents=True, exist_ok=True)
            far = deployment.hosts.backup.repository
            deployment.ssh.copy(deployment.manager, deployment.backups, far, back=True)
            current.outcome = str(deployment.backups)


def _return_repository(deployment: Deployment) -> None:
    """On a new manager, the repository that was fetched from the one before."""
    far = deployment.hosts.backup.repository
    if _is_folder(deployment) and (deployment.backups / "config").exists():
        there_already = deployment.ssh.run(deployment.manager, f"ls -A {far} 2>/dev/null || true")
        if not there_already.strip():
            deployment.ssh.copy(deployment.manager, deployment.backups, far)
