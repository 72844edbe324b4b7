"""The host's package settings, lent to image builds as secrets that no layer keeps.

Behind an institute's proxy the package clients of a build need the host's private CA, index and
mirror settings. BuildKit's secret mounts show them to one instruction only.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "default-timeout", "retries")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@contextmanager
def build_secrets() -> Iterator[list[str]]:
    """The `docker build` options that lend the secrets ca, pip and apt and the proxy settings."""
    with tempfile.TemporaryDirectory(prefix="syllab-") as folder:
        pip, apt = Path(folder, "pip.conf"), Path(folder, "apt.conf")
        pip.write_text(pip_settings())
        apt.write_text(apt_settings())
        options = []
        for name, path in {"ca": ca_bundle(), "pip": pip, "apt": apt}.items():
            options += ["--secret", f"id={name},src={path}"]
        for name in PROXY_VARIABLES:  # predefined arguments: Docker keeps them out of the history
            if name in os.environ:
                options += ["--build-arg", name]
        yield options


def ca_bundle() -> Path:
    """The CA certificates that this host trusts, a private one among them."""
    named = [Path(os.environ[name]) for name in CA_VARIABLES if os.environ.get(name)]
    return next((path for path in [*named, SYSTEM_CA] if path.is_file()), Path(certifi.where()))


def pip_settings() -> str:
    """A pip.conf with the host's index settings, from its files and PIP_ variables.

    Addresses of files are left out: a build can't see the host's files.
    """
    listed = _output([sys.executable, "-m", "pip", "config", "list"])
    found: dict[str, str] = {}
    for line in listed.splitlines():  # such as  global.index-url='…'  or  :env:.index-url='…'
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        words = [word for word in value.strip("'").split() if not word.startswith("file:")]
        if name in PIP_SETTINGS and words:
            found[name] = " ".join(words)
    config = configparser.RawConfigParser()
    config["global"] = found
    lines = [f"{name} = {value}" for name, value in config["global"].items()]
    return "\n".join(["[global]", *lines, ""])


def apt_settings() -> str:
    """The host's `Acquire` settings of apt (proxy, time-outs), empty where there is no apt."""
    if shutil.which("apt-config") is None:
        return ""
    lines = _output(["apt-config", "dump"]).splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith("Acquire::"))


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
