"""Official results in the lab: `check`, `submit_all` and `progress` with a grader.

The grader is one that speaks the interface; the real one is tested in the hub's tests.
"""

import os
import signal

import pytest
from courseware.lab import official, outbox, place, submit
from courseware.lab.check import check, progress, submit_all
from scripted_grader import BROKEN, RUNNING, TOKEN, graded, queued

pytest_plugins = ["graded_lab"]

RATE = "def rate(): return 5"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(submit, "PAUSE", 0.01)
    monkeypatch.setattr(submit, "BREATH", 0.01)


def good():
    "is a number"


def bad():
    "is large"
    raise AssertionError("yours is small")


def test_the_result_follows_the_visible_outcome(graded_lab, scripted_grader):
    scripted_grader.states = [
        queued(3),
        queued(1),
        RUNNING,
        graded(
            {"points": 0.0, "maximum": 2.0, "message": "Relative to rest?", "hint": "At rest…"}, {}
        ),
    ]
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good, bad)
    assert graded_lab.texts().split("\n") == [
        "rate: 1 of 2 checks passed",
        "  passed   is a number",
        "  not yet  is large",
        "           yours is small",
        "A quick look in your own lab, to help you along: it is not a grade.",
        "Official result: submitting…",
        "Official result: queued, place 3",
        "Official result: queued, place 1",
        "Official result: being graded…",
        "Official result: 1 of 3 points (attempt 1)",
        "  not yet  Relative to rest? (0 of 2 points)",
        "           Hint: At rest…",
        "introduction: 5 of 14 points",
        "",
    ]


def test_in_a_notebook_one_output_is_rewritten(graded_lab):
    graded_lab.in_notebook()
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    outputs = graded_lab.shell.display_pub.outputs
    assert [output["update"] for output in outputs] == [False, True, True, True]
    assert len({output["transient"]["display_id"] for output in outputs}) == 1
    first, *_, last = graded_lab.shown()
    assert "submitting…" in first
    assert "Official result: 1 of 1 point (attempt 1)" in last
    assert all("rate: 1 of 1 checks passed" in version for version in graded_lab.shown())
    assert "✓</strong> passed: all checks" in last


def test_cells_are_sent_as_they_were_run_last(graded_lab, scripted_grader):
    graded_lab.run("import math, sys", "imports")
    graded_lab.run("def rate(): return 4", "rate-exercise")
    graded_lab.run(RATE, "rate-exercise")
    graded_lab.run("3", "plot")
    graded_lab.run("def peak(): return rate()", "peak-exercise")
    check("peak", bad)
    [sent] = scripted_grader.submitted()
    key = sent.pop("key")
    assert len(key) == 32
    assert sent == {
        "tutorial": "introduction",
        "exercise": "peak",
        "cells": {
            "imports": "import math, sys",
            "rate-exercise": RATE,
            "peak-exercise": "def peak(): return rate()",
        },
    }
    assert scripted_grader.tokens == {f"token {TOKEN}"}


def test_an_exercise_is_submitted_without_visible_tests(graded_lab):
    graded_lab.run(RATE, "rate-exercise")
    check("rate")
    assert graded_lab.texts().startswith("Official result: submitting…")


def test_its_cell_must_have_been_run(graded_lab, scripted_grader):
    check("rate", good)
    text = graded_lab.texts()
    assert "rate: 1 of 1 checks passed" in text
    assert "none. Run the cell of 'rate' first: it is submitted as it was run." in text
    assert scripted_grader.requests == []


def test_an_unknown_exercise_with_a_grader(graded_lab):
    check("rat")
    assert "no exercise 'rat' here; there are: rate, peak, both." in graded_lab.texts()


@pytest.mark.parametrize(
    ("helping", "tutorial"), [("helper", "sequences"), ("plot", "introduction")]
)
def test_a_name_in_two_tutorials_is_that_of_the_cells_run(
    graded_lab, scripted_grader, helping, tutorial
):
    graded_lab.run("1", "imports")
    graded_lab.run("2", helping)
    graded_lab.run("def both(): return 1", "both-exercise")
    check("both", good)
    assert scripted_grader.submitted()[0]["tutorial"] == tutorial


def test_a_name_that_may_be_of_two_tutorials_is_asked_about(graded_lab, scripted_grader):
    graded_lab.run("def both(): return 1", "both-exercise")
    check("both", good)
    assert "introduction or sequences: run another cell" in graded_lab.texts()
    assert scripted_grader.requests == []


def test_hostile_messages_are_escaped(graded_lab, scripted_grader):
    evil = "<script>alert(1)</script>\x1b[2J\u202e"
    wrong = {"points": 0.0, "message": evil, "hint": f"<b>{evil}"}
    scripted_grader.states = [graded(wrong, failed=evil)]
    scripted_grader.tutorials = [
        {
            "tutorial": evil,
            "points": 0.0,
            "maximum": 1.0,
            "exercises": [
                {"exercise": evil, "points": 0.0, "maximum": 1.0, "attempts": 1, "waiting": 0}
            ],
        }
    ]
    graded_lab.in_notebook()
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    submit_all()
    progress()
    for kind in ("text/html", "text/plain"):
        everything = "".join(graded_lab.shown(kind))
        assert "alert(1)" in everything
        assert "\x1b" not in everything
        assert "\u202e" not in everything
    assert "<script" not in "".join(graded_lab.shown())
    assert "<b>" not in "".join(graded_lab.shown())


def test_what_could_not_be_run_is_told(graded_lab, scripted_grader):
    scripted_grader.states = [graded({"points": 0.0}, failed="NameError: name 'x'")]
    graded_lab.run(RATE, "rate-exercise")
    check("rate")
    assert "your cells could not be run to the end\n           NameError" in graded_lab.texts()


def test_a_broken_grading_is_not_the_participants(graded_lab, scripted_grader):
    scripted_grader.states = [queued(1), BROKEN]
    graded_lab.run(RATE, "rate-exercise")
    check("rate")
    assert "not your doing. The organisers have been told" in graded_lab.texts()


def test_a_long_queue_is_left_to_progress(graded_lab, scripted_grader, monkeypatch):
    monkeypatch.setattr(official, "WAIT", 0.2)
    scripted_grader.states = [queued(29)]
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    text = graded_lab.texts()
    assert "still queued, place 29. progress() will show the result." in text
    assert graded_lab.kept_files() == []


def test_a_grader_that_is_away_for_a_moment_is_asked_again(graded_lab, scripted_grader):
    asked = []

    def trouble(request):
        if request.command == "GET":
            asked.append(request.path)
            scripted_grader.answer = (503, {}, {}) if len(asked) == 1 else None

    scripted_grader.hook = trouble
    graded_lab.run(RATE, "rate-exercise")
    check("rate")
    text = graded_lab.texts()
    assert "trouble at the moment. Your submission is in its queue" in text
    assert "1 of 1 point (attempt 1)" in text


def interrupts(method):
    def hook(request):
        if request.command == method:
            os.kill(os.getpid(), signal.SIGINT)
            request.rfile.read(1)  # returns when the lab has hung up

    return hook


def test_an_interrupt_while_waiting_leaves_it_in_the_queue(graded_lab, scripted_grader):
    scripted_grader.hook = interrupts("GET")
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    text = graded_lab.texts()
    assert "interrupted; your submission stays in the queue. progress()" in text
    assert graded_lab.kept_files() == []


def test_an_interrupt_while_submitting_keeps_it(graded_lab, scripted_grader):
    scripted_grader.hook = interrupts("POST")
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    assert "interrupted. Your submission is kept in your home" in graded_lab.texts()
    [kept] = graded_lab.kept_files()
    scripted_grader.hook = lambda request: None
    progress()
    assert "introduction, rate, kept earlier: sent." in graded_lab.texts()
    assert {each["key"] for each in scripted_grader.submitted()} == {kept.stem}
    assert graded_lab.kept_files() == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_refusal_is_final(graded_lab, scripted_grader, status):
    scripted_grader.answer = (status, {"error": "The <course> is over."}, {})
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    text = graded_lab.texts()
    assert "rate: 1 of 1 checks passed" in text
    assert "Official result: The <course> is over." in text
    assert graded_lab.kept_files() == []


def test_too_many_submissions_are_told_when_to_go_on(graded_lab, scripted_grader):
    scripted_grader.answer = (429, {"error": "That was a lot."}, {"Retry-After": "42"})
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    assert "That was a lot. Not submitted: check again in 42 s." in graded_lab.texts()
    assert graded_lab.kept_files() == []


def test_what_is_too_long_is_said_without_sending_it(graded_lab, scripted_grader):
    graded_lab.run(f"x = '{'x' * 70_000}'", "rate-exercise")
    check("rate", good)
    assert "too long to be graded: a cell can have 64 KB" in graded_lab.texts()
    assert scripted_grader.requests == []


@pytest.mark.parametrize("answer", [(200, b"<html>", {}), (302, b"", {"Location": "/"})])
def test_something_else_at_the_graders_address(graded_lab, scripted_grader, answer):
    scripted_grader.answer = answer
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    assert "trouble at the moment. Your submission is kept" in graded_lab.texts()


def test_the_visible_outcome_stays_whatever_happens(graded_lab, scripted_grader):
    scripted_grader.states = [{"state": "graded", "points": "many"}]
    graded_lab.run(RATE, "rate-exercise")
    graded_lab.in_notebook()
    check("rate", good)
    assert "rate: 1 of 1 checks passed" in graded_lab.shown()[-1]
    assert "Something went wrong here (KeyError)" in graded_lab.shown()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYLLAB_GRADER_URL", "http://127.0.0.1:99999"),
        ("SYLLAB_GRADER_URL", "nonsense"),
        ("JUPYTERHUB_API_TOKEN", f"{TOKEN}\n"),
        ("JUPYTERHUB_API_TOKEN", f"{TOKEN}…"),
    ],
)
def test_the_token_is_neither_shown_nor_written(graded_lab, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    graded_lab.run(RATE, "rate-exercise")
    check("rate", good)
    progress()
    [kept] = graded_lab.kept_files()
    shown = "".join(graded_lab.capsys.readouterr())
    assert "doesn't answer" in shown
    assert TOKEN not in shown + kept.read_text()


def test_no_proxy_is_asked(graded_lab, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    graded_lab.run(RATE, "rate-exercise")
    check("rate")
    assert "1 of 1 point" in graded_lab.texts()


def test_all_that_was_changed_is_submitted_in_one_table(graded_lab, scripted_grader):
    scripted_grader.scripts["peak"] = [queued(2), graded({"points": 0.0, "message": "Where?"})]
    graded_lab.in_notebook()
    graded_lab.run(RATE, "rate-exercise")
    graded_lab.run("def peak(): return 1", "peak-exercise")
    graded_lab.run("def both(): ...", "both-exercise")
    submit_all()
    assert {each["exercise"] for each in scripted_grader.submitted()} == {"rate", "peak"}
    last = graded_lab.shown("text/plain")[-1].split("\n")
    assert last == [
        "introduction: official results",
        "Exercise  Points        Result",
        "rate      1 of 1 point  all checks passed",
        "peak      0 of 1 point  Where?",
        last[4],
        "As handed out, so not submitted: both.",
    ]
    assert last[4] in ("introduction: 4 of 14 points", "introduction: 5 of 14 points")
    assert "<caption" in graded_lab.shown()[-1]
    assert len({o["transient"]["display_id"] for o in graded_lab.shell.display_pub.outputs}) == 1


def test_what_was_not_run_is_named(graded_lab, scripted_grader):
    graded_lab.run(RATE, "rate-exercise")
    submit_all()
    assert "Not run, so not submitted: peak; both." in graded_lab.texts()


def test_nothing_run_nothing_submitted(graded_lab, scripted_grader):
    submit_all()
    assert "No exercise was run in this notebook yet" in graded_lab.texts()
    assert scripted_grader.requests == []


def test_all_are_kept_when_the_grader_is_down(graded_lab, scripted_grader):
    scripted_grader.stop()
    graded_lab.run(RATE, "rate-exercise")
    graded_lab.run("def peak(): return 1", "peak-exercise")
    submit_all()
    assert len(graded_lab.kept_files()) == 2
    progress()
    text = graded_lab.texts()
    assert "The grader doesn't answer at the moment.\nKept in your home, not sent yet:" in text
    scripted_grader.start()


def test_progress_shows_every_tutorial(graded_lab, scripted_grader):
    rate = {"exercise": "rate", "points": 0.5, "maximum": 2.0, "attempts": 3, "waiting": 1}
    scripted_grader.tutorials = [
        {"tutorial": "introduction", "points": 0.5, "maximum": 14.0, "exercises": [rate]},
        {"tutorial": "desktop", "points": 0.0, "maximum": 0.0, "exercises": []},
    ]
    progress()
    assert graded_lab.texts().split("\n") == [
        "Your points",
        "Tutorial      Exercise  Points            Attempts  Waiting",
        "introduction  all       0.5 of 14 points",
        "              rate      0.5 of 2 points   3         1",
        "desktop       all       0 of 0 points",
        "",
    ]


def test_outside_a_hub_there_is_no_grader(lab_alone):
    lab_alone.run(RATE, "rate-exercise")
    check("rate", good)
    text = lab_alone.texts()
    assert text.endswith("it is not a grade.\n")
    assert "Official" not in text
    progress()
    submit_all()
    assert lab_alone.texts().count("There is no grader here") == 2


def test_notebooks_are_where_they_are_placed_from():
    assert official.NOTEBOOKS == place.SOURCE
    assert outbox.FOLDER == ".local/share/syllab/submissions"
