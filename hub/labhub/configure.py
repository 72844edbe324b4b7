"""JupyterHub's configuration from our settings, one concern per function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from courseware.hub_settings import HubSettings, SwarmSettings
from tornado.httpserver import HTTPServer

from . import limits, proxy
from .accounts import Accounts
from .auth import RosterAuthenticator
from .grades_page import GradesFile, GradesHandler
from .labs_page import LabsHandler, LabsPage
from .organisers import Forms, Organisers
from .progress_page import Progress, ProgressHandler
from .roles import LAB, LIFECYCLE, roles
from .spawner import LabSpawner
from .swarm import SwarmLabSpawner


def configure_all(c: Any, settings: HubSettings, hub_json: Path, templates: Path) -> None:
    """Fill in traitlets' `c`; `hub_json` is the settings' file. Raises UserError."""
    accounts = Accounts(settings.users)
    configure_hub(c, settings)
    configure_tls(c, settings)
    configure_proxy(c, settings)
    configure_accounts(c, settings, accounts)
    configure_labs(c, settings)
    configure_grader(c, settings, hub_json)
    configure_pages(c, settings, accounts, templates)
    configure_progress(c, settings)
    configure_grades(c, settings, accounts)
    configure_lifecycle(c, settings, accounts, hub_json)
    if settings.swarm:
        configure_swarm(c, settings, settings.swarm)


def configure_hub(c: Any, settings: HubSettings) -> None:
    """The hub's own process: addresses, state, what a restart leaves alone."""
    hub = c.JupyterHub
    hub.bind_url = f"http://{settings.public.ip}:{settings.public.port}/"
    hub.hub_ip = str(settings.hub.ip)
    hub.hub_port = settings.hub.port
    hub.db_url = f"sqlite:///{settings.state}/jupyterhub.sqlite"
    hub.upgrade_db = True  # if it is an older JupyterHub's; a copy of it is kept beside
    hub.cookie_secret_file = f"{settings.state}/cookie_secret"
    # Labs go on while the hub restarts.
    hub.cleanup_servers = False
    hub.cleanup_proxy = False
    # Of pages and the API's answers; static files are cached as before.
    hub.tornado_settings = {
        "headers": {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
    }
    # JupyterHub has no settings for its server's limits; tornado keeps defaults for all servers.
    HTTPServer.configure(None, **limits.HTTP_SERVER)


def configure_tls(c: Any, settings: HubSettings) -> None:
    """What changes if a server in front of our proxy speaks TLS: a request doesn't show it."""
    if settings.address is None:
        return
    c.JupyterHub.public_url = settings.address  # makes cookies secure, except one
    c.JupyterHub.tornado_settings["xsrf_cookie_kwargs"] = {"secure": True}
    c.RosterAuthenticator.proxies = 2


def configure_proxy(c: Any, settings: HubSettings) -> None:
    """The proxy is a process of its own, and the site is at `/`."""
    hub = f"http://{settings.hub.ip}:{settings.hub.port}"
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.proxy_api_port}"
    c.ConfigurableHTTPProxy.auth_token = proxy.token(settings)
    # Seconds after which a restarted proxy has its routes again (the hub looks then).
    c.JupyterHub.last_activity_interval = 15
    c.JupyterHub.hub_routespec = "/hub/"
    c.Proxy.extra_routes = {
        "/": f"http://127.0.0.1:{settings.site_port}",
        # Of labs and services that don't run; who runs has a longer route of their own.
        "/user/": hub,
        "/services/": hub,
    }


def configure_accounts(c: Any, settings: HubSettings, accounts: Accounts) -> None:
    """Who may come in, and with which rights."""
    c.JupyterHub.authenticator_class = RosterAuthenticator
    c.RosterAuthenticator.users_file = str(settings.users)
    # Known from the start, so that organisers see everybody; who left the roster is forgotten.
    c.RosterAuthenticator.allowed_users = set(accounts.all())
    c.RosterAuthenticator.delete_invalid_users = True
    c.JupyterHub.load_roles = roles(accounts)
    c.JupyterHub.cookie_max_age_days = 7
    c.JupyterHub.shutdown_on_logout = False


def configure_labs(c: Any, settings: HubSettings) -> None:
    """What a lab is and what it may use."""
    c.JupyterHub.spawner_class = LabSpawner
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.redirect_to_server = True
    c.JupyterHub.active_server_limit = settings.capacity
    c.JupyterHub.concurrent_spawn_limit = 0  # LabSpawner lets them queue instead of refusing
    lab = c.LabSpawner
    lab.prefix = settings.instance
    lab.image = settings.image
    lab.network_name = settings.network
    lab.mem_limit = settings.lab.memory_bytes
    lab.cpu_limit = settings.lab.cpus
    lab.pids_limit = settings.lab.pids
    lab.default_url = "/lab"
    lab.server_token_scopes = LAB
    lab.start_timeout = 60 + 10 * settings.capacity  # seconds, with all others ahead in the line
    lab.http_timeout = 60


def configure_grader(c: Any, settings: HubSettings, hub_json: Path) -> None:
    """The service that grades: JupyterHub starts it, and labs reach it without the proxy."""
    command = [sys.executable, "-m", "labhub.grader", str(hub_json)]
    c.JupyterHub.services.append({"name": "grader", "command": command, "display": False})
    address = settings.grader.address
    c.LabSpawner.environment = {"SYLLAB_GRADER_URL": f"http://{address.ip}:{address.port}"}


def configure_pages(c: Any, settings: HubSettings, accounts: Accounts, templates: Path) -> None:
    """Our templates, and what they show."""

    def display_name(user: Any) -> str:
        account = accounts.get(user.name) if user else None
        return account.name if account else ""

    c.JupyterHub.template_paths = [str(templates)]
    # JupyterHub calls what is callable with the user; templates escape the answer.
    c.JupyterHub.template_vars = {
        "course_title": settings.title,
        "display_name": display_name,
        "is_organiser": Organisers(accounts).has,
    }


def configure_progress(c: Any, settings: HubSettings) -> None:
    """What the website's pages of tutorials ask for, at /hub/exercises/<tutorial>."""
    progress = Progress(settings)
    # By a function: traitlets copies the values that it is given, and all requests share this one.
    handler = (r"/exercises/([^/]+)", ProgressHandler, {"shared": lambda: progress})
    c.JupyterHub.extra_handlers.append(handler)


def configure_grades(c: Any, settings: HubSettings, accounts: Accounts) -> None:
    """Everybody's grades for organisers, at /hub/grades.csv."""
    shared = GradesFile(settings, accounts), Organisers(accounts)
    handler = (r"/grades\.csv", GradesHandler, {"shared": lambda: shared})
    c.JupyterHub.extra_handlers.append(handler)


def configure_lifecycle(c: Any, settings: HubSettings, accounts: Accounts, hub_json: Path) -> None:
    """The service that starts and stops labs, and its page for organisers at /hub/labs."""
    command = [sys.executable, "-m", "labhub.lifecycle", str(hub_json)]
    c.JupyterHub.services.append({"name": "lifecycle", "command": command, "display": False})
    role = {"name": "lifecycle", "scopes": LIFECYCLE, "services": ["lifecycle"]}
    c.JupyterHub.load_roles.append(role)
    shared = LabsPage(settings, accounts), Organisers(accounts), Forms()
    c.JupyterHub.extra_handlers.append((r"/labs", LabsHandler, {"shared": lambda: shared}))


def configure_swarm(c: Any, settings: HubSettings, swarm: SwarmSettings) -> None:
    """The same labs on other machines; hub and grader are at this machine's own address."""
    c.JupyterHub.spawner_class = SwarmLabSpawner
    c.SwarmLabSpawner.merge(c.LabSpawner)
    c.SwarmLabSpawner.homes = swarm.homes
    c.SwarmLabSpawner.homes_file = f"{settings.state}/homes.json"
    c.SwarmLabSpawner.manager = str(settings.hub.ip)
