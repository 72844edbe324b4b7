"""ENGINE=process: one lab for trying a course out, without an engine."""

from __future__ import annotations

import re
import socket

import psutil
import pytest
import requests
from running_course import RunningCourse, free_ports


@pytest.fixture
def trial(tmp_path):
    trial = RunningCourse(var=tmp_path / "var", port=free_ports())
    yield trial
    trial.syllab("clean", "--yes")


def test_one_lab_on_the_loopback_with_its_own_token(trial: RunningCourse):
    told = trial.syllab("up", "--engine", "process", "--port", str(trial.port))
    assert told.returncode == 0, told.stdout
    assert "without isolation" in told.stdout
    (address,) = re.findall(r"http://\S+token=\S+", told.stdout)
    home = trial.var / "process" / "home"
    assert (home / "tutorials" / "introduction.ipynb").exists()

    http = requests.Session()
    http.trust_env = False
    contents = f"{trial.address}/api/contents/tutorials"
    assert http.get(contents).status_code == 403
    assert http.get(address).ok
    names = [each["name"] for each in http.get(contents).json()["content"]]
    assert "introduction.ipynb" in names
    listening = {c.laddr.ip for c in psutil.net_connections() if c.laddr.port == trial.port}
    assert listening == {"127.0.0.1"}

    assert address in trial.syllab("up", "--engine", "process", "--port", str(trial.port)).stdout
    assert trial.syllab("down").returncode == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", trial.port)) != 0
    assert (home / "tutorials" / "introduction.ipynb").exists()
