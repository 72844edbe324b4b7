"""What a tutorial's page shows of a participant's exercises, and to whom it shows nothing."""

from __future__ import annotations

import time
import uuid
from urllib.parse import urlsplit

import pytest
from browser.test_site_quality import DESK, PHONE, none, violations
from courseware import course, official
from labhub.grader.gradebook import Gradebook, Submission
from labhub.grader.tables import Outcome
from playwright.sync_api import Page, expect
from running_course import RunningCourse
from sites import Website, served

WHO, OTHER = "dora", "emil"  # nobody else uses these
TUTORIAL = "introduction"
PAGE = f"tutorials/{TUTORIAL}.html"
ASKED = f"/hub/exercises/{TUTORIAL}"
SIGN = "syllab-lab"  # the cookie
HEIGHT = "document.documentElement.scrollHeight"


@pytest.fixture(scope="module")
def maxima(flagship: Website) -> dict[str, float]:
    """The points of each exercise, in the checks' order."""
    found: dict[str, float] = {}
    marks = official.marks(official.checks_file(course.load(flagship.course), TUTORIAL), "exercise")
    for mark in marks:
        found[mark.exercise] = found.get(mark.exercise, 0) + mark.points
    return found


@pytest.fixture(scope="module")
def submitted(running_course: RunningCourse, maxima: dict[str, float]) -> list[str]:
    """One exercise that WHO has solved, and one that they have not."""
    solved, failed = [name for name, most in maxima.items() if most > 1][:2]
    book = Gradebook(running_course.settings["grader"]["database"])
    for exercise, points in ((solved, maxima[solved]), (failed, 0.0)):
        submission = Submission(WHO, TUTORIAL, exercise, {}, uuid.uuid4().hex)
        attempt = book.add(submission, time.time())
        [job] = [each.job for each in book.waiting() if each.attempt == attempt]
        outcome = Outcome(
            job_id=job, graded=time.time(), checks="", image="", seed=1, points=points,
            maximum=maxima[exercise], failed="", broken="",
        )  # fmt: skip
        assert book.record(outcome)
    book.engine.dispose()
    return [solved, failed]


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The paths of all that the page's context asks for."""
    paths: list[str] = []
    page.context.on("request", lambda request: paths.append(urlsplit(request.url).path))
    return paths


def log_in(page: Page, running_course: RunningCourse, username: str) -> None:
    page.goto(f"{running_course.address}/hub/login?next=/hub/home")
    page.get_by_label("Username").fill(username)
    phrase = running_course.credentials()[username]["passphrase"]
    page.get_by_label("Passphrase", exact=True).fill(phrase)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()


def states(page: Page) -> list[str]:
    """What the page says of each exercise, once all that it asks for is there."""
    page.wait_for_load_state("networkidle")
    return [text for text in page.locator("[data-exercise] .state").all_inner_texts() if text]


def test_participants_see_how_their_exercises_stand(
    page: Page, flagship: Website, running_course: RunningCourse, submitted: list[str],
    maxima: dict[str, float],
):  # fmt: skip
    solved, failed = submitted
    log_in(page, running_course, WHO)
    page.goto(f"{flagship.address}/{PAGE}")
    done, total = f"{maxima[solved]:g}", f"{sum(maxima.values()):g}"
    expect(page.locator(".points")).to_have_text(
        f"{len(maxima)} exercises: {done} of {total} points"
    )
    expect(page.get_by_role("status")).to_have_text(f": {done} of {total} points")
    expect(page.locator(f"[data-exercise={solved}] .state")).to_have_text(
        f"done, {done} of {done} points"
    )
    expect(page.locator(f"[data-exercise={failed}] .state")).to_have_text(
        f"0 of {maxima[failed]:g} points"
    )
    assert sorted(states(page))[2:] == ["not tried yet"] * (len(maxima) - 2)
    none(violations(page))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_moves_when_it_is_shown(
    page: Page, flagship: Website, running_course: RunningCourse, width: int
):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{flagship.address}/{PAGE}")
    assert states(page) == []
    before = page.evaluate(HEIGHT)
    log_in(page, running_course, WHO)
    page.goto(f"{flagship.address}/{PAGE}")
    assert states(page) != []
    assert page.evaluate(HEIGHT) == before


def test_what_others_did_is_not_shown(
    page: Page, flagship: Website, running_course: RunningCourse, submitted: list[str],
    maxima: dict[str, float],
):  # fmt: skip
    log_in(page, running_course, OTHER)
    page.goto(f"{flagship.address}/{PAGE}")
    expect(page.get_by_role("status")).to_have_text(f": 0 of {sum(maxima.values()):g} points")
    assert states(page) == ["not tried yet"] * len(maxima)


def test_it_is_asked_for_anew_when_one_comes_back_from_the_lab(
    page: Page, flagship: Website, running_course: RunningCourse, asked: list[str]
):
    log_in(page, running_course, OTHER)
    page.goto(f"{flagship.address}/{PAGE}")
    page.wait_for_load_state("networkidle")
    with page.expect_response(f"**{ASKED}"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked.count(ASKED) == 2


def test_who_logs_out_sees_nothing_and_asks_nothing(
    page: Page, flagship: Website, running_course: RunningCourse, asked: list[str]
):
    log_in(page, running_course, WHO)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Username")).to_be_visible()
    asked.clear()
    page.goto(f"{flagship.address}/{PAGE}")
    assert states(page) == []
    expect(page.get_by_role("status")).to_be_empty()
    assert [path for path in asked if path == ASKED or "progress.js" in path] == []


def test_an_open_page_forgets_who_has_logged_out_elsewhere(
    page: Page, flagship: Website, running_course: RunningCourse, asked: list[str]
):
    log_in(page, running_course, OTHER)
    page.goto(f"{flagship.address}/{PAGE}")
    expect(page.get_by_role("status")).not_to_be_empty()
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("status")).to_be_empty()
    assert asked.count(ASKED) == 1


def test_a_stale_sign_is_asked_about_once(page: Page, flagship: Website, asked: list[str]):
    page.context.add_cookies([{"name": SIGN, "value": "1", "url": flagship.address}])
    for _ in range(2):
        page.goto(f"{flagship.address}/{PAGE}")
        assert states(page) == []
    assert asked.count(ASKED) == 1
    assert page.context.cookies() == []


@pytest.mark.parametrize("below", ["", "site/"])
def test_a_static_host_is_asked_for_nothing_that_it_lacks(
    page: Page, flagship: Website, asked: list[str], below: str
):
    failed: list[str] = []
    page.on("response", lambda response: response.ok or failed.append(response.url))
    with served(flagship.folder.parent if below else flagship.folder) as address:
        page.goto(f"{address}/{below}{PAGE}")
        assert states(page) == []
        assert [path for path in asked if path == ASKED or "progress.js" in path] == []
        assert [url for url in failed if not url.endswith("/favicon.ico")] == []


def test_exercises_without_official_checks_are_not_asked_about(
    page: Page, night_school: Website, asked: list[str]
):
    page.context.add_cookies([{"name": SIGN, "value": "1", "url": night_school.address}])
    page.goto(f"{night_school.address}/tutorials/counting.html")
    assert states(page) == []
    assert [path for path in asked if path == ASKED or "progress.js" in path] == []


def test_every_exercise_can_be_linked_to(page: Page, flagship: Website, maxima: dict[str, float]):
    page.emulate_media(reduced_motion="reduce")  # jumps there
    for name in maxima:
        page.goto(f"{flagship.address}/{PAGE}#exercise:{name}")
        expect(page.locator(f"[data-exercise={name}].tag_exercise")).to_be_in_viewport()
