"""A release is whole, named by its content, and notices when it was changed."""

from __future__ import annotations

import json

import pytest
from cloudlab import release
from courseware import course as courses
from courseware import notebooks
from courseware.errors import UserError

IMAGE = "sha256:" + "0" * 64


@pytest.fixture
def built(workspace):
    course = courses.load(workspace.course)
    notebooks.build(course, workspace.notebooks)
    workspace.site.mkdir()
    (workspace.site / "index.html").write_text("The course")
    return course


def test_the_manifest_names_the_image_and_every_file(workspace, built):
    folder = release.freeze(built, workspace, IMAGE, "syllab/x:1")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["image"]["id"] == IMAGE
    assert manifest["release"] == folder.name
    there = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert there == {*manifest["files"], "manifest.json"}
    assert {"course.yml", "site/index.html"} <= there


def test_no_roster_and_no_credentials_in_it(workspace, built):
    folder = release.freeze(built, workspace, IMAGE, "syllab/x:1")
    assert not [f for f in folder.rglob("*") if f.name in ("roster.csv", "credentials.csv")]


def test_what_a_run_happened_to_print_is_no_part_of_it(workspace, built):
    executed = workspace.notebooks / "executed"
    executed.mkdir()
    first = release.freeze(built, workspace, IMAGE, "syllab/x:1")
    (executed / "one.ipynb").write_text("took 3 seconds")
    assert release.freeze(built, workspace, IMAGE, "syllab/x:1") == first


def test_the_same_course_gives_the_same_release_and_another_image_another(workspace, built):
    first = release.freeze(built, workspace, IMAGE, "syllab/x:1")
    assert release.freeze(built, workspace, IMAGE, "syllab/x:1") == first
    assert release.freeze(built, workspace, IMAGE.replace("0", "1"), "syllab/x:2") != first
    assert not list(workspace.releases.glob(".new-*"))


def test_a_changed_file_is_noticed(workspace, built):
    folder = release.freeze(built, workspace, IMAGE, "syllab/x:1")
    release.verify(folder)
    (folder / "site" / "index.html").write_text("other")
    with pytest.raises(UserError, match=r"changed since it was frozen: site/index\.html"):
        release.freeze(built, workspace, IMAGE, "syllab/x:1")
