"""A course of one line, without a simulator, beside another one on the same machine."""

from __future__ import annotations

import docker
import pytest
from running_course import RunningCourse, free_ports

ROSTER = "username,name,role\nana,Ana,participant\n"


@pytest.fixture
def small_course(tmp_path, running_course: RunningCourse):
    folder = tmp_path / "Mein Kurs"
    folder.mkdir()
    (folder / "course.yml").write_text("title: Mein «Kurs»\n", encoding="utf-8")
    (folder / "roster.csv").write_text(ROSTER)
    course = RunningCourse(
        var=tmp_path / "its var", port=free_ports(), course=folder, roster=folder / "roster.csv"
    )
    yield course
    course.syllab("clean", "--yes")


def test_it_runs_and_goes_without_a_trace(small_course, running_course):
    small_course.up()
    ana = small_course.in_lab("ana")
    assert ana.run("print(6 * 7)").strip() == "42"
    assert "Mein «Kurs»" in ana.http.get(small_course.address).content.decode()
    with pytest.raises(RuntimeError, match="ModuleNotFoundError"):
        ana.run("import nest")

    engine = docker.from_env()
    labels = {"label": f"syllab.instance={small_course.instance}"}
    assert engine.volumes.list(filters=labels)
    done = small_course.syllab("clean", "--yes")
    assert done.returncode == 0, done.stdout
    assert not engine.volumes.list(filters=labels)
    assert not engine.containers.list(all=True, filters=labels)
    assert not engine.networks.list(filters=labels)
    assert list(small_course.var.iterdir()) == []
    assert engine.images.get(running_course.settings["image"])
