"""The lab's image: its size and what is biggest in it, what a change moves, and what a start costs.

It is the flagship course's newest image on this machine (make up). Ours alone: images that others
offer stand in registries.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

import docker
from cloudlab.build_secrets import build_secrets
from cloudlab.engine import build_client
from cloudlab.images import IMAGES
from cloudlab.progress import step
from cloudlab.workspace import REPOSITORY
from docker.models.images import Image
from integration.test_lab_start import Lab, started

from bench import Comparison, meter
from bench.brought_up import FLAGSHIP

MB, KB = 10**6, 10**3
BIGGEST = 8
STARTS = 5
DU = "du --apparent-size -B1 -s /usr /opt/lab/share /opt/lab/lib/python3.11/site-packages/*"
NOTES = [
    "Starts: the lab's container alone, from its creation until it has answered, with a hub that"
    " says little; the median.",
    "Building: that of the whole machine, other work included.",
]


def run() -> Comparison:
    """Bytes of the image and its parts, and processor seconds of a lab's start and of a build."""
    image = newest()
    result = Comparison(f"Syllab's image {image.tags[0]}", {}, notes=[*NOTES])
    result.add("image", "MB", image.attrs["Size"] / MB)
    result.add("layer of the notebooks", "KB", notebooks_layer(image) / KB)
    with step("What is in the image"):
        for name, size in contents(image)[:BIGGEST]:
            result.add(f"of that, {name}", "MB", size / MB)
    with step(f"Starting {STARTS} labs"):
        starts = [start(image) for _ in range(STARTS)]
    seconds, memory = (statistics.median(each) for each in zip(*starts, strict=True))
    result.add("a lab's start, processor time", "s", seconds)
    result.add("idle lab", "MB", memory / MB)
    with step("Building the plain lab anew, from packages that were fetched before"):
        build()  # fetches what isn't there
        _, taken, others = meter.of_machine(build)
    result.add("build of the plain lab, processor time", "s", taken)
    result.notes.append(f"Other work took {others:.1f} processors before the build.")
    return result


def newest() -> Image:
    """The flagship's image that was made last. Raises RuntimeError if there is none."""
    images = docker.from_env().images.list(f"syllab/course-{FLAGSHIP.name}")
    if not images:
        raise RuntimeError("the flagship course has no image on this machine -> make up")
    return max(images, key=lambda image: image.attrs["Created"])


def notebooks_layer(image: Image) -> int:
    """The bytes of the layer that a changed notebook makes anew, which must be the last one."""
    layers = [layer for layer in image.history() if layer["Size"]]
    if "COPY notebooks/" not in layers[0]["CreatedBy"]:
        raise RuntimeError(f"{image.tags[0]}: notebooks aren't in the last layer")
    return layers[0]["Size"]


def contents(image: Image) -> list[tuple[str, int]]:
    """Packages and the system's folders, the biggest first."""
    shown = docker.from_env().containers.run(image.id, ["sh", "-c", DU], user="0", remove=True)
    sizes = re.findall(r"^(\d+)\t(?:.*/site-packages/)?(.+)$", shown.decode(), re.MULTILINE)
    return sorted(((name, int(size)) for size, name in sizes), key=lambda each: -each[1])


def start(image: Image) -> tuple[float, int]:
    """The processor seconds of a lab's start, and the bytes that it then takes."""
    with started(image, "syllab-lab") as lab:
        return _used(lab), lab.memory()


def _used(lab: Lab) -> float:
    return lab.container.stats(stream=False)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9


def build() -> None:
    """Build the plain lab, no layer of it kept from before. Raises CalledProcessError."""
    with build_secrets() as secrets, tempfile.TemporaryDirectory() as folder:
        command = [build_client(), "build", "--no-cache", "--quiet", f"--iidfile={folder}/id"]
        command += ["--build-arg=BASE=syllab/base:bookworm", *secrets]
        command += ["--file", str(IMAGES / "lab" / "Dockerfile"), str(REPOSITORY)]
        subprocess.run(
            command, check=True, capture_output=True, env=os.environ | {"DOCKER_BUILDKIT": "1"}
        )
        docker.from_env().images.remove(Path(folder, "id").read_text())
