"""The image of test machines, which has all packages that the roles install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import docker
from cloudlab import engine
from cloudlab.build_secrets import build_secrets
from cloudlab.digest import inputs_sha256
from cloudlab.images import Builder
from cloudlab.workspace import REPOSITORY, Workspace

RECIPE = Path(__file__).parent / "machine"


def image() -> str:
    """The tag of the machines' image, named by what it is made of, built if it isn't there."""
    workspace = Workspace(course=REPOSITORY, var=REPOSITORY / "var")
    client = engine.ensure(workspace)
    base = Builder(workspace, client).base()
    apt_install = REPOSITORY / "images" / "lab" / "bin" / "apt-install"
    digest = inputs_sha256([RECIPE, apt_install], client.images.get(base).id)
    tag = f"syllab/machine:{digest[:12]}"
    try:
        client.images.get(tag)
    except docker.errors.ImageNotFound:
        options = [f"--tag={tag}", f"--build-arg=BASE={base}", f"--file={RECIPE / 'Dockerfile'}"]
        with build_secrets() as secrets:
            subprocess.run(
                [engine.build_client(), "build", "--quiet", *options, *secrets, REPOSITORY],
                check=True, env=os.environ | {"DOCKER_BUILDKIT": "1"},
            )  # fmt: skip
    return tag
