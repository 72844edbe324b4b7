"""Everybody's labs in the browser: for organisers, whose word counts, and for no page of a lab."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from courseware.hub_settings import CourseSession, Lifecycle
from hub_visitor import visiting
from labhub import labs_page
from labhub.accounts import Accounts
from labhub.configure import (
    configure_accounts,
    configure_hub,
    configure_lifecycle,
    configure_pages,
)
from labhub.lifecycle import state
from labhub.lifecycle.plan import TRIES
from labhub.lifecycle.state import Record, Wish, Wishes
from traitlets.config import Config
from unit.hub.test_templates import OURS

PAGE = "/hub/labs"
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture
def settings(settings):
    session = CourseSession(title="Lab <1>", start=SOON, end=SOON + timedelta(hours=1))
    rules = Lifecycle(sessions=[session], warm_seconds=900, idle_seconds=3600)
    settings.state.mkdir(mode=0o700)
    return settings.model_copy(update={"lifecycle": rules})


@pytest.fixture
def visitor(settings, tmp_path):
    """Somebody who isn't logged in yet, at a hub with its own handlers and ours."""
    accounts = Accounts(settings.users)
    c = Config()
    configure_hub(c, settings)
    configure_accounts(c, settings, accounts)
    configure_pages(c, settings, accounts, OURS)
    configure_lifecycle(c, settings, accounts, tmp_path / "hub.json")
    with visiting(c) as visitor:
        yield visitor


@pytest.fixture
def organiser(visitor):
    visitor.log_in("org")
    return visitor


@pytest.fixture(autouse=True)
def no_service(monkeypatch):
    """There is none in these tests: nobody waits for it."""
    monkeypatch.setattr(labs_page, "TAKEN_UP_WITHIN", 0)


def wishes(settings):
    return state.wishes(settings).read(Wishes)


def form(visitor, wish):
    """The form of the page as it is now, with one of its buttons pressed."""
    page = visitor.fetch(PAGE).body.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page))
    assert set(hidden) == {"_xsrf", "number"}
    return hidden | {"wish": wish}


def test_organisers_see_what_happens_and_what_comes(organiser, settings):
    now = datetime.now(UTC)
    failed = {"p02": TRIES, "p01": TRIES - 1}
    state.record(settings).write(Record(says="This & that.", at=now, tries=failed))
    answer = organiser.fetch(PAGE, headers={"Sec-Fetch-Dest": "document"})
    page = answer.body.decode()
    assert answer.code == 200
    assert answer.headers["Cross-Origin-Opener-Policy"] == "noopener-allow-popups"
    assert "This &amp; that." in page
    assert "Next: “Lab &lt;1&gt;”" in page
    assert (SOON - timedelta(minutes=15)).isoformat() in page
    assert re.findall(r"Name of p0\d", page) == ["Name of p02"]
    assert "could not be started" in page
    assert 'id="silent"' not in page


@pytest.mark.parametrize("last", [None, datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_service_that_does_not_work_is_said(organiser, settings, last):
    state.record(settings).write(Record(says="All is well.", at=last))
    assert b'id="silent"' in organiser.fetch(PAGE).body


@pytest.mark.parametrize(
    ("wish", "noted"), [("hold", {"hold"}), ("warm", {"warm"}), ("stop", {"stop"})]
)
def test_what_an_organiser_presses_is_noted(organiser, settings, wish, noted):
    answer = organiser.fetch(PAGE, form(organiser, wish), FORM)
    assert (answer.code, answer.headers["Location"]) == (303, PAGE)
    found = {name: each for name, each in wishes(settings) if each}
    assert set(found) == {"at", *noted}
    assert {found[name].by for name in noted} == {"org"}
    (path,) = settings.state.glob("lifecycle-*")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_hold_is_shown_until_it_is_taken_back(organiser, settings):
    organiser.fetch(PAGE, form(organiser, "hold"), FORM)
    page = organiser.fetch(PAGE).body.decode()
    assert re.search(r"On hold since .*, by <bdi>Name of org<", page)
    assert 'value="warm"' not in page
    state.record(settings).write(Record(says="On hold.", at=datetime.now(UTC)))
    organiser.fetch(PAGE, form(organiser, "go-on"), FORM)
    assert wishes(settings).hold is None
    page = organiser.fetch(PAGE).body.decode()
    assert "On hold" not in page  # what the service said before
    assert "taken up in a moment" in page


def test_what_no_button_says_is_refused(organiser, settings):
    assert organiser.fetch(PAGE, form(organiser, "x"), FORM).code == 400
    assert wishes(settings) == Wishes()


@pytest.mark.parametrize("username", ["p01", "helper1"])
def test_nobody_else_sees_or_says_anything(visitor, settings, username):
    visitor.log_in("org")
    taken = form(visitor, "hold")
    visitor.cookies.clear()
    visitor.log_in(username)
    answer = visitor.fetch(PAGE)
    assert answer.code == 403
    assert b"for organisers only" in answer.body
    taken["_xsrf"] = visitor.cookies["_xsrf"]
    assert visitor.fetch(PAGE, taken, FORM).code == 403
    assert wishes(settings) == Wishes()


def test_strangers_are_asked_to_log_in(visitor):
    answer = visitor.fetch(PAGE)
    assert answer.code == 302
    assert answer.headers["Location"] == "/hub/login?next=%2Fhub%2Flabs"


@pytest.mark.parametrize("way", ["empty", "iframe", "script", "worker"])
def test_a_page_of_a_lab_can_not_read_it(organiser, way):
    answer = organiser.fetch(PAGE, headers={"Sec-Fetch-Dest": way, "Sec-Fetch-Site": "same-origin"})
    assert answer.code == 403
    assert b'name="number"' not in answer.body


@pytest.mark.parametrize(
    "said",
    [
        {},
        {name: value for name, value in FORM.items() if name != "Sec-Fetch-Dest"},
        FORM | {"Sec-Fetch-Mode": "cors"},
        FORM | {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        FORM | {"Sec-Fetch-Dest": "iframe"},
        FORM | {"Sec-Fetch-Site": "cross-site"},
        FORM | {"Sec-Fetch-Site": "same-site"},
        FORM | {"Sec-Fetch-Site": "none"},
    ],
)
def test_only_a_form_of_the_hub_counts(organiser, settings, said):
    assert organiser.fetch(PAGE, form(organiser, "hold"), said).code == 403
    assert wishes(settings) == Wishes()


def test_a_form_that_a_page_of_a_lab_makes_up_does_not_count(organiser, settings):
    # It can read the cookie, and send a form as our page does; it has no number.
    made_up = {"_xsrf": organiser.cookies["_xsrf"], "number": "x" * 43, "wish": "hold"}
    answer = organiser.fetch(PAGE, made_up, FORM)
    assert b"Please press again" in answer.body
    assert wishes(settings) == Wishes()


def test_a_form_counts_once_and_for_whom_it_was_made(organiser, settings):
    sent = form(organiser, "hold")
    organiser.fetch(PAGE, sent, FORM)
    state.wishes(settings).write(Wishes())
    again = organiser.fetch(PAGE, sent, FORM)
    assert again.code == 200
    assert b"Please press again" in again.body
    assert wishes(settings) == Wishes()

    accounts = json.loads(settings.users.read_text())
    accounts["helper1"]["role"] = "organiser"
    settings.users.write_text(json.dumps(accounts))
    taken = form(organiser, "hold")
    organiser.cookies.clear()
    organiser.log_in("helper1")
    other = organiser.fetch(PAGE, taken | {"_xsrf": organiser.cookies["_xsrf"]}, FORM)
    assert b"Please press again" in other.body
    assert wishes(settings) == Wishes()


def test_without_the_hubs_own_token_a_form_does_not_count(organiser, settings):
    sent = form(organiser, "hold") | {"_xsrf": "x"}
    assert organiser.fetch(PAGE, sent, FORM).code == 403
    assert wishes(settings) == Wishes()


def test_a_hold_survives_other_wishes(organiser, settings):
    state.wishes(settings).write(Wishes(hold=Wish(at=datetime.now(UTC), by="other")))
    organiser.fetch(PAGE, form(organiser, "warm"), FORM)
    assert wishes(settings).hold.by == "other"


@pytest.mark.parametrize(("username", "shown"), [("org", True), ("helper1", False), ("p01", False)])
def test_only_organisers_are_shown_the_way(visitor, username, shown):
    visitor.log_in(username)
    assert (b'href="/hub/labs"' in visitor.fetch("/hub/home").body) == shown
