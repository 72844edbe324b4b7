"""Keeps out of a lab's process what its server imports and doesn't use.

The hub's side of JupyterHub alone doubles the start's processor time; of what is left, the rest
is a third, and a quarter of an idle lab's memory. Kernels, terminals and commands are not touched.

A newer version that comes to use something of this ends with an error that names it, and
tests/integration/test_lab_start.py holds what a lab imports to a list.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


def do_without() -> None:
    """For any JupyterLab. To be called before anything of Jupyter is imported."""
    # Extensions come with the image: no catalogue of PyPI's (extension_manager is "readonly").
    _stub("jupyterlab.extensions.pypi", "PyPIExtensionManager")
    _postpone("requests")  # for lists of extensions that are blocked or allowed: there are none
    _postpone("websocket")  # for a kernel gateway
    _postpone("aiohttp")  # for jupyter-server-proxy, when somebody first uses what it leads to


def do_without_hub_side() -> None:
    """For a single-user server, of whose package most is the hub's: database, handlers, metrics."""
    from jupyter_server.log import log_request  # hides tokens as JupyterHub's own does

    from syllab_lab.hub_client import fetch

    _stub("jupyterhub.httpclient", fetch=fetch)
    _stub("jupyterhub.log", log_request=log_request)
    _stub("jupyterhub.orm")
    _stub("jupyterhub.roles")
    _stub("jupyterhub.singleuser.mixins", "HubAuthenticatedHandler", "make_singleuser_app")
    _stub("sqlalchemy")
    _stub("sqlalchemy.exc", SQLAlchemyError=type("SQLAlchemyError", (Exception,), {}))


def trust_schemas() -> None:
    """Lets JupyterLab take the schemas of its settings as they are.

    It checks all seventy at each visit, 33 of the 41 ms of processor time that their list took;
    they come with the image. What a participant sets is checked against them as before.
    """
    from jsonschema.validators import extend
    from jupyterlab_server import settings_utils

    trusting: Any = extend(settings_utils.Validator)
    trusting.check_schema = lambda schema: None
    settings_utils.Validator = trusting


class Unused:
    """Stands for what is imported by name and never used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Raises RuntimeError, as any use does."""
        raise RuntimeError(f"{self._name} is used, but left out of labs: see syllab_lab/lean.py")

    def __getattr__(self, attribute: str) -> Any:
        return self()


def _stub(name: str, *unused: str, **names: object) -> None:
    """Puts a module into the place of another that has not been imported yet."""
    if name in sys.modules:
        raise RuntimeError(f"{name} is imported already: see syllab_lab/lean.py")
    module = ModuleType(name)
    module.__dict__.update({each: Unused(f"{name}.{each}") for each in unused})
    module.__dict__.update(names, __path__=[])
    sys.modules[name] = module


def _postpone(name: str) -> None:
    """Lets `import NAME` do nothing until something of the module is first used.

    Not with importlib's LazyLoader: in Python 3.11 the import itself counts as a use.
    """
    module = ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__") and attribute != "__path__":
            raise AttributeError(attribute)  # Python asks any module for such
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    module.__dict__["__getattr__"] = load
    sys.modules[name] = module
