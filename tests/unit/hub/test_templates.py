"""Our templates over JupyterHub's own, with the names that people do have."""

from pathlib import Path
from types import SimpleNamespace

import labhub
import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyterhub._data import DATA_FILES_PATH

OURS = Path(labhub.__file__).parent.parent / "templates"
NAME = "<'&\"> 学生"


@pytest.fixture
def render():
    theirs = FileSystemLoader(f"{DATA_FILES_PATH}/templates")
    # As JupyterHub sets it up: our files first, its own also under "templates/".
    loader = ChoiceLoader([PrefixLoader({"templates": theirs}), FileSystemLoader(OURS), theirs])
    environment = Environment(loader=loader, autoescape=True)

    def render(name, **values):
        user = SimpleNamespace(name="p01", json_escaped_name="p01")
        basic = {
            "static_url": lambda path, **_: f"/hub/static/{path}",
            "base_url": "/hub/",
            "course_title": "Course <1>",
            "display_name": NAME,
            "user": user,
            "parsed_scopes": {},
            "services": [],
            "default_server": SimpleNamespace(active=False),
            "no_spawner_check": True,
            "progress_url": "/hub/api/users/p01/server/progress",
        }
        return environment.get_template(name).render(basic | values)

    return render


@pytest.mark.parametrize("name", ["home.html", "spawn_pending.html"])
def test_names_are_escaped(render, name):
    page = render(name)
    assert NAME not in page
    assert "&lt;&#39;&amp;&#34;&gt; 学生" in page
    assert "Course &lt;1&gt;" in page


@pytest.mark.parametrize("name", sorted(path.name for path in OURS.glob("*.html")))
def test_every_page_has_a_way_back_and_asks_nobody_else(render, name):
    page = render(name, status_code=404, spawn_url="/hub/spawn")
    assert '<a href="/"' in page
    for attribute in ('src="http', "src='http", 'href="http', 'src="//', 'href="//'):
        assert attribute not in page


def test_the_login_form(render):
    page = render("login.html", user=None, login_error="No.", username="<p01>", xsrf="token")
    assert 'for="username_input">Username (on your card)</label>' in page
    assert 'for="password_input">Passphrase</label>' in page
    assert 'role="alert" id="login-error">No.</p>' in page
    assert 'value="&lt;p01&gt;"' in page
    assert '<input type="hidden" name="_xsrf" value="token">' in page


def test_why_a_lab_did_not_start_is_shown(render):
    page = render("not_running.html", failed=True, failed_message="No engine.", spawn_url="/x")
    assert "No engine." in page
    assert "Try again" in page


def test_only_who_may_see_it_gets_the_list(render):
    assert "/hub/admin" not in render("home.html")
    assert "/hub/admin" in render("home.html", parsed_scopes={"admin-ui": {}})
