"""What is taken from a lab, and what is not."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from labhub.grader import submission as module
from labhub.grader.exercises import Exercise
from labhub.grader.submission import Refusal, check_rate, read

KEY = "0123456789abcdef" * 2
GOOD = {"key": KEY, "tutorial": "one", "exercise": "two", "cells": {"a": "x = 1"}}
CELLS = {"setup": "import math", "a": "x = None", "b": "y = None"}


@pytest.fixture
def exercises():
    known = Exercise("one", "two", 1.0, False, CELLS, Path("test_one.py"))
    return SimpleNamespace(get=lambda tutorial, name: known if tutorial == "one" else None)


def test_a_submission_is_its_participants(exercises):
    found = read(json.dumps(GOOD).encode(), "ada", exercises)
    assert (found.participant, found.key, found.cells) == ("ada", KEY, {"a": "x = 1"})


def test_cells_that_were_not_run_are_taken_as_they_were_handed_out(exercises):
    ran = exercises.get("one", "two").sources({"b": "y = 2", "a": "x = 1"})
    assert ran == ["import math", "x = 1", "y = 2"]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"participant": "bo"}, 400, "participant: Extra inputs"),
        ({"key": "../../x"}, 400, "key: "),
        ({"key": 7}, 400, "key: "),
        ({"tutorial": "../one"}, 404, "no such exercise"),
        ({"exercise": "x" * 65}, 400, "exercise: "),
        ({"cells": {}}, 400, "run the exercise's cell first"),
        ({"cells": {"a": ["x"]}}, 400, "cells.a: "),
        ({"cells": {"a": "x", "zz": "y"}}, 400, "1 cells that don't belong to this exercise"),
        ({"cells": {"a": "x" * (module.LARGEST_CELL + 1)}}, 413, "at most 64 KB in one cell"),
        ({"cells": {"a": "x\0"}}, 400, "null character"),
    ],
)
def test_what_is_no_submission_is_told(exercises, change, status, says):
    with pytest.raises(Refusal, match=says) as refusal:
        read(json.dumps(GOOD | change).encode(), "ada", exercises)
    assert refusal.value.status == status


@pytest.mark.parametrize(
    "content", [b"", b"[", b"[]", b"null", b"\xff", b'{"key": "\\ud800"}', b"[" * 9999]
)
def test_what_is_no_json_is_told(exercises, content):
    with pytest.raises(Refusal, match="not a submission") as refusal:
        read(content, "ada", exercises)
    assert refusal.value.status == 400


def test_text_that_is_none_is_told(exercises):
    content = json.dumps(GOOD).replace("x = 1", "\\ud800").encode()
    with pytest.raises(Refusal) as refusal:
        read(content, "ada", exercises)
    assert refusal.value.status == 400


def test_the_wait_is_until_the_first_of_them_is_old_enough():
    times = [1000.0 + n for n in range(module.AT_MOST)]
    check_rate(times[1:], 0, now=1100.0)
    with pytest.raises(Refusal, match=r"submitted 30 times within 5 minutes.* in 200 s") as refusal:
        check_rate(times, 0, now=1100.0)
    assert (refusal.value.status, refusal.value.wait) == (429, 200)


def test_too_many_that_wait():
    with pytest.raises(Refusal, match="40 of your submissions wait") as refusal:
        check_rate([], module.WAITING, now=0.0)
    assert refusal.value.status == 429
