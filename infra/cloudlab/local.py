"""The course on this machine: make up, down and clean, and the pieces they are made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import docker
from courseware import grade_policy, lifecycle, notebooks, roster
from courseware.course import Course
from courseware.hub_settings import HubSettings
from docker.models.containers import Container
from docker.models.images import Image

from cloudlab import (
    credentials,
    daemon,
    engine,
    environments,
    execution,
    gates,
    lab_run,
    preflight,
    release,
    system,
    website,
)
from cloudlab import instance as instances
from cloudlab.hub import Hub
from cloudlab.images import Builder
from cloudlab.instance import Instance
from cloudlab.network import LabNetwork
from cloudlab.progress import console, step
from cloudlab.workspace import Workspace

SANDBOX = 70 * 2**20  # bytes, of one that waits with the simulator imported


def up(
    course: Course,
    chosen_roster: Path | None,
    workspace: Workspace,
    port: int,
    gradebook: str | None = None,
) -> None:
    """Everything for this machine, from the engine to the running hub.

    `gradebook` is the address of its database, None for the one used last. Safe to repeat: what is
    there stays, passphrases and homes first of all. Raises UserError.
    """
    if workspace.hub.exists():
        system.become_root()  # root made it
    roster_file = instances.roster_file(workspace, chosen_roster)
    seats = roster.load(roster_file)
    system.become_root()
    hub = Hub(workspace)
    existing = hub.settings()
    labs, ours = min(course.capacity, len(seats)), daemon.family(hub.process())
    built = existing is not None
    preflight.check(course, workspace, port, labs=labs, ours=ours, built=built)
    instance = instances.ensure(workspace, course, roster_file)
    system.private_folder(workspace.hub)
    system.private_folder(workspace.log)
    client = engine.ensure(workspace)
    release_folder = make_release(course, workspace, client)
    environments.ensure_hub(workspace)
    with step("Passphrases") as current:
        issued = credentials.issue(workspace, seats)
        current.outcome = f"{issued} issued" if issued else "all as they were"
    _stop_labs_of_departed(client, instance.name, {seat.username for seat in seats})
    with step("Labs' network and firewall") as current:
        network = LabNetwork(client, instance.name)
        gateway = network.ensure()
        network.protect(gateway, [port + 3, port + 4])
        current.outcome = network.name
    if gradebook is None:
        own = f"sqlite:///{workspace.hub / 'state' / 'grades.sqlite'}"
        gradebook = existing.grader.database if existing else own
    grader = {
        "address": {"ip": gateway, "port": port + 4},
        "database": gradebook,
        "pool": _pool(labs),
    }
    settings = _settings(course, workspace, release_folder, instance.name, gateway, port, grader)
    if existing is not None and existing.hub != settings.hub:
        _remove_labs(client, instance.name)  # they know the hub by its old address
    with step("Hub") as current:
        _use_image(client, settings)
        settings.write(workspace.settings)
        hub.start(current)
    _tell(workspace, port)


def make_release(course: Course, workspace: Workspace, client: docker.DockerClient) -> Path:
    """Notebooks, image and site, frozen into a release; its folder."""
    image = run_notebooks(course, workspace, client)
    website.build(course, workspace)
    with step("Release") as current:
        system.private_folder(workspace.releases)  # solutions and official checks are in it
        folder = release.freeze(course, workspace, image.id, image.tags[0])
        system.hand_over(workspace.releases)
        current.outcome = folder.name
    return folder


def run_notebooks(course: Course, workspace: Workspace, client: docker.DockerClient) -> Image:
    """Notebooks, the image, and the solutions as they ran in it; the image."""
    make_notebooks(course, workspace)
    image = Builder(workspace, client).ensure(course, workspace.notebooks)
    execution.ensure(course, workspace, client, image)
    return image


def show_exercises(course: Course, workspace: Workspace, client: docker.DockerClient) -> None:
    """Notebooks, their run, and that their exercises can be graded."""
    image = run_notebooks(course, workspace, client)
    gates.ensure(course, workspace, client, image)


def make_notebooks(course: Course, workspace: Workspace) -> None:
    """Student and solution notebooks and the checks bundle, in var/notebooks/."""
    with step("Notebooks") as current:
        system.private_folder(workspace.notebooks)
        notebooks.build(course, workspace.notebooks)
        system.hand_over(workspace.notebooks)
        current.outcome = f"{len(course.tutorials)} tutorial(s)"


def down(workspace: Workspace) -> None:
    """Stop hub and labs, keep homes; stop the engine if `up` started it by hand."""
    if not (workspace.hub.exists() or workspace.engine_note.exists()):
        return
    system.become_root()
    with step("Hub") as current:
        current.outcome = "stopped" if Hub(workspace).stop() else "was not running"
    client, instance = engine.connect(), instances.read(workspace)
    if client is not None and instance is not None:
        _remove_labs(client, instance.name)
    if client is not None:
        lab_run.sweep(client, str(workspace.var))
        _stop_engine(workspace, client, instance)


def clean(workspace: Workspace) -> None:
    """Remove everything made for the course on this machine, participants' homes included."""
    instance = instances.read(workspace)
    if instance is not None:
        client = engine.ensure(workspace)  # without it homes would be left behind unseen
        Hub(workspace).stop()
        _remove_labs(client, instance.name)
        with step("Homes and network") as current:
            homes = client.volumes.list(filters=_label(instance.name))
            for home in homes:
                home.remove(force=True)
            LabNetwork(client, instance.name).remove()
            current.outcome = f"{len(homes)} home(s) removed"
        _remove_images(client, instance.name)
    if (client := engine.connect()) is not None:
        lab_run.sweep(client, str(workspace.var))
        _stop_engine(workspace, client, instance)
    with step("Files") as current:
        for path in workspace.made:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        current.outcome = f"what was made in {workspace.var} is removed"


def _label(instance: str, kind: str = "syllab.instance") -> dict[str, str]:
    """The filter for an engine's objects that belong to this instance."""
    return {"label": f"{kind}={instance}"}


def _reap_grader(client: docker.DockerClient, instance: str) -> None:
    """Remove what the grader left behind, if it was killed."""
    left = _label(instance, "syllab.grader")
    for sandbox in client.containers.list(all=True, filters=left, ignore_removed=True):
        _remove_lab(sandbox)


def _labs(client: docker.DockerClient, instance: str) -> list[Container]:
    return client.containers.list(all=True, filters=_label(instance), ignore_removed=True)


def _remove_lab(lab: Container) -> None:
    try:
        lab.remove(force=True)
    except docker.errors.APIError as error:
        if error.status_code not in (404, 409):  # gone, or the hub is removing it already
            raise


def _remove_labs(client: docker.DockerClient, instance: str) -> None:
    with step("Labs") as current:
        _reap_grader(client, instance)
        labs = _labs(client, instance)
        for lab in labs:
            current.doing(lab.name)
            _remove_lab(lab)
        current.outcome = f"{len(labs)} stopped"


def _stop_labs_of_departed(client: docker.DockerClient, instance: str, usernames: set[str]) -> None:
    """Stop the labs of who left the roster (the hub forgets them); their homes are kept."""
    for lab in _labs(client, instance):
        if lab.labels.get("syllab.user") not in usernames:
            with step("Lab of somebody no longer on the roster") as current:
                _remove_lab(lab)
                current.outcome = f"{lab.name} stopped; the home is kept"


def _stop_engine(
    workspace: Workspace, client: docker.DockerClient, instance: Instance | None
) -> None:
    """Stop the engine if it is ours and nobody else's course needs it."""
    courses = client.networks.list(filters={"label": "syllab.instance"})
    own = instance.name if instance else None
    if client.containers.list(ignore_removed=True) or any(
        network.name != own for network in courses
    ):
        return
    with step("Container engine") as current:
        current.outcome = "stopped" if engine.stop_if_ours(workspace) else "left as it was found"


def _use_image(client: docker.DockerClient, settings: HubSettings) -> None:
    """Mark the image as used by this instance: others on this machine may share it."""
    client.images.get(settings.image).tag(_used_by(settings.instance), settings.release.name)


def _used_by(instance: str) -> str:
    return f"syllab/used-by-{instance}"


def _remove_images(client: docker.DockerClient, instance: str) -> None:
    """Remove the course's images, those excepted that another instance or a container uses."""
    with step("Course image") as current:
        current.outcome = "removed; what it is built on is kept for the next make up"
        for image in client.images.list(_used_by(instance)):
            ours = [tag for tag in image.tags if tag.startswith(f"{_used_by(instance)}:")]
            shared = any("/used-by-" in tag for tag in set(image.tags) - set(ours))
            for tag in ours if shared else image.tags:
                try:
                    client.images.remove(tag)
                except docker.errors.APIError as error:
                    current.outcome = f"kept: {error.explanation}"


def _settings(
    course: Course,
    workspace: Workspace,
    folder: Path,
    instance: str,
    gateway: str,
    port: int,
    grader: dict[str, Any],
) -> HubSettings:
    manifest = json.loads((folder / "manifest.json").read_text())
    return HubSettings.model_validate(
        {
            "instance": instance,
            "title": course.title,
            "release": str(folder),
            "image": manifest["image"]["id"],
            "public": {"ip": "127.0.0.1", "port": port},
            "hub": {"ip": gateway, "port": port + 3},
            "proxy_api_port": port + 1,
            "site_port": port + 2,
            "network": instance,
            "users": str(workspace.users),
            "state": str(workspace.hub / "state"),
            "capacity": course.capacity,
            "grader": grader,
            "grading": grade_policy.policy(course),
            "lifecycle": lifecycle.lifecycle(course),
            "lab": {
                "memory_bytes": course.lab.memory_bytes,
                "cpus": course.lab.cpus,
                "pids": course.lab.pids,
            },
        }
    )


def _pool(labs: int) -> int:
    """How many sandboxes wait for submissions: one a lab, if an eighth of the memory allows it."""
    return max(2, min(labs, int(system.memory_bytes() // (8 * SANDBOX))))


def _tell(workspace: Workspace, port: int) -> None:
    console.print(
        f"\n[bold]The course is at http://127.0.0.1:{port}/[/]\n"
        f"Usernames and passphrases: {workspace.credentials}\n"
        "Log in with one of them under “Open my lab”. make down stops it all, homes are kept."
    )
