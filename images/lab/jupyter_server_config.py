"""Settings of JupyterLab in a lab, read by Jupyter from <environment>/etc/jupyter."""

import os
from datetime import UTC, datetime

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.paths import jupyter_path
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import default

c = get_config()  # noqa: F821 (Jupyter provides it)

# An extension that a lab doesn't use and that costs start time and memory.
c.ServerApp.jpserver_extensions = {"notebook_shim": False}
# Nothing is fetched from outside: no news, no look for updates, no extension catalogue.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
# A trash folder would silently fill the participant's disk space.
c.FileContentsManager.delete_to_trash = False
c.ServerApp.open_browser = False


class BusyIsActive(AsyncMappingKernelManager):
    """Tells the hub, which stops idle labs, that one in which something is computed isn't idle.

    Jupyter itself counts what a kernel says: a long computation is silent.
    """

    @property
    def last_kernel_activity(self):
        """When a kernel said something last, or now while one computes."""
        kernels = self._kernels.values()
        busy = any(getattr(kernel, "execution_state", "") == "busy" for kernel in kernels)
        return datetime.now(UTC) if busy else self._said

    @last_kernel_activity.setter
    def last_kernel_activity(self, moment):
        self._said = moment


class WithoutIPythons(KernelSpecManager):
    """Looks for kernels where Jupyter does, but not in the folder of IPython's own.

    To know that folder, the server would import all of IPython at the first visit.
    """

    @default("kernel_dirs")
    def _of_jupyter(self):
        return jupyter_path("kernels")


c.ServerApp.kernel_manager_class = BusyIsActive
c.ServerApp.kernel_spec_manager_class = WithoutIPythons

if not os.environ.get("JUPYTERHUB_API_TOKEN"):
    c.ServerApp.ip = "0.0.0.0"  # noqa: S104 (in a container; its user chooses what to publish)
    c.ServerApp.port = 7003
    c.ServerApp.port_retries = 0
    c.ServerApp.custom_display_url = "http://127.0.0.1:7003"
    # Taken out of the environment, so that kernels and terminals don't inherit it. JUPYTER_TOKEN
    # is read by Jupyter itself. Empty means not given.
    password = os.environ.pop("PASSWORD", "")
    if password:
        from jupyter_server.auth import passwd

        c.PasswordIdentityProvider.hashed_password = passwd(password)
