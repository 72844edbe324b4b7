"""A workspace keeps to its course, its name and its roster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cloudlab import instance as instances
from courseware.errors import UserError

COURSE = SimpleNamespace(id="a-course")


def test_the_name_stays(workspace, tmp_path):
    first = instances.ensure(workspace, COURSE, tmp_path / "roster.csv")
    assert first.name.startswith("a-course-")
    assert instances.ensure(workspace, COURSE, tmp_path / "other.csv").name == first.name


def test_the_roster_used_last_is_used_again(workspace, tmp_path):
    assert instances.roster_file(workspace, None) == workspace.course / "roster.csv"
    instances.ensure(workspace, COURSE, tmp_path / "mine.csv")
    assert instances.roster_file(workspace, None) == tmp_path / "mine.csv"
    assert instances.roster_file(workspace, tmp_path / "new.csv") == tmp_path / "new.csv"


def test_another_course_is_refused_before_anything_changes(workspace, tmp_path):
    instances.ensure(workspace, COURSE, tmp_path / "roster.csv")
    before = workspace.instance.read_bytes()
    with pytest.raises(UserError, match=r"runs the course 'a-course', not 'b'.*SYLLAB_VAR"):
        instances.ensure(workspace, SimpleNamespace(id="b"), tmp_path / "roster.csv")
    assert workspace.instance.read_bytes() == before


def test_a_damaged_file_is_told(workspace):
    workspace.hub.mkdir(parents=True)
    workspace.instance.write_text("{")
    with pytest.raises(UserError, match=r"instance\.json: damaged .*docker network ls"):
        instances.read(workspace)
