"""ENGINE=process: one lab as a local process, for trying a course out without root.

No isolation, one user, this machine only, no official grades. Everything else needs an engine.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from pathlib import Path

import requests
from courseware.course import Course
from courseware.errors import UserError

from cloudlab import daemon, environments, local, preflight, website
from cloudlab.progress import console, run, step
from cloudlab.workspace import REPOSITORY, Workspace, environment

IMAGES = REPOSITORY / "images"
START_TIMEOUT = 60  # seconds


def up(course: Course, workspace: Workspace, port: int) -> None:
    """Run one lab of the course on the loopback. Raises UserError when it doesn't start."""
    note = _note(workspace)
    running = daemon.find(note)
    built = environment("lab").exists()
    preflight.check(course, workspace, port, labs=1, ours=daemon.family(running), built=built)
    local.make_notebooks(course, workspace)
    website.build(course, workspace)
    with step("Lab's programs") as current:
        environments.ensure("lab", _locks(course), workspace, current)
        prepare = IMAGES / course.image.recipe / f"{course.image.recipe}_lab"
        prepared = workspace.log / "lab-prepare.log"
        if prepare.exists():
            python = environment("lab") / "bin" / "python"
            run([python, prepare], log=prepared, current=current, remedy="mend what it names")
    with step("Lab") as current:
        token_file = workspace.process / "token"
        if not running:
            _start(workspace, port, token_file)
        address = f"http://127.0.0.1:{port}"
        _await(address, workspace)
        current.outcome = address
    if prepare.exists():  # it says what the recipe misses on this machine
        console.print(prepared.read_text().rstrip(), markup=False, style="dim")
    console.print(
        "\n[yellow]This is one lab without isolation, for you alone, on this machine only; nothing "
        "is graded.[/]\n"
        f"[bold]{address}/lab?token={token_file.read_text()}[/]\n"
        f"Its files: {workspace.process / 'home'}. make down stops it."
    )


def down(workspace: Workspace) -> None:
    """Stop the lab if one runs; its files are kept."""
    if daemon.stop(_note(workspace)):
        console.print("[green]✓[/] Lab process: stopped; its files are kept")


def _locks(course: Course) -> list[Path]:
    locks = [IMAGES / "lab" / "requirements.txt"]
    recipe = IMAGES / course.image.recipe / "requirements.txt"
    locks += [recipe] if recipe.exists() else []
    return locks + ([course.folder / course.image.lock] if course.image.lock else [])


def _start(workspace: Workspace, port: int, token_file: Path) -> None:
    home = workspace.process / "home"
    home.mkdir(parents=True, exist_ok=True)
    token_file.touch(mode=0o600)
    token_file.write_text(secrets.token_urlsafe(24))
    python = environment("lab") / "bin" / "python"
    notebooks = workspace.notebooks / "student"
    subprocess.run([python, "-m", "courseware.lab.place", notebooks, home], check=False)
    config = IMAGES / "lab" / "jupyter_server_config.py"
    daemon.start(
        [str(python), "-m", "jupyterlab", f"--config={config}", "--no-browser", "--allow-root",
         "--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={home}"],
        note=_note(workspace),
        log=workspace.log / "lab.log",
        env={"JUPYTER_TOKEN": token_file.read_text(), "PATH": f"{python.parent}:/usr/bin:/bin"},
    )  # fmt: skip


def _await(address: str, workspace: Workspace) -> None:
    session = requests.Session()
    session.trust_env = False
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            if session.get(f"{address}/api", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
        if daemon.find(_note(workspace)) is None:
            break
    raise UserError(f"The lab does not answer at {address} -> see {workspace.log / 'lab.log'}")


def _note(workspace: Workspace) -> Path:
    return workspace.process / "lab.json"
