"""Changes what a course's hub runs, on the machine where it runs: an Ansible module.

A slot is a folder with hub.json, users.json, hub.env (which image) and state/. Beside `live` are
`next`, which a playbook wrote, and `previous`, with the hub's database of then. `saved` is there
while a change is under way: what is found there later is what ran before one that was cut off.
"""

from __future__ import annotations

import filecmp
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

IMAGE, FILES = "hub.env", ("hub.env", "users.json", "hub.json")
DATABASE = "jupyterhub.sqlite"
ANSWER_TIMEOUT = 90  # seconds
LOOK_EVERY = 0.3  # seconds
CRASHES = 2  # of one program, after which waiting is no use
LOG_TAIL = 15  # lines


class NotAnswering(Exception):
    """What was started doesn't answer; says why."""


class Slot:
    """The hub of one slot: `folder` with its files, and the units that run it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.database = folder, folder / "state" / DATABASE
        self.units = {p: f"syllab-{name}-{p}.service" for p in ("proxy", "site", "hub")}

    def fill(self, source: Path) -> None:
        """Take over the files of `source`, and its database if it has one; all if it is empty."""
        user, nothing = _user(), not (source / "hub.json").exists()
        self.ready()
        for file in FILES:
            if nothing:
                (self.folder / file).unlink(missing_ok=True)
            else:
                _install(source / file, self.folder / file, user)
        if nothing:
            self.database.unlink(missing_ok=True)
        elif (source / DATABASE).exists():
            _install(source / DATABASE, self.database, user)

    def ready(self) -> None:
        """Make the state's folder, with the secret of the proxy, which can only read there."""
        state, user = self.folder / "state", _user()
        _folder(self.folder, user)
        _folder(state, user)
        if not (state / "proxy_token").exists():
            _write(state / "proxy_token", secrets.token_hex(32).encode(), user)

    def save(self, target: Path) -> None:
        """Copy files and database, wholly or not at all."""
        draft, user = target.with_suffix(".new"), _user()
        shutil.rmtree(draft, ignore_errors=True)
        _folder(draft, user)
        for file in FILES:
            if (self.folder / file).exists():
                _install(self.folder / file, draft / file, user)
        copy_database(self.database, draft / DATABASE)
        draft.rename(target)

    def same(self, other: Path) -> bool:
        """Whether `other` has the same files, and all programs run."""
        files = [(self.folder / file, other / file) for file in FILES]
        same = all(a.exists() and filecmp.cmp(a, b, shallow=False) for a, b in files)
        return same and self.active()

    def active(self) -> bool:
        """Whether all programs run."""
        # Asked for several at once, it is content with one.
        return all(_call("systemctl", "is-active", unit) == 0 for unit in self.units.values())

    def stop(self, programs: list[str]) -> None:
        """Stop some of the programs; labs go on."""
        subprocess.run(["systemctl", "stop", *(self.units[p] for p in programs)], check=True)

    def start(self, programs: list[str]) -> None:
        """Start programs (those that are live at each boot, too) and wait until all answer.

        Raises NotAnswering with the end of their log.
        """
        began = f"@{time.time():.3f}"
        _call("systemctl", "daemon-reload")
        _call("systemctl", "reset-failed", *self.units.values())  # counts crashes from now on
        if self.folder.name == "live":
            _call("systemctl", "enable", *self.units.values())
        started = _call("systemctl", "restart", *(self.units[p] for p in programs)) == 0
        deadline, silent = time.monotonic() + ANSWER_TIMEOUT, self._silent()
        while silent and started and time.monotonic() < deadline and not self._crashing():
            time.sleep(LOOK_EVERY)
            silent = self._silent()
        if silent:
            what, program = silent
            _call("journalctl", "--sync")
            options = ["--unit", self.units[program], "--since", began, "--output=cat"]
            command = ["journalctl", *options, f"--lines={LOG_TAIL}", "_TRANSPORT=stdout"]
            log = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
            raise NotAnswering(f"The {what} doesn't answer. The last lines of its log:\n{log}")

    def _silent(self) -> tuple[str, str] | None:
        """The first that doesn't answer as it should, and the program that it is part of."""
        settings = json.loads((self.folder / "hub.json").read_text())
        site = {"ip": "127.0.0.1", "port": settings["site_port"]}
        asked = [
            ("hub", "hub", settings["hub"], "/hub/health", True),
            ("grader", "hub", settings["grader"]["address"], "/", False),  # knows labs only
            ("site", "site", site, "/", True),
            ("proxy", "proxy", settings["public"], "/hub/health", True),
        ]
        silent = ((what, who) for what, who, *question in asked if not _answers(*question))
        return next(silent, None)

    def _crashing(self) -> bool:
        command = ["systemctl", "show", "--property=NRestarts", "--value", *self.units.values()]
        shown = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
        return any(int(number) >= CRASHES for number in shown.split())


def change(live: Slot, source: Path, restart: bool) -> None:
    """Run what is in `source`; if it doesn't answer, what ran before. Raises NotAnswering."""
    saved, previous = live.folder.with_name("saved"), live.folder.with_name("previous")
    old, new = live.folder / IMAGE, source / IMAGE
    programs = ["proxy", "site", "hub"]
    if not restart and old.exists() and filecmp.cmp(old, new, shallow=False) and live.active():
        programs.remove("proxy")  # so that open notebooks stay connected
    live.stop(programs)
    if not saved.exists():
        live.save(saved)
    try:
        live.fill(source)
        live.start(programs)
    except NotAnswering as problem:
        live.stop(programs)
        live.fill(saved)
        if (live.folder / "hub.json").exists():
            live.start(list(live.units))
            after = "what ran before runs again"
        else:
            _call("systemctl", "disable", *live.units.values())
            after = "nothing ran before, and nothing runs now"
        shutil.rmtree(saved)
        raise NotAnswering(f"{problem}-> {after}") from None
    if source == saved:
        shutil.rmtree(saved)
    else:
        shutil.rmtree(previous, ignore_errors=True)
        saved.rename(previous)


def switch(live: Slot, restart: bool) -> bool:
    """Run what is in `next`; False if that runs already."""
    source = live.folder.with_name("next")
    if live.same(source) and not restart and not live.folder.with_name("saved").exists():
        return False
    change(live, source, restart)
    return True


def roll_back(live: Slot) -> bool:
    """Run what ran before the last switch, also before one that was cut off."""
    saved, previous = live.folder.with_name("saved"), live.folder.with_name("previous")
    source = saved if saved.exists() else previous
    if not (source / "hub.json").exists():
        raise NotAnswering(f"{source}: nothing ran before -> make deploy")
    change(live, source, restart=True)
    return True


def try_out(candidate: Slot, live: Slot) -> bool:
    """Run the candidate with a copy of the live hub's database, from which labs are struck."""
    candidate.stop(list(candidate.units))
    shutil.rmtree(candidate.folder / "state", ignore_errors=True)
    candidate.ready()
    copy_database(live.database, candidate.database)
    if candidate.database.exists():
        # The candidate must not look after labs of the live hub, nor stop them.
        with closing(sqlite3.connect(candidate.database)) as database, database:
            database.execute("DELETE FROM spawners")
            database.execute("DELETE FROM servers")
    candidate.start(list(candidate.units))
    return True


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of a database that may be in use; nothing if there is none."""
    if not source.exists():
        return
    there, here = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    with closing(there), closing(here):
        there.backup(here)
    os.chown(target, *_user())
    target.chmod(0o600)


def _install(source: Path, target: Path, user: tuple[int, int]) -> None:
    _write(target, source.read_bytes(), user)


def _write(target: Path, content: bytes, user: tuple[int, int]) -> None:
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    # Never through a link that the hub has laid.
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        os.fchown(file.fileno(), *user)
    draft.replace(target)


def _folder(path: Path, user: tuple[int, int]) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    os.chown(path, *user)


def _user() -> tuple[int, int]:
    return 70200, 70200  # as in the image


def _answers(address: dict, path: str, well: bool) -> bool:
    """Whether something is answered there, or, if `well`, with success."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"http://{address['ip']}:{address['port']}{path}", timeout=5)
    except urllib.error.HTTPError:
        return not well
    except OSError:
        return False
    return True


def _call(*command: str) -> int:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def main() -> None:
    """Read what is asked, do it, and answer Ansible."""
    module = AnsibleModule(
        {
            "action": {"choices": ["switch", "rollback", "try"], "required": True},
            "root": {"type": "path", "required": True},
            "instance": {"required": True},
            "restart": {"type": "bool", "default": False},
        }
    )
    root, instance = Path(module.params["root"]), module.params["instance"]
    live = Slot(root / "live", instance)
    try:
        if module.params["action"] == "switch":
            changed = switch(live, module.params["restart"])
        elif module.params["action"] == "rollback":
            changed = roll_back(live)
        else:
            changed = try_out(Slot(root / "candidate", f"{instance}-candidate"), live)
    except NotAnswering as problem:
        module.fail_json(msg=str(problem))
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
