"""The hub behind a server that speaks TLS for it, as far as browsers notice."""

import pytest
from hub_visitor import visiting
from labhub.accounts import Accounts
from labhub.configure import configure_accounts, configure_hub, configure_pages, configure_tls
from labhub.throttle import Failures
from pydantic import ValidationError
from traitlets.config import Config
from unit.hub.test_templates import OURS

ADDRESS = "https://course.example/"


def configured(settings):
    c = Config()
    accounts = Accounts(settings.users)
    configure_hub(c, settings)
    configure_tls(c, settings)
    configure_accounts(c, settings, accounts)
    configure_pages(c, settings, accounts, OURS)
    return c


@pytest.fixture
def secured(settings):
    return settings.model_copy(update={"address": ADDRESS})


def cookies(answer):
    return answer.headers.get_list("Set-Cookie")


def test_cookies_never_travel_without_tls(secured):
    with visiting(configured(secured)) as visitor:
        before, after = visitor.fetch("/hub/login"), visitor.log_in("p01")
    assert after.code == 302
    assert len(cookies(before)) >= 1
    assert len(cookies(after)) >= 2
    assert [each for each in cookies(before) + cookies(after) if "secure" not in each.lower()] == []


def test_without_tls_they_do(settings):
    with visiting(configured(settings)) as visitor:
        assert not any("secure" in each.lower() for each in cookies(visitor.fetch("/hub/login")))


def test_links_into_labs_lead_to_the_address_of_browsers(secured):
    with visiting(configured(secured)) as visitor:
        answer = visitor.fetch("/user/p01/lab", headers={"Host": "127.0.0.1:8000"})
    assert answer.headers["Location"] == f"{ADDRESS}hub/user/p01/lab"


@pytest.mark.parametrize("tls", [True, False])
def test_guessers_are_told_apart_by_their_own_address(settings, secured, tls, monkeypatch):
    guesses = []
    monkeypatch.setattr(Failures, "add", lambda _, *who: guesses.append(who) or 1)
    # The server that speaks TLS notes the visitor, our proxy that server; the rest is made up.
    hops = ["192.0.2.1", "203.0.113.9", "127.0.0.1"] if tls else ["192.0.2.1", "203.0.113.9"]
    with visiting(configured(secured if tls else settings)) as visitor:
        visitor.fetch("/hub/login")
        form = {"username": "p01", "password": "no", "_xsrf": visitor.cookies["_xsrf"]}
        answer = visitor.fetch("/hub/login", form, {"X-Forwarded-For": ", ".join(hops)})
    assert answer.code == 403
    assert guesses == [("p01", "203.0.113.9")]


@pytest.mark.parametrize("address", ["http://course.example/", "https://course.example", "x"])
def test_only_the_address_of_a_whole_server_will_do(settings, address):
    with pytest.raises(ValidationError, match="address"):
        type(settings).model_validate(settings.model_dump() | {"address": address})
