"""make deploy: machines, release, a candidate that is tried, and the switch to it."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from courseware import passphrase, roster
from courseware.errors import UserError
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from cloudlab import credentials, engine, local, providers
from cloudlab import instance as instances
from cloudlab import plan as planning
from cloudlab.deploy import care, preflight, registry, settings, trial
from cloudlab.deploy.deployment import Deployment
from cloudlab.deploy.lock import there
from cloudlab.hosts import Machine
from cloudlab.images import Builder
from cloudlab.progress import console, step

REGISTRY_THERE = 5000  # the port on a machine's loopback at which it finds the images
TESTERS = ("syllab-test-a", "syllab-test-b")


@dataclass(frozen=True)
class Release:
    """What is deployed: a frozen course, its lab image and the hub's image."""

    folder: Path
    lab_image: dict[str, str]
    hub_image: dict[str, str]

    def variables(self, root: str) -> dict[str, Any]:
        """What playbooks are told of it; `root` is the course's folder on machines."""
        return {
            "syllab_release": self.folder.name,
            "syllab_release_folder": f"{root}/releases/{self.folder.name}",
            "syllab_lab_image": self.lab_image,
            "syllab_hub_image": self.hub_image,
            "syllab_registry_port": REGISTRY_THERE,
        }


def deploy(deployment: Deployment, chosen_roster: Path | None) -> None:
    """From nothing, or from what is there, to a course that was tried. Raises UserError.

    Until the candidate has passed, what ran before is left alone.
    """
    course, workspace = deployment.course, deployment.workspace
    roster_file = instances.roster_file(workspace, chosen_roster)
    seats = roster.load(roster_file)
    labs = min(course.capacity, len(seats))
    if all(thing.id for thing in deployment.provider.plan()):  # they can be looked at already
        deployment.make_machines()
        _look(deployment, labs)
    client = engine.ensure(workspace)
    release = _made(deployment, client)
    owner = providers.Owner(deployment.instance, release.folder.name)
    deployment.provider = providers.provider(deployment.hosts, owner)
    deployment.make_machines()
    seen = _look(deployment, labs)
    with there(deployment.ssh, deployment.manager, deployment.instance):
        with step("Passphrases") as current:
            taken = credentials.adopt(workspace, deployment.users())
            issued = credentials.issue(workspace, seats)
            current.outcome = f"{issued} issued" if issued else "all as they were"
            if taken:
                current.outcome += f"; {taken} were issued by another organiser"
        deployment.ours |= release.variables(deployment.root)
        memory = next(s.number("memory") for s in seen if s.machine.role == "manager")
        live = settings.hub_json(
            course, deployment.instance, release.folder, "live",
            memory=memory, labs=labs, homes=deployment.homes,
        )  # fmt: skip
        care.return_repositories(deployment)
        _send(deployment, release)
        wanted = _digest(deployment, live, release)
        if deployment.read(f"{deployment.root}/deployed").strip() != wanted:
            _try(deployment, release, memory)
        _switch(deployment, live, wanted)
    _tell(deployment)


def plan(deployment: Deployment) -> RenderableType:
    """What the provider would make, or has already; and whether machines that are there will do."""
    table = Table("", "Name", "", "There", box=None, pad_edge=False, header_style="bold")
    things = deployment.provider.plan()
    for thing in things:
        table.add_row(thing.kind, thing.name, thing.detail, "yes" if thing.id else "to be made")
    if not all(thing.id for thing in things):
        return table
    deployment.machines = deployment.provider.create(lambda _: None)
    course = deployment.course
    seen = preflight.check(
        course, deployment.hosts, deployment.machines, course.capacity, deployment.ssh
    )
    judged = preflight.judged(course, deployment.hosts, seen, course.capacity)
    return Group(table, "", planning.show(judged))


def verify(deployment: Deployment) -> None:
    """Try the course that runs as a participant would, in a candidate beside it."""
    deployment.find_machines()
    with there(deployment.ssh, deployment.manager, deployment.instance):
        seen = _look(deployment, 0)
        release = _made(deployment, engine.ensure(deployment.workspace))
        if Path(deployment.running().get("release", "")).name != release.folder.name:
            raise UserError(
                "What runs there isn't what this course folder makes -> make deploy first"
            )
        deployment.ours |= release.variables(deployment.root)
        memory = next(s.number("memory") for s in seen if s.machine.role == "manager")
        _try(deployment, release, memory)
        trial.from_outside(deployment)


def _look(deployment: Deployment, labs: int) -> list[preflight.Seen]:
    with step("Preflight") as current:
        seen = preflight.check(
            deployment.course, deployment.hosts, deployment.machines, labs, deployment.ssh
        )
        current.outcome = "; ".join(
            f"{s.machine.name} {s.facts['system']}, {s.number('cores')} cores,"
            f" {s.number('memory') / 2**30:.0f} GiB"
            for s in seen
        )
    return seen


def _made(deployment: Deployment, client: docker.DockerClient) -> Release:
    """The release and its images, made here where they don't exist."""
    folder = local.make_release(deployment.course, deployment.workspace, client)
    hub = Builder(deployment.workspace, client).hub()
    lab = json.loads((folder / "manifest.json").read_text())["image"]
    return Release(folder, lab, {"id": hub.id, "tag": hub.tags[0]})


def _send(deployment: Deployment, release: Release) -> None:
    """Machines as they must be, with images and content. Only what is missing travels."""
    machines = deployment.machines
    wanted = [(release.lab_image, machines), (release.hub_image, [deployment.manager])]
    lacking = [im["tag"] for im, where in wanted if not _have(deployment, where, im["id"])]
    with ExitStack() as stack:
        with step("Images to send") as current:
            serving = registry.serving(deployment.workspace, lacking, current)
            port = stack.enter_context(serving)
            for machine in machines:
                stack.enter_context(deployment.ssh.lent(machine, REGISTRY_THERE, port))
            current.outcome = ", ".join(lacking) or "all there already"
        for title, name in (("Machines' systems", "machines"), ("Images", "release")):
            with step(title) as current:
                current.outcome = str(deployment.play(name, current))
    with step("Content") as current:
        target = f"{deployment.root}/releases/{release.folder.name}"
        sent = deployment.ssh.copy(
            deployment.manager, release.folder, target,
            group="syllab", like=deployment.running().get("release", ""),
        )  # fmt: skip
        current.outcome = f"{sent / 1000:.0f} kB sent"


def _have(deployment: Deployment, machines: list[Machine], image: str) -> bool:
    """Whether all these machines have an image."""
    look = f"docker image inspect {image}"
    return all(not deployment.ssh.attempt(machine, look).returncode for machine in machines)


def _digest(deployment: Deployment, live: dict[str, Any], release: Release) -> str:
    """Of all that makes the running hub; what has it was tried already."""
    users = deployment.workspace.users.read_text()
    parts = [live, release.hub_image, users, settings.of_hosts(deployment.hosts, "")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _try(deployment: Deployment, release: Release, memory: int) -> None:
    """Run a candidate beside what is live, try it, and take it away however that ends."""
    people = {name: passphrase.generate() for name in TESTERS}
    accounts = {
        name: {"name": "Test", "role": "participant", "hash": passphrase.hash(phrase)}
        for name, phrase in people.items()
    }
    file = deployment.folder / "candidate-users.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(accounts))
    hub_json = settings.hub_json(
        deployment.course, deployment.instance, release.folder, "candidate",
        memory=memory, labs=len(people), homes=deployment.homes,
    )  # fmt: skip
    slot = {
        "syllab_slot": "candidate",
        "syllab_port": settings.PORT["candidate"],
        "syllab_settings": hub_json,
        "syllab_users": str(file),
    }
    try:
        with step("Candidate") as current:
            current.outcome = str(deployment.play("candidate", current, **slot))
        trial.of_candidate(deployment, release.folder, people)
    finally:
        file.unlink()
        with step("Candidate taken away") as current:
            current.outcome = str(deployment.play("drop", current, **slot))


def _switch(deployment: Deployment, live: dict[str, Any], wanted: str) -> None:
    with step("Switch") as current:
        done = deployment.play(
            "switch", current, syllab_slot="live", syllab_port=settings.PORT["live"],
            syllab_settings=live, syllab_users=str(deployment.workspace.users),
        )  # fmt: skip
        current.outcome = str(done)
    trial.from_outside(deployment)
    deployment.ssh.run(deployment.manager, f"echo {wanted} >{deployment.root}/deployed")


def _tell(deployment: Deployment) -> None:
    console.print(
        f"\n[bold]The course is at {escape(deployment.address)}/[/]\n"
        f"Usernames and passphrases: {deployment.workspace.credentials}\n"
        f"The backups' password: {deployment.backup_password()} (keep a copy elsewhere: nobody can "
        "read the backups without it)"
    )
