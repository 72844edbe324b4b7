"""How a machine's hub is switched: real files and databases; programs only pretend to run."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from contextlib import closing

import pytest
from cloudlab.workspace import REPOSITORY

ROLE = REPOSITORY / "infra" / "ansible" / "roles" / "syllab_hub"
COUNTS = [f"SELECT count(*) FROM {table}" for table in ("words", "spawners", "servers")]  # noqa: S608
spec = importlib.util.spec_from_file_location("syllab_slot", ROLE / "library" / "syllab_slot.py")
slot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slot)


class CutOff(Exception):
    """The machine loses its power."""


class Hub(slot.Slot):
    """Programs that run as long as their release isn't broken. Notes what is started."""

    def __init__(self, root, name="live"):
        super().__init__(root / name, "quick")
        self.running, self.started = False, []

    def active(self):
        return self.running

    def stop(self, programs):
        self.running = False

    def start(self, programs):
        self.started.append((self.release(), *programs))
        if self.release() == "broken":
            raise slot.NotAnswering("no answer\n")
        self.running = True

    def release(self):
        return (self.folder / "hub.json").read_text()


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(slot, "_user", lambda: (os.getuid(), os.getgid()))
    monkeypatch.setattr(slot, "_call", lambda *command: 0)  # systemctl
    return tmp_path


def prepare(root, release, image="image", folder="next"):
    """What a playbook writes."""
    (root / folder).mkdir(exist_ok=True)
    for file, text in {"hub.json": release, "users.json": release, "hub.env": image}.items():
        (root / folder / file).write_text(text)


def remember(root, word):
    """The hub notes something in its database."""
    with closing(sqlite3.connect(root / "live" / "state" / "jupyterhub.sqlite")) as database:
        database.execute("CREATE TABLE IF NOT EXISTS words (word)")
        database.execute("INSERT INTO words VALUES (?)", [word])
        database.commit()


def remembered(root):
    with closing(sqlite3.connect(root / "live" / "state" / "jupyterhub.sqlite")) as database:
        return [word for (word,) in database.execute("SELECT word FROM words")]


@pytest.fixture
def hub(root):
    """One that runs the release `one`."""
    hub = Hub(root)
    prepare(root, "one")
    assert slot.switch(hub, restart=False)
    remember(root, "first")
    return hub


def test_what_runs_already_is_left_alone(root, hub):
    assert not slot.switch(hub, restart=False)
    assert len(hub.started) == 1


def test_open_notebooks_stay_connected_unless_the_image_changes(root, hub):
    prepare(root, "two")
    slot.switch(hub, restart=False)
    prepare(root, "three", image="other image")
    slot.switch(hub, restart=False)
    assert hub.started[1:] == [("two", "site", "hub"), ("three", "proxy", "site", "hub")]


def test_rollback_brings_files_and_database_of_before(root, hub):
    prepare(root, "two")
    slot.switch(hub, restart=False)
    remember(root, "second")
    slot.roll_back(hub)
    assert hub.release() == "one"
    assert remembered(root) == ["first"]
    slot.roll_back(hub)
    assert hub.release() == "two"
    assert remembered(root) == ["first", "second"]


def test_a_release_that_does_not_answer_leaves_all_as_it_was(root, hub):
    prepare(root, "two")
    slot.switch(hub, restart=False)
    prepare(root, "broken")
    with pytest.raises(slot.NotAnswering, match="what ran before runs again"):
        slot.switch(hub, restart=False)
    assert hub.running
    assert hub.release() == "two"
    slot.roll_back(hub)
    assert hub.release() == "one"


def test_a_first_release_that_does_not_answer_leaves_nothing(root):
    prepare(root, "broken")
    with pytest.raises(slot.NotAnswering, match="nothing runs now"):
        slot.switch(Hub(root), restart=False)
    left = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    secret = "live/state/proxy_token"
    assert left == {"next/hub.json", "next/users.json", "next/hub.env", secret}


@pytest.fixture(params=range(6))
def cut_off(root, hub, monkeypatch, request):
    """A hub whose switch from `one` to `two` ended before another file was written."""
    install, done = slot._install, iter(range(request.param))

    def limited(*arguments):
        if next(done, None) is None:
            raise CutOff
        install(*arguments)

    prepare(root, "two", image="other image")
    monkeypatch.setattr(slot, "_install", limited)
    with pytest.raises(CutOff):
        slot.switch(hub, restart=False)
    monkeypatch.setattr(slot, "_install", install)
    hub.running = False
    return hub


def test_a_switch_that_was_cut_off_is_finished_by_the_next(root, cut_off):
    slot.switch(cut_off, restart=False)
    assert cut_off.release() == "two"
    assert (root / "live" / "hub.env").read_text() == "other image"
    assert remembered(root) == ["first"]
    slot.roll_back(cut_off)
    assert cut_off.release() == "one"
    assert (root / "live" / "hub.env").read_text() == "image"


@pytest.mark.parametrize("cut_off", range(3, 6), indirect=True)  # before, nothing was changed
def test_a_switch_that_was_cut_off_can_be_rolled_back(root, cut_off):
    slot.roll_back(cut_off)
    assert cut_off.release() == "one"
    assert (root / "live" / "hub.env").read_text() == "image"
    assert remembered(root) == ["first"]


def test_a_candidate_knows_everybody_and_looks_after_no_lab(root, hub):
    with closing(sqlite3.connect(root / "live" / "state" / "jupyterhub.sqlite")) as database:
        for table in ("spawners", "servers"):
            database.execute(f"CREATE TABLE {table} (id)")
            database.execute(f"INSERT INTO {table} VALUES (1)")  # noqa: S608
        database.commit()
    prepare(root, "two", folder="candidate")
    candidate = Hub(root, "candidate")
    slot.try_out(candidate, hub)
    with closing(sqlite3.connect(candidate.database)) as database:
        found = [database.execute(each).fetchone()[0] for each in COUNTS]
    assert found == [1, 0, 0]
    assert hub.running
