"""The gradebook's tests on Debian's PostgreSQL, in a cluster of their own on a Unix socket."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from unit.hub.test_gradebook import TestGradebook as OnSqlite

OWNER = "postgres"  # PostgreSQL refuses to run as root


class Cluster:
    """A PostgreSQL server that nothing but a socket in its folder leads to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self._numbers = itertools.count()

    def start(self) -> None:
        self._run("initdb", "--username", OWNER, "--auth", "trust", "--no-sync", "-E", "UTF8")
        # Nothing here has to outlive a power cut.
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "--wait", "--log", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "--wait", "--mode", "immediate", "stop")

    def database(self) -> str:
        """A new database's address."""
        name = f"grades{next(self._numbers)}"
        where = f"host={self.folder} user={OWNER} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, "-D", self.folder / "data", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.folder, user=OWNER if os.geteuid() == 0 else None, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="syllab-"))  # short: a socket's path has 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        cluster = Cluster(folder)
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        shutil.rmtree(folder)


class TestGradebookOnPostgresql(OnSqlite):
    @pytest.fixture
    def url(self, cluster: Cluster) -> str:
        return cluster.database()
