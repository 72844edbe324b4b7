"""Submissions that are kept while the grader is down, and sent when it is back."""

import json
import os

import pytest
from courseware.lab import outbox
from courseware.lab.check import check, progress
from courseware.lab.grader import Grader
from courseware.lab.outbox import Outbox
from scripted_grader import TOKEN

pytest_plugins = ["graded_lab"]


def submission(number):
    return {"key": f"{number:032}", "tutorial": "introduction", "exercise": "rate", "cells": {}}


@pytest.fixture
def box(tmp_path):
    return Outbox(tmp_path / "kept")


@pytest.fixture
def grader(scripted_grader):
    return Grader(scripted_grader.address, TOKEN)


def test_what_is_kept_is_sent_when_the_grader_is_back(graded_lab, scripted_grader):
    scripted_grader.stop()
    graded_lab.run("def rate(): return 5", "rate-exercise")
    check("rate", lambda: None)
    text = graded_lab.texts()
    assert "rate: 1 of 1 checks passed" in text
    assert "doesn't answer at the moment. Your submission is kept in your home" in text
    [kept] = graded_lab.kept_files()
    scripted_grader.start()
    graded_lab.await_sender()
    assert graded_lab.kept_files() == []
    [sent] = scripted_grader.submitted()
    assert (sent["key"], sent["cells"]) == (kept.stem, {"rate-exercise": "def rate(): return 5"})
    progress()
    assert "introduction, rate, kept earlier: sent. progress() shows" in graded_lab.texts()
    progress()
    assert "kept earlier" not in graded_lab.texts()


def test_another_kernel_sends_what_is_kept_first(graded_lab, scripted_grader):
    Outbox(graded_lab.kept).keep(submission(1))
    graded_lab.run("def rate(): return 5", "rate-exercise")
    check("rate")
    first, second = scripted_grader.submitted()
    assert first["key"] == submission(1)["key"]
    assert second["cells"]
    assert graded_lab.kept_files() == []


def test_they_are_sent_in_the_order_of_their_making(box, grader, scripted_grader):
    for number in (3, 1, 2):
        box.keep(submission(number))
        os.utime(box.folder / f"{number:032}.json", ns=(number, number))
    assert len(box.send(grader).notes) == 3
    assert [sent["key"] for sent in scripted_grader.submitted()] == [
        submission(number)["key"] for number in (1, 2, 3)
    ]


def test_only_the_newest_are_kept(box):
    for number in range(outbox.MOST + 5):
        box.keep(submission(number))
        os.utime(box.folder / f"{number:032}.json", ns=(number, number))
    box.keep(submission(1000))
    keys = [each["key"] for each in box.kept()]
    assert len(keys) == outbox.MOST
    assert submission(0)["key"] not in keys
    assert keys[-1] == submission(1000)["key"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(box, grader, scripted_grader):
    box.keep(submission(1))

    def lose(request):
        scripted_grader.hook = lambda request: None
        request.server.shutdown_request(request.connection)

    scripted_grader.hook = lose
    assert box.send(grader).unreachable
    assert len(box.kept()) == 1
    assert box.send(grader).unreachable is None
    assert len(scripted_grader.attempts) == 1
    assert box.kept() == []


def test_a_refused_one_goes_and_its_sentence_is_shown(graded_lab, scripted_grader):
    Outbox(graded_lab.kept).keep(submission(1))
    scripted_grader.answer = (400, {"error": "No such exercise."}, {})
    progress()
    assert "introduction, rate, kept earlier: No such exercise." in graded_lab.texts()
    assert graded_lab.kept_files() == []


def test_too_many_at_once_stay_for_later(box, grader, scripted_grader):
    box.keep(submission(1))
    box.keep(submission(2))
    scripted_grader.answer = (429, {}, {"Retry-After": "7"})
    delivery = box.send(grader)
    assert (delivery.wait, len(box.kept()), len(scripted_grader.requests)) == (7, 2, 1)


def test_one_that_the_grader_stumbles_over_does_not_hold_up_the_others(
    box, grader, scripted_grader
):
    for number in (1, 2, 3):
        box.keep(submission(number))
        os.utime(box.folder / f"{number:032}.json", ns=(number, number))

    def stumble(request):
        first = scripted_grader.requests[-1][2]["key"] == submission(1)["key"]
        scripted_grader.answer = (500, {}, {}) if first else None

    scripted_grader.hook = stumble
    box.send(grader)
    assert [each["key"] for each in box.kept()] == [submission(1)["key"]]


def test_a_grader_in_trouble_is_left_alone(box, grader, scripted_grader):
    for number in range(9):
        box.keep(submission(number))
    scripted_grader.answer = (503, {"error": "Back soon."}, {})
    box.send(grader)
    assert len(scripted_grader.requests) == 2
    assert len(box.kept()) == 9


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"key": "x"}', json.dumps(submission(2)), "[" * 9999]
)
def test_what_is_no_submission_is_passed_over(box, grader, scripted_grader, content):
    box.keep(submission(1))
    (box.folder / "x.json").write_text(content)
    (box.folder / "link.json").symlink_to("x.json")
    os.mkfifo(box.folder / "pipe.json")
    assert len(box.kept()) == 1
    box.send(grader)
    assert len(scripted_grader.requests) == 1


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), OSError(30, "Read-only")]
)
def test_a_home_that_takes_nothing_is_said(graded_lab, scripted_grader, monkeypatch, error):
    scripted_grader.stop()

    def fail(self, submission):
        raise error

    monkeypatch.setattr(Outbox, "keep", fail)
    graded_lab.run("def rate(): return 5", "rate-exercise")
    check("rate", lambda: None)
    text = graded_lab.texts()
    assert "rate: 1 of 1 checks passed" in text
    assert f"could not be kept in your home ({error.strerror}): check again later." in text
    scripted_grader.start()


def test_a_folder_that_is_a_file_leaves_nothing_behind(graded_lab, scripted_grader):
    (graded_lab.home / ".local").write_text("mine")
    scripted_grader.stop()
    graded_lab.run("def rate(): return 5", "rate-exercise")
    check("rate")
    assert "could not be kept in your home (Not a directory)" in graded_lab.texts()
    scripted_grader.start()
