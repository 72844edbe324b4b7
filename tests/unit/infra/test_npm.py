"""The host's npm settings reach a build as a secret, without what only the host can use."""

from __future__ import annotations

import pytest
from cloudlab import npm


@pytest.fixture
def npmrc(monkeypatch, tmp_path):
    path = tmp_path / "npmrc"
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(path))
    monkeypatch.delenv("npm_config_registry", raising=False)
    return path


def test_where_packages_come_from_is_passed_through_and_local_files_are_not(npmrc):
    kept = ["registry=https://npm.example/", "//npm.example/:_authToken=secret"]
    npmrc.write_text("\n".join([*kept, "cafile=/etc/ca.pem", "prefix=/opt", "@us:registry=x"]))
    assert npm.npm_settings().splitlines() == [*kept, "@us:registry=x"]


def test_the_environment_comes_last_and_so_wins(npmrc, monkeypatch):
    npmrc.write_text("registry=https://npm.example/\n")
    monkeypatch.setenv("npm_config_registry", "https://other.example/")
    assert npm.npm_settings().splitlines()[-1] == "registry=https://other.example/"


def test_nothing_is_passed_where_nothing_is_set(npmrc):
    assert npm.npm_settings() == ""
