"""Grades one answer: its cells run in a container of the course's image, its checks out here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import docker
from courseware.course import Lab
from courseware.grading.worker import Grading, Result
from docker.models.images import Image

from cloudlab import lab_run

ANSWERER = ["python", "-m", "courseware.lab.answer"]
WORKER = [sys.executable, "-B", "-m", "courseware.grading.worker"]
LONGEST = 900.0  # seconds for one answer with all its seeds


def grade(
    client: docker.DockerClient,
    image: Image,
    lab: Lab,
    *,
    owner: str,
    cells: list[str],
    checks: Path,
    exercise: str,
    seeds: list[int],
) -> Grading:
    """Run the cells, then that exercise's official checks with each seed.

    The container is locked in like a run of a notebook, and is gone at the end, however it comes.
    """
    settings = lab_run.confinement(lab)
    settings["environment"] |= {"MPLBACKEND": "Agg"}
    container = client.containers.create(
        image.id, ANSWERER, labels={lab_run.LABEL: owner}, stdin_open=True, **settings
    )
    command = ["docker", "start", "--attach", "--interactive", container.id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, bufsize=0, **pipes) as answerer:  # type: ignore[call-overload]
        read, write = answerer.stdout.fileno(), answerer.stdin.fileno()
        job = {
            "checks": str(checks), "exercise": exercise, "cells": cells, "seeds": seeds,
            "read": read, "write": write, "seconds": LONGEST,
        }  # fmt: skip
        try:
            worker = subprocess.run(
                WORKER,
                input=json.dumps(job),
                capture_output=True,
                text=True,
                pass_fds=(read, write),
            )
        finally:
            container.remove(force=True, v=True)  # and with it the command
    if worker.returncode:
        raise RuntimeError(f"{checks}: the checks can't be run:\n{worker.stderr}")
    said = json.loads(worker.stdout)
    return Grading(**said | {"results": [Result(**each) for each in said["results"]]})
