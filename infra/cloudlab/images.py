"""The chain of images: base, lab, the recipe that the course names, the course itself.

Each image is tagged with the digest of what it is made from, so what exists is not built again.
"""

from __future__ import annotations

import os
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
from cloudlab.progress import Step, run, step
from cloudlab.system import apt_install
from cloudlab.workspace import REPOSITORY, Workspace

IMAGES = REPOSITORY / "images"
LAB_CLIENT = REPOSITORY / "course" / "courseware" / "lab"
BASE = "debian:bookworm-slim"
PULL_TIMEOUT = 60  # seconds, for a registry that doesn't answer; a pull itself takes a few


@dataclass
class Builder:
    """Builds images for one workspace, where they don't exist yet."""

    workspace: Workspace
    client: docker.DockerClient

    def ensure(self, course: Course, notebooks: Path) -> docker.models.images.Image:
        """The course's image, made of the folder of student `notebooks`.

        Raises UserError when a recipe is unknown or a build fails.
        """
        recipe_folder = IMAGES / course.image.recipe
        if course.image.recipe != "plain" and not (recipe_folder / "Dockerfile").is_file():
            known = sorted(p.parent.name for p in IMAGES.glob("*/Dockerfile"))
            raise UserError(
                f"course.yml: image.recipe: there is no recipe '{course.image.recipe}' in images/ "
                f"-> plain, or one of: {', '.join(k for k in known if k not in ('lab', 'course'))}"
            )
        parent = self._ensure_lab(self._ensure_base())
        if course.image.recipe != "plain":
            digest = inputs_sha256([recipe_folder], parent)
            parent = self._build(
                f"syllab/{course.image.recipe}", digest, recipe_folder / "Dockerfile", REPOSITORY,
                {"LAB": parent},
            )  # fmt: skip
        tag = self._build_course(course, notebooks, parent)
        return self.client.images.get(tag)

    def _ensure_base(self) -> str:
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
        base_id = self.client.images.get(base).id
        digest = inputs_sha256([IMAGES / "lab", LAB_CLIENT], base_id)
        return self._build(
            "syllab/lab", digest, IMAGES / "lab" / "Dockerfile", REPOSITORY, {"BASE": base}
        )

    def _build_course(self, course: Course, notebooks: Path, parent: str) -> str:
        context = self.workspace.build / "course-image"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(notebooks, context / "notebooks")
        lock = course.folder / course.image.lock if course.image.lock else None
        (context / "requirements.txt").write_bytes(lock.read_bytes() if lock else b"")
        dockerfile = IMAGES / "course" / "Dockerfile"
        args = {
            "RECIPE": parent,
            "APT": " ".join(course.image.apt),
            "TITLE": course.title,
        }
        digest = inputs_sha256([dockerfile, context], *args.values())
        return self._build(f"syllab/course-{course.id}", digest, dockerfile, context, args)

    def _build(
        self, name: str, digest: str, dockerfile: Path, context: Path, args: dict[str, str]
    ) -> str:
        tag = f"{name}:{digest[:12]}"
        title = f"Image {name.removeprefix('syllab/')}"
        with step(title) as current:
            if self._exists(tag):
                current.outcome = "there already"
                return tag
            arguments = [f"--build-arg={k}={v}" for k, v in (args | _provenance()).items()]
            with build_secrets() as secrets:
                run(
                    [build_client(), "build", "--progress=plain", "--tag", tag,
                     "--file", dockerfile, *arguments, *secrets, context],
                    log=self.workspace.log / f"image-{name.removeprefix('syllab/')}.log",
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


def _provenance() -> dict[str, str]:
    """What the images' labels say of where they come from."""
    git = subprocess.run(
        ["git", "-C", REPOSITORY, "rev-parse", "HEAD"], capture_output=True, text=True
    )
    revision = git.stdout.strip() if git.returncode == 0 else "unknown"
    return {"VERSION": version("syllab"), "REVISION": revision}
