"""The hub of this machine: its settings, and its processes under supervisord."""

from __future__ import annotations

import configparser
import io
import os
import secrets
import shlex
import signal
import subprocess
import time
from pathlib import Path

import psutil
import requests
from courseware.course import Course
from courseware.errors import UserError
from courseware.hub_settings import HubSettings

from cloudlab.digest import inputs_sha256
from cloudlab.progress import Step
from cloudlab.workspace import REPOSITORY, Workspace, environment

START_TIMEOUT = 90  # seconds
STOP_TIMEOUT = 30  # seconds
LOG_TAIL = 12  # lines shown when the hub does not start


class Hub:
    """The hub, proxy and site server of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._supervisor = workspace.hub / "supervisord.conf"
        self._pid = workspace.hub / "supervisord.pid"

    def settings(self) -> HubSettings | None:
        """The settings written last, None before the first `make up`."""
        path = self.workspace.settings
        return HubSettings.read(path) if path.exists() else None

    def new_instance(self, course: Course) -> str:
        """The name before all engine objects: kept for good, so that homes are found again."""
        existing = self.settings()
        return existing.instance if existing else f"{course.id[:30]}-{secrets.token_hex(3)}"

    def write_settings(self, settings: HubSettings) -> bool:
        """Write hub.json; True if it differs from what was there."""
        if settings == self.settings():
            return False
        settings.write(self.workspace.settings)
        return True

    def process(self) -> psutil.Process | None:
        """The running supervisord of this workspace, None if there is none."""
        try:
            process = psutil.Process(int(self._pid.read_text()))
            # The number may have been given to somebody else since.
            return process if str(self._supervisor) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def start(self, current: Step, *, changed: bool) -> None:
        """Bring up hub, proxy and site with the settings as written, and wait until they answer.

        Running labs are left alone. Raises UserError with the log's end if they don't come up.
        """
        running = self.process()
        rewritten = self._write_supervisor()
        if running and (changed or rewritten):
            current.doing("restarting with the new settings; labs keep running")
            programs = running.children()
            running.send_signal(signal.SIGHUP)
            psutil.wait_procs(programs, timeout=STOP_TIMEOUT)
        elif not running:
            current.doing("starting")
            command = environment("hub") / "bin" / "supervisord"
            subprocess.run([command, "-c", self._supervisor], check=True, cwd=self.workspace.hub)
        self._await(current)

    def stop(self) -> bool:
        """Stop hub, proxy and site; False if they were not running."""
        running = self.process()
        if running is None:
            return False
        below = running.children(recursive=True)
        running.terminate()  # supervisord then ends its programs in good order
        _, alive = psutil.wait_procs([running, *below], timeout=STOP_TIMEOUT)
        for process in alive:
            process.kill()
        return True

    def _await(self, current: Step) -> None:
        settings = self.settings()
        assert settings is not None  # noqa: S101 - written just before
        address = f"http://{settings.public.ip}:{settings.public.port}"
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._answers(f"{address}/hub/health") and self._answers(f"{address}/"):
                current.outcome = address
                return
            time.sleep(0.2)
        log = self.workspace.log / "hub.log"
        tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL:] if log.exists() else []
        shown = "\n".join(f"    {line}" for line in tail)
        raise UserError(f"The hub does not answer at {address}:\n{shown}\n-> see {log}")

    @staticmethod
    def _answers(address: str) -> bool:
        session = requests.Session()
        session.trust_env = False  # a proxy for the outside has no part in this machine's own
        try:
            return session.get(address, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _write_supervisor(self) -> bool:
        python = str(environment("hub") / "bin" / "python")
        config = configparser.RawConfigParser()
        config["supervisord"] = {
            "pidfile": str(self._pid),
            "logfile": str(self.workspace.log / "supervisord.log"),
            "childlogdir": str(self.workspace.log),
            "directory": str(self.workspace.hub),
        }
        if os.geteuid() == 0:
            config["supervisord"]["user"] = "root"  # said, so that it doesn't warn
        settings = str(self.workspace.settings)
        self._add(config, "proxy", [python, "-m", "labhub.proxy", settings])
        self._add(config, "site", [python, "-m", "labhub.site", settings])
        hub_config = str(REPOSITORY / "hub" / "jupyterhub_config.py")
        self._add(config, "hub", [python, "-m", "jupyterhub", "--config", hub_config])
        config["program:hub"]["environment"] = f'SYLLAB_HUB_JSON="{settings}"'
        # A newer hub than the running one has to be started, too.
        code = [REPOSITORY / "hub", REPOSITORY / "course" / "courseware"]
        digest = inputs_sha256([*code, environment("hub") / ".made-from"])
        text = io.StringIO()
        text.write(f"; made from {digest}\n")
        config.write(text)
        if self._supervisor.exists() and self._supervisor.read_text() == text.getvalue():
            return False
        self._supervisor.write_text(text.getvalue())
        return True

    def _add(self, config: configparser.RawConfigParser, name: str, command: list[str]) -> None:
        config[f"program:{name}"] = {
            "command": shlex.join(command).replace("%", "%%"),
            "stdout_logfile": str(self.workspace.log / f"{name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
            "redirect_stderr": "true",
            "stopasgroup": "true",
            "killasgroup": "true",
            "startretries": "5",
        }


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
