"""The hub of this machine: its settings, and its processes under supervisord."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import signal
import subprocess
import time

import psutil
import requests
from courseware.errors import UserError
from courseware.hub_settings import HubSettings
from rich.markup import escape

from cloudlab.digest import inputs_sha256
from cloudlab.progress import Step, console
from cloudlab.workspace import REPOSITORY, Workspace, environment

START_TIMEOUT = 90  # seconds
STOP_TIMEOUT = 30  # seconds
PROGRAMS = 3  # hub, proxy, site
LOG_TAIL = 12  # lines shown when the hub does not start


class Hub:
    """The hub, proxy and site server of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._supervisor = workspace.hub / "supervisord.conf"
        self._pid = workspace.hub / "supervisord.pid"
        self._applied = workspace.hub / "applied"  # what the running programs were started with

    def settings(self) -> HubSettings | None:
        """The settings written last; None before the first `make up` and if they are damaged."""
        path = self.workspace.settings
        try:
            return HubSettings.read(path) if path.exists() else None
        except UserError as error:
            console.print(f"[yellow]Written anew:[/] {escape(str(error))}")
            return None

    def process(self) -> psutil.Process | None:
        """The running supervisord of this workspace, None if there is none."""
        try:
            process = psutil.Process(int(self._pid.read_text()))
            # The number may have been given to somebody else since.
            return process if str(self._supervisor) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def start(self, current: Step) -> None:
        """Bring up hub, proxy and site with the settings as written, and wait until they answer.

        Running labs are left alone. Raises UserError with the log's end if they don't come up.
        """
        running, wanted = self.process(), self._write_supervisor()
        applied = self._applied.read_text() if self._applied.exists() else ""
        programs = running.children() if running else []
        if running and (applied != wanted or len(programs) < PROGRAMS):
            current.doing("restarting with the new settings; labs keep running")
            self._applied.unlink(missing_ok=True)
            running.send_signal(signal.SIGHUP)
            psutil.wait_procs(programs, timeout=STOP_TIMEOUT)
        elif not running:
            current.doing("starting")
            self._supervise()
        self._await(current)
        self._applied.write_text(wanted)

    def _supervise(self) -> None:
        command = [str(environment("hub") / "bin" / "supervisord"), "-c", str(self._supervisor)]
        done = subprocess.run(command, cwd=self.workspace.hub, capture_output=True, text=True)
        if done.returncode:
            log = self.workspace.log / "supervisord.log"
            raise UserError(f"The hub was not started: {done.stderr.strip()} -> see {log}")

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

    def _write_supervisor(self) -> str:
        """Write supervisord's settings; a digest of all that a running hub was started with."""
        python = str(environment("hub") / "bin" / "python")
        settings = str(self.workspace.settings)
        hub_config = str(REPOSITORY / "hub" / "jupyterhub_config.py")
        config = configparser.RawConfigParser()
        config["supervisord"] = {
            "pidfile": str(self._pid),
            "logfile": str(self.workspace.log / "supervisord.log"),
            "childlogdir": str(self.workspace.log),
            "directory": str(self.workspace.hub),
        }
        if os.geteuid() == 0:
            config["supervisord"]["user"] = "root"  # said, so that it doesn't warn
        self._add(config, "proxy", [python, "-m", "labhub.proxy", settings])
        self._add(config, "site", [python, "-m", "labhub.site", settings])
        self._add(config, "hub", [python, "-m", "jupyterhub", "--config", hub_config])
        config["program:hub"]["environment"] = f'SYLLAB_HUB_JSON="{settings}"'
        for section in config.sections():
            for key, value in config[section].items():
                config[section][key] = value.replace("%", "%%")  # supervisord expands the others
        with self._supervisor.open("w") as file:
            config.write(file)
        users = json.loads(self.workspace.users.read_text())
        roles = sorted(f"{name} {user['role']}" for name, user in users.items())
        code = [REPOSITORY / "hub", REPOSITORY / "course" / "courseware"]
        made = [environment("hub") / ".made-from", self.workspace.settings, self._supervisor]
        return inputs_sha256([*code, *made], *roles)

    def _add(self, config: configparser.RawConfigParser, name: str, command: list[str]) -> None:
        config[f"program:{name}"] = {
            "command": shlex.join(command),
            "stdout_logfile": str(self.workspace.log / f"{name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
            "redirect_stderr": "true",
            "autorestart": "true",
            "stopasgroup": "true",
            "killasgroup": "true",
            "startretries": "5",
        }
