"""The verbs of the command line that work on machines elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import click
from courseware import course as courses

from cloudlab import plan as planning
from cloudlab import system
from cloudlab.deploy import care
from cloudlab.deploy import deploy as deploying
from cloudlab.deploy.deployment import Deployment, opened
from cloudlab.progress import console
from cloudlab.workspace import Workspace

HOSTS = click.option(
    "--hosts", "hosts", type=click.Path(path_type=Path), envvar="HOSTS", default="hosts.yml",
    show_default=True, help="The machines: hosts.yml.",
)  # fmt: skip


def _opened(workspace: Workspace, hosts: Path) -> AbstractContextManager[Deployment]:
    course = courses.load(workspace.course)
    system.become_root()  # images and passphrases are root's
    return opened(course, workspace, hosts)


@click.command()
@click.option("--hosts", type=click.Path(path_type=Path), envvar="HOSTS",
              help="The machines: hosts.yml  [default: those that the course wants].")  # fmt: skip
@click.pass_obj
def plan(workspace: Workspace, hosts: Path | None) -> None:
    """Say what machines the course needs or, with HOSTS, what there would be."""
    course = courses.load(workspace.course)
    console.print(planning.show(planning.suggest(course, course.capacity)))
    if hosts is not None:
        with _opened(workspace, hosts) as deployment:
            console.print(deploying.plan(deployment))


@click.command()
@HOSTS
@click.option("--roster", type=click.Path(path_type=Path), envvar="ROSTER",
              help="The roster  [default: the last one; first roster.csv].")  # fmt: skip
@click.pass_obj
def deploy(workspace: Workspace, hosts: Path, roster: Path | None) -> None:
    """Run the course on machines elsewhere; what runs there stays until the new one was tried."""
    with _opened(workspace, hosts) as deployment:
        deploying.deploy(deployment, roster)


@click.command()
@HOSTS
@click.pass_obj
def verify(workspace: Workspace, hosts: Path) -> None:
    """Try the deployed course as a participant would."""
    with _opened(workspace, hosts) as deployment:
        deploying.verify(deployment)


@click.command()
@HOSTS
@click.pass_obj
def rollback(workspace: Workspace, hosts: Path) -> None:
    """Go back to the release of before the last switch; grades stay as they are."""
    with _opened(workspace, hosts) as deployment:
        care.rollback(deployment)


@click.command()
@HOSTS
@click.argument("worker")
@click.argument("availability", type=click.Choice(["pause", "drain", "active"]), default="pause")
@click.pass_obj
def worker(workspace: Workspace, hosts: Path, worker: str, availability: str) -> None:
    """Take a worker out of service, or back: no new labs, none at all, or as before."""
    with _opened(workspace, hosts) as deployment:
        care.drain(deployment, worker, availability)


@click.command()
@HOSTS
@click.pass_obj
def backup(workspace: Workspace, hosts: Path) -> None:
    """Back up hub, gradebook and homes now."""
    with _opened(workspace, hosts) as deployment:
        care.backup(deployment)


@click.command()
@HOSTS
@click.option("--snapshot", envvar="SNAPSHOT", default="latest", show_default=True,
              help="Which backup, as `restic snapshots` names it.")  # fmt: skip
@click.pass_obj
def restore(workspace: Workspace, hosts: Path, snapshot: str) -> None:
    """Bring back hub, gradebook and homes from a backup."""
    with _opened(workspace, hosts) as deployment:
        care.restore(deployment, snapshot)


@click.command()
@HOSTS
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--without-backup", is_flag=True, help="For machines that don't answer any more.")
@click.pass_obj
def destroy(workspace: Workspace, hosts: Path, yes: bool, without_backup: bool) -> None:
    """Back up, then remove the course, and the machines that were made for it."""
    with _opened(workspace, hosts) as deployment:
        care.destroy(deployment, yes=yes, without_backup=without_backup)


COMMANDS = (plan, deploy, verify, rollback, worker, backup, restore, destroy)
