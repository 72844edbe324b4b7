"""Puts this package into the environment whose Python runs it, and prepares that for NEST.

    <environment>/bin/python images/nest/nest_lab

Needs no network and no root (unless the environment is root's); a second run changes nothing.
The lock file beside it, requirements.txt, must be installed before.
"""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
SITE = Path(sysconfig.get_path("purelib"))
ENTRY_POINTS = """[jupyter_serverproxy_servers]
nest-server = nest_lab.desktop:nest_server
"""


def main() -> int:
    """Copies, registers and prepares; returns the exit code."""
    shutil.copytree(
        HERE, SITE / "nest_lab", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    # The least that makes a package known to Python: its name and what it offers to others.
    info = SITE / "nest_lab-1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nest-lab\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    enable = Path(sys.prefix) / "etc" / "jupyter" / "jupyter_server_config.d" / "nest_lab.json"
    enable.parent.mkdir(parents=True, exist_ok=True)
    enable.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"nest_lab": True}}}))

    sys.path[0] = str(SITE)
    from nest_lab import desktop, toolchain

    desktop.page()  # fails here, not in the course, when NEST Desktop's page isn't as expected
    return toolchain.main()


if __name__ == "__main__":
    sys.exit(main())
