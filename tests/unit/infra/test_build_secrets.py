"""The host's package settings reach a build as secrets, without what only the host can use."""

from __future__ import annotations

import configparser
import ssl

from cloudlab import build_secrets


def test_pips_index_is_passed_through_and_local_folders_are_not(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@packages.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "file:///srv/wheels https://more.example/simple")
    config = configparser.RawConfigParser()
    config.read_string(build_secrets.pip_settings())
    assert config["global"]["index-url"] == "https://user:secret@packages.example/simple"
    assert config["global"]["extra-index-url"] == "https://more.example/simple"


def test_the_private_ca_of_the_environment_is_lent(monkeypatch, tmp_path):
    bundle = tmp_path / "private-ca.pem"
    bundle.write_text("…")
    monkeypatch.setenv("PIP_CERT", str(bundle))
    assert build_secrets.ca_bundle() == bundle


def test_without_one_the_hosts_own_bundle_is_lent(monkeypatch):
    for name in build_secrets.CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert ssl.create_default_context(cafile=build_secrets.ca_bundle()).get_ca_certs()


def test_no_setting_stands_on_the_command_line(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@packages.example/simple")
    monkeypatch.setenv("https_proxy", "http://user:secret@proxy.example:3128")
    with build_secrets.build_secrets() as options:
        assert "secret" not in " ".join(options).replace("--secret", "")
        assert options[-2:] == ["--build-arg", "https_proxy"]
