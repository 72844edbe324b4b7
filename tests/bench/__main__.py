"""Runs every benchmark of this folder: a table of each, and var/bench/NAME.json."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from cloudlab.progress import console
from cloudlab.workspace import REPOSITORY

import bench

for module in pkgutil.iter_modules(bench.__path__):
    if module.name != "__main__":
        comparison = import_module(f"bench.{module.name}").run()
        path = REPOSITORY / "var" / "bench" / f"{module.name}.json"
        comparison.write(path)
        comparison.show(console)
        console.print(f"written: {path}")
