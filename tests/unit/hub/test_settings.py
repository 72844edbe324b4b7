import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import labhub
import pytest
from courseware.errors import UserError
from labhub import proxy, tokens
from labhub.configure import configure_all
from labhub.settings import check_release, from_environment
from traitlets.config import Config

CONFIG = Path(labhub.__file__).parent.parent / "jupyterhub_config.py"


def hub(settings_path):
    """What the hub says when it is started with these settings and has to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)],
        env=os.environ | {"SYLLAB_HUB_JSON": str(settings_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_fitting_release_is_accepted(settings):
    check_release(settings)


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        (json.dumps({"image": {"id": "sha256:" + "b" * 64}}), "made with image sha256:bbb"),
        ("{}", "image.id: not found"),
        ("[", "image.id: not found"),
        (None, "can't be read"),
    ],
)
def test_another_release_is_refused(settings, manifest, named):
    path = settings.release / "manifest.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    with pytest.raises(UserError, match=named) as error:
        check_release(settings)
    assert str(path) in str(error.value)


def test_the_hub_refuses_with_one_message(settings, tmp_path):
    (settings.release / "manifest.json").write_text(json.dumps({"image": {"id": "sha256:bb"}}))
    settings.write(tmp_path / "hub.json")
    ended = hub(tmp_path / "hub.json")
    assert ended.returncode == 1
    assert ended.stderr.strip().count("\n") == 0
    assert "the release was made with image sha256:bb" in ended.stderr


def test_the_variable_must_be_set(monkeypatch):
    monkeypatch.delenv("SYLLAB_HUB_JSON", raising=False)
    with pytest.raises(UserError, match="SYLLAB_HUB_JSON"):
        from_environment()


def test_the_whole_configuration(settings, tmp_path):
    c = Config()
    configure_all(c, settings, tmp_path / "hub.json", tmp_path)
    assert c.JupyterHub.hub_routespec == "/hub/"
    assert set(c.Proxy.extra_routes) == {"/", "/user/", "/services/"}
    assert c.ConfigurableHTTPProxy.auth_token == proxy.token(settings)
    assert c.LabSpawner.image == settings.image
    assert c.JupyterHub.cleanup_servers is False
    assert c.RosterAuthenticator.allowed_users == {"p01", "p02", "helper1", "org"}

    class User:
        name = "p01"

    display_name = c.JupyterHub.template_vars["display_name"]
    assert display_name(User) == "Name of p01"
    assert display_name(None) == ""


def test_the_token_is_private_and_the_same_for_all(tmp_path):
    path = tmp_path / "state" / "token"
    answers = []
    racers = [
        threading.Thread(target=lambda: answers.append(tokens.shared(path))) for _ in range(8)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert len(answers[0]) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["token"]
