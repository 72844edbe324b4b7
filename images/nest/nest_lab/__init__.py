"""What makes NEST's packages from PyPI work as one in a lab: NESTML's compiler, NEST Desktop."""

from __future__ import annotations


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Names the module that Jupyter Server loads (see `nest_lab.desktop`)."""
    return [{"module": "nest_lab.desktop"}]
