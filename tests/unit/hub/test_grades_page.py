"""The grades of everybody in the browser: for organisers, and to be saved."""

import asyncio
import json
import threading

import pytest
from hub_visitor import visiting
from labhub import grades_page
from labhub.accounts import Accounts
from labhub.configure import (
    configure_accounts,
    configure_grades,
    configure_hub,
    configure_pages,
)
from traitlets.config import Config
from unit.hub.test_grades_export import make_release
from unit.hub.test_templates import OURS

FILE = "/hub/grades.csv"


@pytest.fixture
def visitor(settings, tmp_path):
    """Somebody who isn't logged in yet, at a hub with its own handlers and ours."""
    make_release(tmp_path / "graded", settings.image)
    settings = settings.model_copy(update={"release": tmp_path / "graded"})
    accounts = Accounts(settings.users)
    c = Config()
    configure_hub(c, settings)
    configure_accounts(c, settings, accounts)
    configure_pages(c, settings, accounts, OURS)
    configure_grades(c, settings, accounts)
    with visiting(c) as visitor:
        yield visitor


def test_organisers_save_the_table(visitor):
    visitor.log_in("org")
    answer = visitor.fetch(FILE, headers={"Sec-Fetch-Dest": "document"})
    assert answer.code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="grades.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body.decode("utf-8-sig").split("\r\n")[:2] == [
        "username,name,total (of 2),intro (of 2),intro/one (of 2)",
        "p01,Name of p01,0,,",
    ]


@pytest.mark.parametrize("username", ["p01", "helper1"])
def test_nobody_else_gets_it(visitor, username):
    visitor.log_in(username)
    answer = visitor.fetch(FILE)
    assert answer.code == 403
    assert b"for organisers only" in answer.body
    assert b"Name of p02" not in answer.body


def test_strangers_are_asked_to_log_in(visitor):
    answer = visitor.fetch(FILE)
    assert answer.code == 302
    assert answer.headers["Location"] == "/hub/login?next=%2Fhub%2Fgrades.csv"


@pytest.mark.parametrize("way", ["empty", "iframe", "script", "worker"])
def test_a_page_of_a_lab_can_not_read_it(visitor, way):
    visitor.log_in("org")
    answer = visitor.fetch(FILE, headers={"Sec-Fetch-Dest": way, "Sec-Fetch-Site": "same-origin"})
    assert answer.code == 403
    assert b"Name of p01" not in answer.body


def test_an_organiser_who_is_none_any_more_gets_it_no_more(visitor, settings):
    visitor.log_in("org")
    accounts = json.loads(settings.users.read_text())
    accounts["org"]["role"] = "helper"
    settings.users.write_text(json.dumps(accounts))
    assert visitor.fetch(FILE).code == 403


@pytest.mark.parametrize(("username", "shown"), [("org", True), ("helper1", False), ("p01", False)])
def test_only_organisers_are_shown_the_way(visitor, username, shown):
    visitor.log_in(username)
    assert (b'href="/hub/grades.csv"' in visitor.fetch("/hub/home").body) == shown


def test_without_a_database_the_reason_is_said(visitor, tmp_path):
    (tmp_path / "grades.sqlite").mkdir()
    visitor.log_in("org")
    answer = visitor.fetch(FILE)
    assert answer.code == 503
    assert b"The gradebook can&#39;t be read" in answer.body
    (tmp_path / "grades.sqlite").rmdir()
    assert visitor.fetch(FILE).code == 200


def test_the_hub_answers_while_the_gradebook_is_read(visitor, monkeypatch):
    go_on, table = threading.Event(), grades_page.table

    def slowly(*arguments):
        assert go_on.wait(30)
        return table(*arguments)

    monkeypatch.setattr(grades_page, "table", slowly)
    visitor.log_in("org")

    async def ask():
        waiting = asyncio.ensure_future(visitor.ask(FILE))
        try:
            assert (await visitor.ask("/hub/home")).code == 200
            return waiting.done()
        finally:
            go_on.set()
            assert (await waiting).code == 200

    assert visitor.run(ask()) is False
