"""Runs the benchmarks of this folder: a table of each, and var/bench/NAME.json.

BENCH names the one to run; without, all are.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module

from cloudlab.progress import console
from cloudlab.workspace import REPOSITORY

import bench

modules = [
    import_module(f"bench.{found.name}")
    for found in pkgutil.iter_modules(bench.__path__)
    if found.name != "__main__"
]
benchmarks = {
    each.__name__.removeprefix("bench."): each for each in modules if hasattr(each, "run")
}
chosen = os.environ.get("BENCH")
if chosen and chosen not in benchmarks:
    sys.exit(f"BENCH={chosen}: no such benchmark -> choose of {', '.join(benchmarks)}")
for name in [chosen] if chosen else benchmarks:
    comparison = benchmarks[name].run()
    path = REPOSITORY / "var" / "bench" / f"{name}.json"
    comparison.write(path)
    comparison.show(console)
    console.print(f"written: {path}")
