"""Starts a lab: places the course's notebooks, then runs JupyterLab.

Under a hub (JUPYTERHUB_API_TOKEN is set) it is the participant's single-user server, configured
by the variables that JupyterHub passes. Otherwise it is a JupyterLab on its own on port 7003,
with JUPYTER_TOKEN or PASSWORD of the user's choosing, or a random token that it prints.
Everything else about the server stands in jupyter_server_config.py.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback

from syllab_lab import lean


def main() -> None:
    """Runs the server until it is stopped."""
    place_notebooks()
    gc.disable()  # nothing that is imported is garbage
    lean.do_without()
    if os.environ.get("JUPYTERHUB_API_TOKEN"):
        lean.do_without_hub_side()
        from jupyterhub.singleuser.extension import main as serve
    else:
        from jupyterlab.labapp import main as serve
    from tornado.ioloop import IOLoop

    lean.trust_schemas()
    IOLoop.current().add_callback(settle)
    sys.exit(serve())


def place_notebooks() -> None:
    """Puts the course's notebooks into the home; the lab starts even if that fails."""
    try:
        from courseware.lab import place

        place.main([])
    except Exception:
        traceback.print_exc()
        print("lab: notebooks were not placed; starting without", file=sys.stderr)


def settle() -> None:
    """Looks for garbage from now on, but not among what stays until the end."""
    gc.freeze()
    gc.enable()
