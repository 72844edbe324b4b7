"""This machine: root, Debian's packages, memory."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psutil
from courseware.errors import UserError

from cloudlab.progress import Step, console, run


def become_root() -> None:
    """Continue this very command as root through sudo; return at once if it is root already.

    The engine, the labs' network and its firewall need root. Raises UserError where neither
    root nor sudo is at hand.
    """
    if os.geteuid() == 0:
        return
    if shutil.which("sudo") is None:
        raise UserError(
            "This needs root (it manages the container engine and the labs' firewall), and there "
            "is no sudo here.\n"
            "-> run it as root, or try the course without an engine: make up ENGINE=process\n"
            "   (one user, this machine only, no isolation)"
        )
    console.print("Root is needed for the container engine and the labs' firewall: using sudo.")
    # The package clients' settings (proxy, private CA) are in the environment: keep it.
    command = ["sudo", "--preserve-env", sys.executable, "-m", "cloudlab.cli", *sys.argv[1:]]
    os.execvp("sudo", command)  # noqa: S606 - no shell wanted


def hand_over(path: Path) -> None:
    """Give a file or folder to the organiser who came by sudo; a root without sudo keeps it."""
    if os.geteuid() == 0 and "SUDO_UID" in os.environ:
        for each in [path, *path.rglob("*")]:
            os.chown(
                each,
                int(os.environ["SUDO_UID"]),
                int(os.environ["SUDO_GID"]),
                follow_symlinks=False,
            )


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def has_systemd() -> bool:
    """True when systemd runs this machine (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def apt_install(packages: list[str], *, log: Path, current: Step) -> None:
    """Install Debian packages. Raises UserError when apt-get fails."""
    if shutil.which("apt-get") is None:
        raise UserError(f"Not a Debian machine -> install these yourself: {' '.join(packages)}")
    console.print(f"  installing on this machine, with apt-get: {' '.join(packages)}")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    remedy = "is a Debian mirror reachable? apt reads /etc/apt and http_proxy"
    run(["apt-get", "update"], log=log, current=current, remedy=remedy, env=env)
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    run(command, log=log, current=current, remedy=remedy, env=env)


def memory_bytes() -> int:
    """The machine's memory, in bytes."""
    return psutil.virtual_memory().total
