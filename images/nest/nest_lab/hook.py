"""Runs when any Python of the environment starts, so it imports almost nothing.

Put there by `nest_lab.toolchain`, which says what for.
"""

import os
import sys


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
    """Corrects modules of NESTML when they are imported."""

    def find_spec(self, name, path=None, target=None):
        """Import protocol: answers for the modules in CORRECTIONS only, with their own spec."""
        correct = CORRECTIONS.get(name)
        if correct is None:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        if spec and spec.loader:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: correct(module, execute)
        return spec


def builder(module, execute) -> None:
    """Points NESTML at this environment's nest-config, and at its cmake if there is no other.

    It would run a compiler, of 400 MB, on up to four processors, whichever of them a lab may use.
    """
    execute(module)
    from nest_lab.building import as_one_file

    module.NESTBuilder.build = as_one_file(module.NESTBuilder.build)
    options = module.NESTBuilder._default_options
    options["nest_path"] = sys.prefix
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        options["max_n_compiler_processes"] = int(os.environ["OMP_NUM_THREADS"])
    tools = os.path.join(sys.prefix, "bin")
    folders = os.environ.get("PATH", os.defpath).split(":")
    if tools not in folders:
        os.environ["PATH"] = ":".join([*folders, tools])


def frontend(module, execute) -> None:
    """Gives NESTML's frontend the `generate_nest_target` of `nest_lab.module_cache`.

    All else in it takes a second to import, and is when it is first asked for.
    """
    from nest_lab.module_cache import generate_nest_target

    def load(name):
        # Python asks any module for names like __path__; __all__ only for `import *`.
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        del module.__getattr__
        try:
            execute(module)
        except BaseException:
            module.__getattr__ = load
            raise
        finally:
            module.generate_nest_target = generate_nest_target
        return getattr(module, name)

    module.generate_nest_target = generate_nest_target
    module.__getattr__ = load


CORRECTIONS = {
    "pynestml.codegeneration.nest_builder": builder,
    "pynestml.frontend.pynestml_frontend": frontend,
}
