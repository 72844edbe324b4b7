"""NEST Desktop in a lab: a server extension and an entry of jupyter-server-proxy.

The extension serves NEST Desktop's files at <lab>/nest-desktop/, behind the lab's own login. The
entry puts the tile into JupyterLab's launcher and starts NEST Server, on first use, on a socket
that only this lab can open; NEST Desktop reaches it at <lab>/nest-server, behind the same login.
"""

from __future__ import annotations

import re
import secrets
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PAGE = "nest-desktop"
SERVER = "nest-server"
# jupyter-server-proxy fills in the socket's path. It gives up on an answer after 300 s, so NEST
# Server gives up on the simulation then.
_SERVE = "-m gunicorn nest.server:app --bind unix:{unix_socket} --timeout 300 --log-level warning"

# NEST Server obeys only who knows this, which is the page: a login cookie alone would let any page
# that the participant's browser shows, such as another participant's lab, run code here.
_TOKEN = secrets.token_urlsafe(32)

# Tells NEST Desktop where its server is, before it starts: the lab that the page came from. It
# keeps the address in the browser under this name, and would otherwise go on using the one of
# another lab that was opened in the same browser.
_TELL = f"""<script>
localStorage.setItem("nest-backend-store", JSON.stringify({{state: {{
  enabled: true, loadedFromAssets: true,
  url: location.origin + location.pathname.replace(/\\/{PAGE}\\/.*$/, "/{SERVER}/")}}}}));
sessionStorage.setItem("nest-backend-store", JSON.stringify({{state: {{
  accessToken: "{_TOKEN}"}}}}));
</script>"""

# Cut from the page: fonts from outside; the service worker and the manifest that make it an
# installable application (it would outlive the lab's image in the browser).
_CUT = [
    r'<link [^>]*href="https://fonts\.[^>]*>',
    r'<link rel="manifest"[^>]*>',
    r'<script [^>]*src="\./registerSW\.js"></script>',
]

# Whatever else the page tries (its scripts ask for the same fonts again), the browser loads from
# the lab only. The rest is what Vue and Plotly need.
_OWN_ONLY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'none'"
)


def app_folder() -> Path:
    """The folder of NEST Desktop's files; raises LookupError when it isn't installed."""
    spec = find_spec("nest_desktop")
    if spec is None or spec.origin is None:
        raise LookupError("nest-desktop is not installed")
    return Path(spec.origin).parent / "app"


@cache
def page() -> str:
    """NEST Desktop's page for a lab. Raises ValueError when it isn't the page that we know."""
    html = (app_folder() / "index.html").read_text(encoding="utf-8")
    for pattern in _CUT:
        html, found = re.subn(pattern, "", html)
        if not found:
            raise ValueError(f"NEST Desktop's page has no {pattern}: adapt nest_lab.desktop")
    html, found = re.subn("<head>", lambda head: head[0] + _TELL, html, count=1)
    if not found or re.search(r'(?:src|href)="(?:https?:)?//', html):
        raise ValueError("NEST Desktop's page would load something from outside")
    return html


def nest_server() -> dict[str, Any]:
    """Entry of jupyter-server-proxy (entry point "jupyter_serverproxy_servers")."""
    return {
        "command": [sys.executable, *_SERVE.split()],
        "unix_socket": True,
        "timeout": 60,
        "environment": {
            "NEST_SERVER_ACCESS_TOKEN": _TOKEN,
            # NEST Desktop sends scripts that use these names. NEST Server restricts them, which
            # is no wall: whoever may send one may also open a terminal in the same lab.
            "NEST_SERVER_ENABLE_EXEC_CALL": "1",
            "NEST_SERVER_MODULES": "import nest; import numpy; import numpy as np",
        },
        "launcher_entry": {  # among the notebooks, the only place where JupyterLab shows the icon
            "title": "NEST Desktop",
            "path_info": f"{PAGE}/",
            "icon_path": str(Path(__file__).parent / "nest-desktop.svg"),
        },
    }


def _load_jupyter_server_extension(server: Any) -> None:
    """Adds NEST Desktop's pages to a Jupyter Server (called by it)."""
    from jupyter_server.auth.decorator import allow_unauthenticated
    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.utils import url_path_join
    from tornado import web

    class Page(JupyterHandler):
        @property
        def content_security_policy(self) -> str:
            return _OWN_ONLY

        @web.authenticated
        def get(self) -> None:
            if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
                raise web.HTTPError(403, "to be opened, not to be read by another page's script")
            self.set_header("Cache-Control", "no-store")
            self.finish(page())

    class File(web.StaticFileHandler):
        @allow_unauthenticated  # NEST Desktop as it is published: nothing of the participant's
        async def get(self, path: str, include_body: bool = True) -> None:
            await super().get(path, include_body)

    root = url_path_join(server.base_url, PAGE)
    server.web_app.add_handlers(
        ".*$",
        [
            (root, web.RedirectHandler, {"url": root + "/"}),
            (root + "/(?:index.html)?", Page),
            (root + "/(.*)", File, {"path": str(app_folder())}),
        ],
    )
