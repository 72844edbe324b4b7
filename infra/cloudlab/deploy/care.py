"""What a running course needs: rollback, backups, and its end."""

from __future__ import annotations

from pathlib import Path

import click
from courseware.errors import UserError

from cloudlab.deploy import trial
from cloudlab.deploy.deployment import Deployment
from cloudlab.deploy.lock import there
from cloudlab.hosts import Machine
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


def drain(deployment: Deployment, worker: str, availability: str) -> None:
    """Let a worker take no new labs (pause), end those that run, too (drain), or go on (active).

    Raises UserError if there is no such worker.
    """
    deployment.find_machines()
    workers = [machine.name for machine in deployment.machines if machine.role == "worker"]
    if worker not in workers:
        raise UserError(f"There is no worker {worker} -> one of: {', '.join(workers) or 'none'}")
    with (
        there(deployment.ssh, deployment.manager, deployment.instance),
        step(f"{worker}: {availability}") as current,
    ):
        done = deployment.play(
            "drain", current, syllab_node=worker, syllab_availability=availability
        )
        current.outcome = str(done)


def backup(deployment: Deployment) -> None:
    """Back up hub, gradebook and homes now, and try whether that can be read back."""
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        _back_up(deployment)


def restore(deployment: Deployment, snapshot: str) -> None:
    """Bring back hub, gradebook and homes from a backup, the last one if none is named."""
    deployment.find_machines()
    with (
        there(deployment.ssh, deployment.manager, deployment.instance),
        step(f"Restore ({snapshot})") as current,
    ):
        current.outcome = str(deployment.play("restore", current, syllab_snapshot=snapshot))


def destroy(deployment: Deployment, *, yes: bool, without_backup: bool) -> None:
    """Back up, then take everything away that was made, and show that nothing is left.

    `without_backup` is for machines that don't answer any more. Raises UserError.
    """
    things = deployment.provider.list()
    if not things:
        console.print("Nothing of this course is there.")
        return
    for thing in things:
        console.print(f"  {thing.kind} {thing.name} {thing.detail}", markup=False)
    if not yes:
        backup = "No backup is made" if without_backup else "A backup is made before, and kept here"
        said = click.prompt(
            f"This removes '{deployment.instance}' with all homes from these. {backup}."
            " Type yes to go on"
        )
        if said.strip().lower() != "yes":
            raise UserError("Nothing was changed.")
    if not without_backup:
        _take_off(deployment)
    with step(f"Machines ({deployment.hosts.provider})") as current:
        gone = deployment.provider.destroy(current.doing)
        for machine in deployment.machines if gone else ():
            deployment.ssh.forget(machine)
        left = [thing for thing in deployment.provider.list() if thing in gone]
        if left:
            names = ", ".join(f"{thing.kind} {thing.name}" for thing in left)
            raise UserError(f"Still there: {names} -> run make destroy again")
        current.outcome = f"{len(gone)} removed, none left" if gone else "they stay: not ours"


def _take_off(deployment: Deployment) -> None:
    """The course off its machines, after a backup. Raises UserError if they don't answer."""
    try:
        deployment.find_machines()
        with there(deployment.ssh, deployment.manager, deployment.instance):
            if deployment.read(f"{deployment.root}/live/hub.json"):
                _back_up(deployment)
                _fetch_repositories(deployment)
            with step("Course taken off the machines") as current:
                current.outcome = str(deployment.play("destroy", current))
    except UserError as error:
        remedy = "mend that, or remove what is there without a backup: syllab destroy"
        raise UserError(f"{error}\n-> {remedy} --without-backup") from None


def _back_up(deployment: Deployment) -> None:
    with step("Backup") as current:
        current.outcome = str(deployment.play("backup", current))


def _repositories(deployment: Deployment) -> list[tuple[Machine, str, Path]]:
    """The repositories in folders of machines: whose, where there, where here."""
    far, here = deployment.hosts.backup.repository, deployment.backups
    if not far.startswith("/"):
        return []
    found = [(deployment.manager, far, here / "manager")]
    if deployment.homes == "pinned":
        for machine in deployment.machines:
            if machine.role == "worker":
                place = f"workers/{machine.name}"
                found.append((machine, f"{far}/{place}", here / place))
    return found


def _fetch_repositories(deployment: Deployment) -> None:
    """Backups on machines would go with them."""
    if found := _repositories(deployment):
        with step("Backups fetched") as current:
            for machine, far, here in found:
                here.mkdir(parents=True, exist_ok=True)
                deployment.ssh.copy(machine, here, far, back=True)
            current.outcome = str(deployment.backups)


def return_repositories(deployment: Deployment) -> None:
    """On new machines, the backups that were fetched from the ones before."""
    for machine, far, here in _repositories(deployment):
        there_already = deployment.ssh.attempt(machine, f"ls -A {far}").stdout.strip()
        if (here / "config").exists() and not there_already:
            with step("Backups brought back") as current:
                deployment.ssh.copy(machine, here, far)
                current.outcome = f"{machine.name}: {far}"
