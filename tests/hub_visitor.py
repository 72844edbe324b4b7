"""A browser without a window, at a hub that runs in the test's own process."""

import re
from contextlib import contextmanager
from urllib.parse import urlencode

from jupyterhub.app import JupyterHub
from tornado.testing import AsyncHTTPTestCase


class Visitor:
    """A browser with its cookies at a hub."""

    def __init__(self, case):
        self.case, self.cookies = case, {}

    async def ask(self, path, form=None, headers=()):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        how = {"method": "POST", "body": urlencode(form)} if form else {}
        answer = await self.case.http_client.fetch(
            self.case.get_url(path), headers={"Cookie": cookies, **dict(headers)},
            follow_redirects=False, raise_error=False, **how,
        )  # fmt: skip
        for line in answer.headers.get_list("Set-Cookie"):
            name, value = re.match(r'([^=]+)="?([^";]*)', line).groups()
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer

    def fetch(self, path, form=None, headers=()):
        return self.run(self.ask(path, form, headers))

    def run(self, awaitable):
        async def run():
            return await awaitable

        return self.case.io_loop.run_sync(run)

    def log_in(self, username):
        self.fetch("/hub/login")
        form = {"username": username, "password": f"words of {username}"}
        return self.fetch("/hub/login?next=/hub/home", form | {"_xsrf": self.cookies["_xsrf"]})


@contextmanager
def visiting(c):
    """Somebody who isn't logged in yet, at a hub of that configuration in this process."""
    c.JupyterHub.update(db_url="sqlite:///:memory:", cookie_secret=b"x" * 32, log_level="CRITICAL")
    c.JupyterHub.cookie_secret_file = ""

    class Case(AsyncHTTPTestCase):
        def get_app(self):
            hub = JupyterHub(config=c)
            self.io_loop.run_sync(lambda: hub.initialize([]))
            return hub.tornado_application

        def runTest(self):
            """Needed by unittest."""

    case = Case()
    case.setUp()
    try:
        yield Visitor(case)
    finally:
        case.tearDown()
