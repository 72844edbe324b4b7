"""A hub's settings, release and accounts in a temporary folder."""

import json

import pytest
from courseware import passphrase
from courseware.hub_settings import HubSettings
from tornado.httpserver import HTTPServer

IMAGE = "sha256:" + "a" * 64
ROLES = {"p01": "participant", "p02": "participant", "helper1": "helper", "org": "organiser"}


@pytest.fixture(autouse=True)
def servers_as_before():
    """The hub's configuration sets limits for all of the process's servers; undo that."""
    saved = HTTPServer._save_configuration()
    yield
    HTTPServer._restore_configuration(saved)


@pytest.fixture(scope="session")
def hashes():
    """A hash of each user's own passphrase, which is "words of USERNAME"."""
    return {username: passphrase.hash(f"words of {username}") for username in ROLES}


@pytest.fixture
def users(tmp_path, hashes):
    path = tmp_path / "users.json"
    accounts = {
        username: {"name": f"Name of {username}", "role": role, "hash": hashes[username]}
        for username, role in ROLES.items()
    }
    path.write_text(json.dumps(accounts))
    return path


@pytest.fixture
def settings(tmp_path, users):
    release = tmp_path / "release"
    (release / "site").mkdir(parents=True)
    (release / "site" / "index.html").write_text("<!doctype html><h1>The course</h1>")
    (release / "site" / "style.css").write_text("h1 { color: green }")
    (release / "site" / "course.ics").write_text("BEGIN:VCALENDAR")
    (release / "manifest.json").write_text(json.dumps({"image": {"id": IMAGE}, "tutorials": []}))
    return HubSettings.model_validate(
        {
            "instance": "course-1f",
            "title": "A course & <more>",
            "release": str(release),
            "image": IMAGE,
            "public": {"ip": "127.0.0.1", "port": 18470},
            "hub": {"ip": "127.0.0.1", "port": 18471},
            "proxy_api_port": 18472,
            "site_port": 18473,
            "network": "course-net",
            "users": str(users),
            "state": str(tmp_path / "state"),
            "capacity": 40,
            "grader": {
                "address": {"ip": "127.0.0.1", "port": 18474},
                "database": f"sqlite:///{tmp_path}/grades.sqlite",
                "pool": 2,
            },
            "grading": {},
            "lab": {"memory_bytes": 2**30, "cpus": 2.5, "pids": 300},
        }
    )
