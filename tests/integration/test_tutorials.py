"""Each tutorial runs from top to bottom in the lab's image, without a network."""

from __future__ import annotations

import json
import re

import docker
import pytest
from courseware import course as courses
from running_course import RunningCourse

TUTORIALS = [tutorial.id for tutorial in courses.load(RunningCourse.course).tutorials]


def run(course: RunningCourse, kind: str, tutorial: str) -> list[dict]:
    """The outputs of a notebook run in a container that is locked in like a lab."""
    execute = "jupyter nbconvert --to=notebook --execute --allow-errors --log-level=ERROR"
    source = f"/course/{kind}/{tutorial}.ipynb"
    printed = docker.from_env().containers.run(
        course.settings["image"],
        # Not --stdout: compilers print there too.
        ["sh", "-c", f"{execute} --output=/tmp/out {source} >&2 && cat /tmp/out.ipynb"],
        volumes={str(course.var / "notebooks"): {"bind": "/course", "mode": "ro"}},
        network_mode="none", read_only=True, cap_drop=["ALL"], remove=True, stderr=False,
        security_opt=["no-new-privileges"], mem_limit=course.settings["lab"]["memory_bytes"],
        tmpfs={"/tmp": "exec", "/home/lab": "exec,uid=1000"},
    )  # fmt: skip
    notebook = json.loads(printed)
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


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
def test_the_solution_runs_and_passes_its_own_checks(running_course, tutorial):
    outputs = run(running_course, "solution", tutorial)
    assert errors(outputs) == []
    assert scores(outputs)
    assert all(passed == of for passed, of in scores(outputs))


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_student_notebook_runs_with_its_checks_failing(running_course, tutorial):
    outputs = run(running_course, "student", tutorial)
    assert errors(outputs) == []
    assert scores(outputs)
    assert all(passed < of for passed, of in scores(outputs))


def test_the_introduction_shows_what_nest_computes(running_course):
    shown = text(run(running_course, "solution", "introduction"))
    assert "spikes, at [ 27.8" in shown  # 400 pA into iaf_psc_alpha
    assert "first 11.4 ms, last 25.0 ms" in shown  # the adapting neuron written in NESTML
