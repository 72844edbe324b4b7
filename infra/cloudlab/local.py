"""The course on this machine: make up, down and clean, and the pieces they are made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import docker
from courseware import notebooks, roster, site
from courseware.course import Course
from courseware.hub_settings import HubSettings

from cloudlab import credentials, engine, environments, preflight, release, system
from cloudlab.hub import Hub, private_folder
from cloudlab.images import Builder
from cloudlab.network import LabNetwork
from cloudlab.progress import console, step
from cloudlab.workspace import REPOSITORY, Workspace


def up(course: Course, roster_file: Path, workspace: Workspace, port: int) -> None:
    """Everything for this machine, from the engine to the running hub.

    Safe to repeat: what is there stays, passphrases and homes first of all. Raises UserError.
    """
    seats = roster.load(roster_file)
    system.become_root()
    hub = Hub(workspace)
    existing = hub.settings()
    running = hub.process() is not None and existing is not None and existing.public.port == port
    built = existing is not None
    labs = min(course.capacity, len(seats))
    preflight.check(course, workspace, port, labs=labs, running=running, built=built)
    client = engine.ensure(workspace)
    folder = make_release(course, workspace, client)
    environments.ensure_hub(workspace)
    with step("Passphrases") as current:
        private_folder(workspace.hub)
        issued = credentials.issue(workspace, seats)
        current.outcome = f"{issued} issued" if issued else "all as they were"
    _stop_labs_of_departed(client, existing, {seat.username for seat in seats})
    with step("Labs' network and firewall") as current:
        network = LabNetwork(client, hub.new_instance(course))
        gateway = network.ensure()
        network.protect(gateway, port + 3)
        current.outcome = network.name
    settings = _settings(course, workspace, folder, network, gateway, port)
    if existing is not None and existing.hub != settings.hub:
        _remove_labs(client, existing)  # they know the hub by its old address
    with step("Hub") as current:
        _use_image(client, settings)
        changed = hub.write_settings(settings)
        hub.start(current, changed=changed)
    _tell(workspace, port)


def make_release(course: Course, workspace: Workspace, client: docker.DockerClient) -> Path:
    """Notebooks, site and image, frozen into a release; its folder."""
    make_notebooks(course, workspace)
    make_site(course, workspace)
    image = Builder(workspace, client).ensure(course, workspace.notebooks / "student")
    with step("Release") as current:
        folder = release.freeze(course, workspace, image.id, image.tags[0])
        current.outcome = folder.name
    return folder


def make_notebooks(course: Course, workspace: Workspace) -> None:
    """Student and solution notebooks and the checks bundle, in var/notebooks/."""
    with step("Notebooks") as current:
        notebooks.build(course, workspace.notebooks)
        current.outcome = f"{len(course.tutorials)} tutorial(s)"


def make_site(course: Course, workspace: Workspace) -> None:
    """The website, in var/site/."""
    with step("Site") as current:
        site.build(course, workspace.site)
        current.outcome = str(workspace.site)


def down(workspace: Workspace) -> None:
    """Stop hub and labs, keep homes; stop the engine if `up` started it by hand."""
    if not workspace.hub.exists():
        return
    system.become_root()
    hub = Hub(workspace)
    settings = hub.settings()
    if settings is None:
        return
    with step("Hub") as current:
        current.outcome = "stopped" if hub.stop() else "was not running"
    client = engine.connect()
    if client is not None:
        _remove_labs(client, settings)
        _stop_engine(workspace, client)


def clean(workspace: Workspace) -> None:
    """Remove everything made for the course on this machine, participants' homes included.

    Raises UserError when homes are left that can't be removed because the engine is stopped.
    """
    hub = Hub(workspace)
    settings = hub.settings()
    if settings is not None:
        client = engine.ensure(workspace)  # without it homes would be left behind unseen
        hub.stop()
        _remove_labs(client, settings)
        with step("Homes and network") as current:
            homes = _ours(client.volumes, settings.instance)
            for home in homes:
                home.remove(force=True)
            LabNetwork(client, settings.instance).remove()
            current.outcome = f"{len(homes)} home(s) removed"
        _remove_images(client, settings)
        _stop_engine(workspace, client)
    with step("Files") as current:
        keep = {REPOSITORY / "var" / "env"}  # this very program runs from there
        for path in workspace.var.iterdir() if workspace.var.exists() else []:
            if path not in keep:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        current.outcome = f"nothing but environments left in {workspace.var}"


def _stop_labs_of_departed(
    client: docker.DockerClient, settings: HubSettings | None, usernames: set[str]
) -> None:
    """Stop the labs of who left the roster (the hub forgets them); their homes are kept."""
    for lab in _ours(client.containers, settings.instance, all=True) if settings else []:
        if lab.labels.get("syllab.user") not in usernames:
            with step("Lab of somebody no longer on the roster") as current:
                lab.remove(force=True)
                current.outcome = f"{lab.name} stopped; the home is kept"


def _remove_labs(client: docker.DockerClient, settings: HubSettings) -> None:
    with step("Labs") as current:
        labs = _ours(client.containers, settings.instance, all=True)
        for lab in labs:
            current.doing(lab.name)
            lab.remove(force=True)
        current.outcome = f"{len(labs)} stopped"


def _ours(collection: Any, instance: str, **options: Any) -> list[Any]:
    """An engine's objects of one kind that belong to this instance."""
    return collection.list(filters={"label": f"syllab.instance={instance}"}, **options)


def _stop_engine(workspace: Workspace, client: docker.DockerClient) -> None:
    if client.containers.list():
        return
    with step("Container engine") as current:
        current.outcome = "stopped" if engine.stop_if_ours(workspace) else "left as it was found"


def _use_image(client: docker.DockerClient, settings: HubSettings) -> None:
    """Mark the image as used by this instance: others on this machine may share it."""
    client.images.get(settings.image).tag(_used_by(settings), settings.release.name)


def _used_by(settings: HubSettings) -> str:
    return f"syllab/used-by-{settings.instance}"


def _remove_images(client: docker.DockerClient, settings: HubSettings) -> None:
    """Remove the course's images, those excepted that another instance uses."""
    with step("Course image") as current:
        for image in client.images.list(_used_by(settings)):
            ours = [tag for tag in image.tags if tag.startswith(f"{_used_by(settings)}:")]
            shared = any("/used-by-" in tag for tag in set(image.tags) - set(ours))
            for tag in ours if shared else image.tags:
                client.images.remove(tag)
        current.outcome = "removed; what it is built on is kept for the next make up"


def _settings(
    course: Course,
    workspace: Workspace,
    folder: Path,
    network: LabNetwork,
    gateway: str,
    port: int,
) -> HubSettings:
    manifest = json.loads((folder / "manifest.json").read_text())
    return HubSettings.model_validate(
        {
            "instance": network.name,
            "title": course.title,
            "release": str(folder),
            "image": manifest["image"]["id"],
            "public": {"ip": "127.0.0.1", "port": port},
            "hub": {"ip": gateway, "port": port + 3},
            "proxy_api_port": port + 1,
            "site_port": port + 2,
            "network": network.name,
            "users": str(workspace.users),
            "state": str(workspace.hub / "state"),
            "lab": {
                "memory_bytes": course.lab.memory_bytes,
                "cpus": course.lab.cpus,
                "pids": course.lab.pids,
            },
        }
    )


def _tell(workspace: Workspace, port: int) -> None:
    console.print(
        f"\n[bold]The course is at http://127.0.0.1:{port}/[/]\n"
        f"Usernames and passphrases: {workspace.credentials}\n"
        "Log in with one of them under “Open my lab”. make down stops it all, homes are kept."
    )
