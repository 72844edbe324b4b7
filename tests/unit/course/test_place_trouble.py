"""A lab starts whatever its home looks like: links, damage, a full disk, forged memories."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from courseware.lab import place

NOTE = "UPDATES.md"


@pytest.mark.parametrize(
    "state",
    [
        "", "{", "[]", "3", '{"placed": []}', '{"placed": {"a.ipynb": 3}, "beside": "x"}',
        '{"beside": {"../../x": "a.ipynb"}, "offered": {"a.ipynb": {}}}', "[" * 100_000, "\x00\xff",
    ],
)  # fmt: skip
def test_what_was_remembered_is_not_trusted(home, state):
    home.start(a="v1")
    home.write("a.ipynb", "mine")
    (home.home / place.STATE).write_text(state)
    home.start(a="v2")
    assert home.files()["a.ipynb"] == "mine"
    assert home.files()["a.new.ipynb"] == "v2"


def test_a_forged_memory_deletes_nothing_elsewhere(home, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("safe")
    home.start(a="v1")
    forged = {
        "placed": {"../../outside": place._sha256(b"safe")},
        "beside": {"../../outside": "a.ipynb"},
    }
    (home.home / place.STATE).write_text(json.dumps(forged))
    home.start(a="v2")
    assert outside.read_text() == "safe"


@pytest.mark.parametrize("target", ["file", "nothing"])
def test_a_link_is_theirs_and_not_followed(home, tmp_path, target):
    outside = tmp_path / "outside"
    if target == "file":
        outside.write_text("safe")
    home.tutorials.mkdir()
    (home.tutorials / "a.ipynb").symlink_to(outside)
    home.start(a="v1")
    assert (home.tutorials / "a.ipynb").is_symlink()
    assert (home.tutorials / "a.new.ipynb").read_text() == "v1"
    assert not outside.exists() or outside.read_text() == "safe"


def test_a_link_stays_even_if_what_it_leads_to_equals_the_course(home, tmp_path):
    home.start(a="v1")
    (tmp_path / "outside").write_text("v1")
    (home.tutorials / "a.ipynb").unlink()
    (home.tutorials / "a.ipynb").symlink_to(tmp_path / "outside")
    home.start(a="v2")
    assert (home.tutorials / "a.ipynb").is_symlink()
    assert (home.tutorials / "a.new.ipynb").read_text() == "v2"


@pytest.mark.parametrize("link", ["tutorials", ".syllab"])
def test_folders_that_are_links_are_not_followed(home, tmp_path, link, capfd):
    outside = tmp_path / "outside"
    outside.mkdir()
    (home.home / link).symlink_to(outside)
    home.start(a="v1", b="v1")
    home.start(a="v2", b="v2")
    assert list(outside.iterdir()) == []
    assert capfd.readouterr().out.count("is a link: remove it and start the lab again") == 2


def test_a_folder_or_a_pipe_in_place_of_a_file(home):
    (home.tutorials / "a.ipynb").mkdir(parents=True)
    os.mkfifo(home.tutorials / "b.ipynb")
    home.start(a="v1", b="v1")
    assert home.files() | {NOTE: ""} == {"a.new.ipynb": "v1", "b.new.ipynb": "v1", NOTE: ""}


def test_a_file_in_place_of_the_folder(home, capfd):
    home.tutorials.write_text("mine")
    home.start(a="v1")
    assert home.tutorials.read_text() == "mine"
    assert "a.ipynb was not placed" in capfd.readouterr().out


def test_a_read_only_file_is_updated(home):
    home.start(a="v1")
    (home.tutorials / "a.ipynb").chmod(0o444)
    home.start(a="v2")
    assert home.files() == {"a.ipynb": "v2"}


def test_placed_files_can_be_written(home):
    (home.source / "a.ipynb").write_text("v1")
    (home.source / "a.ipynb").chmod(0o444)
    home.start()
    assert (home.tutorials / "a.ipynb").stat().st_mode & 0o200


def test_without_rights_it_says_so(home, capfd, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    home.start(a="v1")
    assert "a.ipynb was not placed: Permission denied" in capfd.readouterr().out


def test_a_full_disk_leaves_the_old_version_whole(home, capfd, monkeypatch):
    home.start(a="v1", b="v1")

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    home.start(a="v2")
    assert home.files() == {"a.ipynb": "v1", "b.ipynb": "v1"}
    assert "a.ipynb was not placed: No space left on device" in capfd.readouterr().out


def test_a_write_cut_short_leaves_nothing_half_written(home):
    """A limit on file size makes the write itself fail, as a full disk does."""
    home.start(a="v1")
    (home.source / "a.ipynb").write_text("v2" * 100_000)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    command = [sys.executable, place.__file__, str(home.source), str(home.home)]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
    assert done.returncode == 0
    assert "a.ipynb was not placed: File too large" in done.stdout
    assert home.files() == {"a.ipynb": "v1"}


def test_leftovers_of_a_start_that_was_killed(home):
    home.tutorials.mkdir()
    home.write(".a.ipynb.part", "half")
    home.start(a="v1")
    assert home.files() == {"a.ipynb": "v1"}


@pytest.mark.parametrize(
    "arguments", [["/no/such/folder"], ["/no/such", "/no/such/home"], ["/etc/passwd"]]
)
def test_it_never_fails(arguments, tmp_path):
    command = [sys.executable, "-m", "courseware.lab.place", *arguments]
    room = str(Path(place.__file__).parents[2])
    environment = {"HOME": str(tmp_path), "PYTHONPATH": room}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "notebooks: none in" in done.stdout


def test_a_closed_output_does_not_matter(home):
    (home.source / "a.ipynb").write_text("v1")
    command = f'exec "$0" "{place.__file__}" "{home.source}" "{home.home}" >&-'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert home.files() == {"a.ipynb": "v1"}


def test_it_imports_little():
    """It runs before each lab: the heavy modules of the standard library stay out."""
    heavy = "pathlib shutil tempfile subprocess typing dataclasses asyncio logging socket"
    code = "import sys; before = set(sys.modules); import courseware.lab.place; "
    code += f"print([m for m in '{heavy}'.split() if m in set(sys.modules) - before])"
    room = str(Path(place.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": room}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
