"""Each tutorial runs from top to bottom in the lab's image, without a network."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import docker
import pytest
from courseware import course as courses
from running_course import RunningCourse

TUTORIALS = [tutorial.id for tutorial in courses.load(RunningCourse.course).tutorials]


@pytest.fixture
def notebooks(running_course: RunningCourse, tmp_path: Path) -> Path:
    """A copy that a lab's user may read; on the host only the organiser may."""
    shutil.copytree(running_course.var / "notebooks", tmp_path / "notebooks")
    (tmp_path / "notebooks").chmod(0o755)
    return tmp_path / "notebooks"


def run(course: RunningCourse, notebook: Path) -> list[dict]:
    """The outputs of a notebook run in a container that is locked in like a lab."""
    execute = "jupyter nbconvert --to=notebook --execute --allow-errors --log-level=ERROR"
    source = f"/course/{notebook.name}"
    printed = docker.from_env().containers.run(
        course.settings["image"],
        # Not --stdout: compilers print there too.
        ["sh", "-c", f"{execute} --output=/tmp/out {source} >&2 && cat /tmp/out.ipynb"],
        volumes={str(notebook.parent): {"bind": "/course", "mode": "ro"}},
        network_mode="none", read_only=True, cap_drop=["ALL"], remove=True, stderr=False,
        security_opt=["no-new-privileges"], mem_limit=course.settings["lab"]["memory_bytes"],
        tmpfs={"/tmp": "exec", "/home/lab": "exec,uid=70123"},
    )  # fmt: skip
    executed = json.loads(printed)
    return [output for cell in executed["cells"] for output in cell.get("outputs", [])]


def text(outputs: list[dict]) -> str:
    """All that a notebook printed and displayed as text."""
    parts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join("".join(part) for part in parts)


def errors(outputs: list[dict]) -> list[str]:
    return [o["evalue"] for o in outputs if o["output_type"] == "error"]


def scores(outputs: list[dict]) -> list[tuple[int, int]]:
    """What each visible check said: so many passed, of so many."""
    found = re.findall(r"(\d+) of (\d+) checks passed", text(outputs))
    return [(int(passed), int(of)) for passed, of in found]


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_solution_runs_and_passes_its_own_checks(running_course, notebooks, tutorial):
    outputs = run(running_course, notebooks / "solution" / f"{tutorial}.ipynb")
    assert errors(outputs) == []
    assert scores(outputs)
    assert all(passed == of for passed, of in scores(outputs))


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_student_notebook_runs_with_its_checks_failing(running_course, notebooks, tutorial):
    outputs = run(running_course, notebooks / "student" / f"{tutorial}.ipynb")
    assert errors(outputs) == []
    assert scores(outputs)
    assert all(passed < of for passed, of in scores(outputs))


def test_the_introduction_shows_what_nest_computes(running_course, notebooks):
    shown = text(run(running_course, notebooks / "solution" / "introduction.ipynb"))
    assert "spikes, at [ 27.8" in shown  # 400 pA into iaf_psc_alpha
    assert "first 11.4 ms, last 25.0 ms" in shown  # the adapting neuron written in NESTML
