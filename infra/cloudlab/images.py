"""The chain of images: base, lab, the recipe that the course names, the course itself; the hub's.

Each image is tagged with the digest of what it is made from, so what exists is not built again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import docker
from courseware.course import Course
from courseware.errors import UserError

from cloudlab.build_secrets import build_secrets
from cloudlab.digest import inputs_sha256
from cloudlab.engine import build_client
from cloudlab.npm import npm_secret
from cloudlab.progress import Step, run, step
from cloudlab.system import apt_install, private_folder
from cloudlab.workspace import REPOSITORY, Workspace

IMAGES = REPOSITORY / "images"
COURSEWARE = REPOSITORY / "course" / "courseware"
HUB = REPOSITORY / "hub"
NO_RECIPES = ("course", "hub", "lab")  # of the folders in images/
BASE = "debian:bookworm-slim"
PULL_TIMEOUT = 60  # seconds, for a registry that doesn't answer; a pull itself takes a few


@dataclass
class Builder:
    """Builds images for one workspace, where they don't exist yet."""

    workspace: Workspace
    client: docker.DockerClient

    def ensure(self, course: Course, notebooks: Path) -> docker.models.images.Image:
        """The course's image, made of the folder that `courseware.notebooks.build` wrote.

        Raises UserError when a recipe is unknown or a build fails.
        """
        recipe_folder = IMAGES / course.image.recipe
        known = {p.parent.name for p in IMAGES.glob("*/Dockerfile")} - set(NO_RECIPES)
        if course.image.recipe not in {"plain", *known}:
            raise UserError(
                f"course.yml: image.recipe: there is no recipe '{course.image.recipe}' in images/ "
                f"-> plain, or one of: {', '.join(sorted(known))}"
            )
        parent = self._ensure_lab(self.base())
        if course.image.recipe != "plain":
            parent = self._build(
                f"syllab/{course.image.recipe}",
                recipe_folder / "Dockerfile",
                made_from=[recipe_folder],
                arguments={"LAB": parent},
                labels=_packages(course.image.recipe, recipe_folder / "requirements.txt"),
            )
        return self.client.images.get(self._build_course(course, notebooks, parent))

    def hub(self) -> docker.models.images.Image:
        """The image of hub, proxy, site server and grader: for machines, the same for all courses.

        Raises UserError when the build fails.
        """
        base = self.base()
        labels = _packages("hub", HUB / "requirements.txt")
        labels["org.opencontainers.image.base.digest"] = self.client.images.get(base).id
        tag = self._build(
            "syllab/hub",
            IMAGES / "hub" / "Dockerfile",
            made_from=[IMAGES / "hub", IMAGES / "lab" / "bin" / "apt-install", HUB, COURSEWARE],
            arguments={"BASE": base},
            labels=labels,
        )
        return self.client.images.get(tag)

    def base(self) -> str:
        """The tag of the Debian image that all others begin with; pulled, or made here."""
        with step("Base image") as current:
            if self._exists("syllab/base:bookworm"):
                current.outcome = "there already"
            elif self._pull(current):
                current.outcome = f"{BASE}, pulled"
            else:
                current.doing("no registry answers; making it from Debian's packages")
                if shutil.which("mmdebstrap") is None:
                    log = self.workspace.log / "apt-mmdebstrap.log"
                    apt_install(["mmdebstrap"], log=log, current=current)
                run(
                    [IMAGES / "base" / "build", "syllab/base:bookworm"],
                    log=self.workspace.log / "image-base.log",
                    current=current,
                    remedy="is a Debian mirror reachable?",
                )
                current.outcome = "made from Debian's packages"
        return "syllab/base:bookworm"

    def _pull(self, current: Step) -> bool:
        current.doing(f"pulling {BASE}")
        try:
            subprocess.run(
                ["docker", "pull", "--quiet", BASE],
                capture_output=True, check=True, timeout=PULL_TIMEOUT,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        return self.client.images.get(BASE).tag("syllab/base", "bookworm")

    def _ensure_lab(self, base: str) -> str:
        folder = IMAGES / "lab"
        labels = _packages("lab", folder / "requirements.txt")
        labels["org.opencontainers.image.base.digest"] = self.client.images.get(base).id
        return self._build(
            "syllab/lab",
            folder / "Dockerfile",
            made_from=[folder, COURSEWARE / "lab"],
            arguments={"BASE": base},
            labels=labels,
        )

    def _build_course(self, course: Course, notebooks: Path, parent: str) -> str:
        context = self.workspace.build / "course-image"
        shutil.rmtree(context, ignore_errors=True)
        private_folder(context)  # solutions are in prebuild/
        shutil.copytree(notebooks / "student", context / "notebooks")
        shutil.copytree(notebooks / "prebuild", context / "prebuild")
        lock = course.folder / course.image.lock if course.image.lock else None
        (context / "requirements.txt").write_bytes(lock.read_bytes() if lock else b"")
        dockerfile = IMAGES / "course" / "Dockerfile"
        labels = _packages("course", context / "requirements.txt")
        return self._build(
            f"syllab/course-{course.id}",
            dockerfile,
            made_from=[dockerfile, context],
            arguments={"RECIPE": parent, "APT": " ".join(course.image.apt)},
            labels=labels | {"org.opencontainers.image.title": course.title},
            context=context,
        )

    def _build(
        self,
        name: str,
        dockerfile: Path,
        *,
        made_from: list[Path],
        arguments: dict[str, str],
        labels: dict[str, str],
        context: Path = REPOSITORY,
    ) -> str:
        """Build an image unless it is there; its tag."""
        labels |= {"org.opencontainers.image.version": version("syllab")}
        digest = inputs_sha256(made_from, *arguments.values(), *labels.values())
        tag = f"{name}:{digest[:12]}"
        short = name.removeprefix("syllab/")
        with step(f"Image {short}") as current:
            if self._exists(tag):
                current.outcome = "there already"
                return tag
            labels |= {"org.opencontainers.image.revision": _revision()}
            options = [f"--build-arg={key}={value}" for key, value in arguments.items()]
            options += [f"--label={key}={value}" for key, value in labels.items()]
            with build_secrets() as secrets, npm_secret() as npm:
                run(
                    [build_client(), "build", "--progress=plain", "--tag", tag,
                     "--file", dockerfile, *options, *secrets, *npm, context],
                    log=self.workspace.log / f"image-{short}.log",
                    current=current,
                    remedy="mend what it names; if packages can't be fetched, check the network",
                    env=os.environ | {"DOCKER_BUILDKIT": "1"},
                )  # fmt: skip
            size = self.client.images.get(tag).attrs["Size"]
            current.outcome = f"{tag}, {size / 1e6:.0f} MB"
        return tag

    def _exists(self, tag: str) -> bool:
        try:
            self.client.images.get(tag)
        except docker.errors.ImageNotFound:
            return False
        return True


def _packages(stage: str, lock: Path) -> dict[str, str]:
    """The label that names the packages which one stage of the chain adds."""
    pins = re.findall(r"^[\w.-]+==[\w.!+-]+", lock.read_text(), re.MULTILINE)
    return {f"syllab.packages.{stage}": " ".join(pins)}


def _revision() -> str:
    """The commit of this copy of Syllab, "unknown" outside a git checkout."""
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"]
    git = subprocess.run(command, capture_output=True, text=True)
    return git.stdout.strip() or "unknown"
