"""Runs when any Python of the environment starts, so it imports almost nothing.

Put there by `nest_lab.toolchain`, which says what for.
"""

import os
import sys

BUILDER = "pynestml.codegeneration.nest_builder"


def start(version: str) -> None:
    """Settles where the user's compiled models are, for NEST `version`, and watches for NESTML.

    NEST_MODULES names the folder; models of another NEST lie elsewhere, since they would crash
    this one. libltdl, NEST's loader, reads LTDL_LIBRARY_PATH at each `nest.Install`.
    """
    own = os.path.expanduser(f"~/.local/share/nest-modules/{version}")
    modules = os.path.join(os.environ.setdefault("NEST_MODULES", own), "lib", "nest")
    known = os.environ.get("LTDL_LIBRARY_PATH", "")
    if modules not in known.split(":"):
        os.environ["LTDL_LIBRARY_PATH"] = f"{modules}:{known}" if known else modules
    sys.meta_path.insert(0, WhenImported())


class WhenImported:
    """Corrects NESTML's builder right after it is imported."""

    def find_spec(self, name, path=None, target=None):
        """Import protocol: answers for NESTML's builder only, with its own spec."""
        if name != BUILDER:
            return None
        sys.meta_path.remove(self)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def execute_and_correct(module):
                execute(module)
                correct(module)

            spec.loader.exec_module = execute_and_correct
        return spec


def correct(builder) -> None:
    """Points NESTML at this environment's nest-config, and at its cmake if there is no other."""
    builder.NESTBuilder._default_options["nest_path"] = sys.prefix
    tools = os.path.join(sys.prefix, "bin")
    folders = os.environ.get("PATH", os.defpath).split(":")
    if tools not in folders:
        os.environ["PATH"] = ":".join([*folders, tools])
