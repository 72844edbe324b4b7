"""Runs every benchmark of this folder: a table of each, and var/bench/NAME.json."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from cloudlab.progress import console
from cloudlab.workspace import REPOSITORY

import bench

for found in pkgutil.iter_modules(bench.__path__):
    if found.name == "__main__":
        continue
    module = import_module(f"bench.{found.name}")
    if hasattr(module, "run"):
        comparison = module.run()
        path = REPOSITORY / "var" / "bench" / f"{found.name}.json"
        comparison.write(path)
        comparison.show(console)
        console.print(f"written: {path}")
