"""What the website learns of a participant's exercises, from a real hub's pages and gradebook."""

import asyncio
import json
import threading

import nbformat
import pytest
from courseware.hub_settings import Grading
from hub_visitor import visiting
from labhub import progress_page
from labhub.accounts import Accounts
from labhub.auth import LOGGED_IN
from labhub.configure import configure_accounts, configure_hub, configure_pages, configure_progress
from labhub.grader.gradebook import Gradebook, Submission
from labhub.grader.tables import Outcome
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

CHECKS = """\
@exercise("two", points=2)
def test_two(lab):
    pass

@exercise("one")
def test_one(lab):
    pass
"""
ASK = "/hub/exercises/intro"


def cell(name):
    return new_code_cell(
        f"{name} = None", id=f"{name}-exercise",
        metadata={"tags": ["exercise"], "syllab": {"exercise": name}},
    )  # fmt: skip


@pytest.fixture
def graded(settings, tmp_path):
    """The settings with a release that has two exercises, and an empty gradebook."""
    release = tmp_path / "graded"
    for folder in ("student", "checks"):
        (release / "notebooks" / folder).mkdir(parents=True)
    notebook = new_notebook(cells=[cell("one"), cell("two")])
    nbformat.write(notebook, release / "notebooks" / "student" / "intro.ipynb")
    (release / "notebooks" / "checks" / "test_intro.py").write_text(CHECKS)
    manifest = {"image": {"id": settings.image}, "tutorials": ["intro"]}
    (release / "manifest.json").write_text(json.dumps(manifest))
    database = f"sqlite:///{tmp_path}/grades.sqlite"
    grader = settings.grader.model_copy(update={"database": database})
    update = {"release": release, "grader": grader, "grading": Grading()}
    return settings.model_copy(update=update)


@pytest.fixture
def submit(graded):
    """Puts an attempt into the gradebook, with its points unless it waits."""
    book = Gradebook(graded.grader.database)

    def submit(participant, exercise, points=None):
        attempt = book.add(Submission(participant, "intro", exercise, {}, f"{exercise}{points}"), 1)
        [job] = [each.job for each in book.waiting() if each.attempt == attempt]
        if points is not None:
            outcome = Outcome(
                job_id=job, graded=2, checks="", image="", seed=1, points=points, maximum=2,
                failed="", broken="",
            )  # fmt: skip
            assert book.record(outcome)

    return submit


@pytest.fixture
def visitor(graded, tmp_path):
    """Somebody who isn't logged in yet, at a hub with its own handlers and ours."""
    c = Config()
    configure_hub(c, graded)
    configure_accounts(c, graded, Accounts(graded.users))
    configure_pages(c, graded, Accounts(graded.users), tmp_path)
    configure_progress(c, graded)
    with visiting(c) as visitor:
        yield visitor


def row(exercise, points, maximum, attempts=0, waiting=0):
    return {"exercise": exercise, "points": points, "maximum": maximum,
            "attempts": attempts, "waiting": waiting}  # fmt: skip


def test_participants_see_their_own_exercises_and_nobody_elses(visitor, submit):
    submit("p01", "one", 1)
    submit("p01", "two", 0.5)
    submit("p01", "two", 1.5)
    submit("p01", "two")
    submit("p02", "two", 2)
    visitor.log_in("p01")
    answer = visitor.fetch(ASK, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body) == {
        "tutorial": "intro", "points": 2.5, "maximum": 3,
        "exercises": [row("one", 1, 1, 1), row("two", 1.5, 2, 3, waiting=1)],
    }  # fmt: skip


def test_who_has_tried_nothing_sees_the_exercises(visitor):
    visitor.log_in("p02")
    found = json.loads(visitor.fetch(ASK).body)
    assert found["exercises"] == [row("one", 0, 1), row("two", 0, 2)]


def test_there_is_nothing_about_other_tutorials(visitor):
    visitor.log_in("p01")
    for name in ("nothing", "..%2Fintro", "p01", "one"):
        answer = visitor.fetch(f"/hub/exercises/{name}")
        assert (answer.code, answer.body) == (404, b"{}")


def test_strangers_get_nothing_and_lose_a_stale_sign(visitor):
    visitor.cookies[LOGGED_IN] = "1"
    answer = visitor.fetch(ASK)
    assert (answer.code, answer.body) == (401, b"{}")
    assert "Location" not in answer.headers
    assert LOGGED_IN not in visitor.cookies


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_other_sites_get_nothing(visitor, site):
    visitor.log_in("p01")
    answer = visitor.fetch(ASK, headers={"Sec-Fetch-Site": site})
    assert (answer.code, answer.body) == (403, b"{}")
    assert LOGGED_IN in visitor.cookies


def test_pages_know_from_login_to_logout_that_somebody_is_there(visitor):
    [sign] = [line for line in visitor.log_in("p01").headers.get_list("Set-Cookie")
              if line.startswith(LOGGED_IN)]  # fmt: skip
    assert sign.startswith(f"{LOGGED_IN}=1;")
    assert {"Path=/", "SameSite=Lax"} <= set(sign.split("; "))
    assert "HttpOnly" not in sign
    visitor.fetch("/hub/logout")
    assert LOGGED_IN not in visitor.cookies
    assert visitor.fetch(ASK).code == 401


def test_a_wrong_passphrase_leaves_no_sign(visitor, monkeypatch):
    monkeypatch.setattr("labhub.throttle.Failures.delay", lambda *_: 0)
    visitor.fetch("/hub/login")
    form = {"username": "p01", "password": "x", "_xsrf": visitor.cookies["_xsrf"]}
    assert visitor.fetch("/hub/login", form).code == 403
    assert LOGGED_IN not in visitor.cookies


def test_without_a_database_there_is_nothing_to_show(visitor, graded, tmp_path):
    (tmp_path / "grades.sqlite").unlink(missing_ok=True)
    (tmp_path / "grades.sqlite").mkdir()
    visitor.log_in("p01")
    answer = visitor.fetch(ASK)
    assert (answer.code, answer.body) == (503, b"{}")
    (tmp_path / "grades.sqlite").rmdir()
    assert visitor.fetch(ASK).code == 200


def test_the_hub_answers_while_the_gradebook_is_read(visitor, monkeypatch):
    go_on, read = threading.Event(), []

    def slowly(*_):
        read.append(1)
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr(progress_page, "grades", slowly)
    visitor.log_in("p01")

    async def ask():
        waiting = [asyncio.ensure_future(visitor.ask(ASK)) for _ in range(5)]
        try:
            assert (await visitor.ask("/hub/login")).code == 302
            return [each.done() for each in waiting]
        finally:
            go_on.set()
            assert [each.code for each in await asyncio.gather(*waiting)] == [200] * 5

    assert visitor.run(ask()) == [False] * 5
    assert len(read) == 1  # one question is enough for five requests
