"""hub.json: written and read by one schema."""

import json

import pytest
from courseware.errors import UserError
from courseware.hub_settings import HubSettings

VALID = {
    "instance": "cns2024-3f9a1c",
    "title": "<'&\"> 王",
    "release": "/srv/releases/one",
    "image": "sha256:" + "0" * 64,
    "public": {"ip": "127.0.0.1", "port": 8000},
    "address": "https://course.example.org/",
    "hub": {"ip": "172.30.0.1", "port": 8081},
    "proxy_api_port": 8001,
    "site_port": 8002,
    "network": "cns2024-labs",
    "users": "/srv/users.json",
    "state": "/srv/state",
    "capacity": 40,
    "grader": {
        "address": {"ip": "172.30.0.1", "port": 8082},
        "database": "sqlite:////srv/state/grades.sqlite",
        "pool": 40,
    },
    "grading": {"counts": "best", "deadline": None, "certificate": None},
    "lab": {"memory_bytes": 2**30, "cpus": 1.0, "pids": 512},
    "lifecycle": {
        "sessions": [
            {"title": "王", "start": "2026-07-20T07:00:00Z", "end": "2026-07-20T10:00:00Z"}
        ],
        "warm_seconds": 900,
        "idle_seconds": 3600,
    },
    "swarm": {"homes": "pinned"},
}


def test_what_is_written_is_read(tmp_path):
    settings = HubSettings.model_validate(VALID)
    settings.write(tmp_path / "hub.json")
    assert HubSettings.read(tmp_path / "hub.json") == settings
    assert (tmp_path / "hub.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "hub.json").read_text()) == VALID


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "syllab/lab:latest"),
        ("image", "sha256:" + "0" * 64 + "\n"),
        ("instance", "../x"),
        ("release", "releases/one"),
        ("site_port", 70000),
        ("surprise", 1),
    ],
)
def test_a_wrong_key_is_named(tmp_path, key, value):
    (tmp_path / "hub.json").write_text(json.dumps(VALID | {key: value}))
    with pytest.raises(UserError, match=rf"hub\.json: {key}: .* -> it is written by"):
        HubSettings.read(tmp_path / "hub.json")


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_a_file_that_is_no_settings(tmp_path, content):
    if content is not None:
        (tmp_path / "hub.json").write_text(content)
    with pytest.raises(UserError, match=r"hub\.json"):
        HubSettings.read(tmp_path / "hub.json")
