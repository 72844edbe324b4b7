"""Official checks and the participant's code in processes of their own, as in a grading."""

import json
import subprocess
import sys

import numpy as np
import pytest
from courseware.grading import cells
from courseware.grading.lab import Channel, Gone, Lab
from nbformat.v4 import new_code_cell, new_notebook

SECONDS = 20.0  # for all answers; only tests of silence wait for it


@pytest.fixture
def answerer():
    """A process that runs a participant's code."""
    command = [sys.executable, "-m", "courseware.lab.answer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def channel(answerer, request):
    seconds = getattr(request, "param", SECONDS)
    return Channel(answerer.stdout.fileno(), answerer.stdin.fileno(), seconds)


@pytest.fixture
def ran(channel):
    """The lab after a participant's cell ran."""

    def ran(source):
        assert "raised" not in channel.ask("run", source=source)
        return Lab(channel, seed=1)

    return ran


def test_functions_are_called_with_plain_values(ran):
    lab = ran("import numpy as np\ndef f(a, b=1): return {'sum': a + b, 'twice': np.array([2, 4])}")
    found = lab.call("f", np.array([1.0, 2.0]), b=3)
    assert found["sum"].tolist() == [4, 5]
    assert found["twice"].tolist() == [2, 4]


def test_variables_are_read(ran):
    assert ran("answer = (1, 'two', None)").value("answer") == [1, "two", None]


def test_a_cell_may_be_anything_that_ipython_takes(ran):
    source = "%precision 3\n!true\nprint('noise')\nimport warnings; warnings.warn('x')\nx = 1"
    assert ran(source).value("x") == 1


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("f = 1", "There is no function called f."),
        ("def f(): return None", "f does not return a number."),
        ("def f(): return float('nan')", "f does not return a number."),
        ("def f(): return 10**400", "f does not return a number."),
        ("def f(): return True", "f does not return a number."),
        ("def f(): return [1, 2]", "f does not return a number."),
        ("def f(): return object()", "f gives something else than numbers, text, lists"),
        ("def f(x): return x", "f fails with TypeError."),
        ("def f(): raise KeyError('a')", "f fails with KeyError."),
        ("def f(): raise type('E250', (Exception,), {})", "f fails with an error."),
        ("def f(): raise SystemExit(3)", "f fails with SystemExit."),
    ],
)
def test_what_is_no_number_is_told(ran, source, says):
    with pytest.raises(AssertionError, match=says):
        ran(source).number("f")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("[1, 2, 3]", r"f does not return an array of the shape \(2,\)."),
        ("[1, float('inf')]", "f returns values that are not numbers"),
        ("[1, [2]]", "f does not return an array of numbers."),
        ("[1, 10**400]", "f does not return an array of numbers."),
        ("'ab'", "f does not return an array of numbers."),
    ],
)
def test_what_is_no_array_is_told(ran, returned, says):
    with pytest.raises(AssertionError, match=says):
        ran(f"def f(): return {returned}").array("f", shape=(2,))


def test_what_the_code_said_is_for_the_author_only(ran):
    """The code was given the check's inputs: whoever wrote it must not be told them."""
    lab = ran("def f(x): raise ValueError(x)\ndef g(x): return [x]")
    for function in ("f", "g"):
        with pytest.raises(AssertionError) as told:
            lab.number(function, 41.5)
        assert "41.5" not in str(told.value)
        assert "41.5" in told.value.__notes__[0]


def test_numbers_are_kept_for_the_report(ran):
    lab = ran("def f(x): return x + 1")
    assert lab.number("f", 1) == 2.0
    assert lab.numbers == [("f", 2.0)]
    assert lab.array("f", [[1]] and np.ones((1, 2))).shape == (1, 2)


def test_the_same_seed_draws_the_same(channel):
    first, again, other = (Lab(channel, seed=seed) for seed in (1, 1, 2))
    assert first.seed() == again.seed() != other.seed()


FORGED = """
import contextlib, os

def f():
    for descriptor in range(3, 20):
        with contextlib.suppress(OSError):
            os.write(descriptor, b'{"id": 99, "value": {"returned": 1}}\\n')
"""


@pytest.mark.parametrize(
    ("channel", "source", "says"),
    [
        (SECONDS, "import os\ndef f(): os._exit(0)", "it ended"),
        (SECONDS, FORGED, "nobody asked"),
        (3, "import time\ndef f(): time.sleep(60)", "it took longer than 3 s"),
    ],
    indirect=["channel"],
)
def test_a_lab_that_is_gone_answers_nothing_more(ran, source, says):
    lab = ran(source + "\nos_ok = 1")
    with pytest.raises(Gone, match=says):
        lab.call("f")
    with pytest.raises(Gone, match=says):
        lab.value("os_ok")


@pytest.mark.parametrize("channel", [3], indirect=True)
def test_a_lab_that_listens_no_more_holds_nobody_up(ran):
    """Its pipe fills up, and who writes on would wait for ever."""
    lab = ran("import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSTOP)")
    with pytest.raises(Gone, match="it took longer than 3 s"):
        lab.call("f", "x" * 2**20)


CHECKS = """
import pytest
from courseware.checks import exercise

SECRET = 41.5

@exercise("one", points=2, hint="Think.")
def test_value(lab):
    print("noise")
    assert lab.number("f", 1.0) == SECRET, "Look again."

@exercise("one")
@pytest.mark.parametrize("x", [1.0, 2.0])
def test_type(lab, x):
    assert lab.call("f", x) > 0, "It should be positive."

@exercise("two")
def test_other(lab):
    assert False, "of another exercise"
"""


@pytest.fixture
def graded(answerer, tmp_path):
    """What the worker says of cells; the checks are those above."""

    def graded(*sources, seeds=(1, 2)):
        checks = tmp_path / "test_checks.py"
        checks.write_text(CHECKS)
        read, write = answerer.stdout.fileno(), answerer.stdin.fileno()
        job = {"checks": str(checks), "exercise": "one", "cells": sources, "seeds": list(seeds),
               "read": read, "write": write, "seconds": SECONDS}  # fmt: skip
        command = [sys.executable, "-B", "-m", "courseware.grading.worker"]
        done = subprocess.run(
            command, input=json.dumps(job), text=True, capture_output=True, pass_fds=(read, write)
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return graded


def test_each_check_is_run_with_each_seed(graded):
    found = graded("def f(x): return 41.5")
    seen = [
        (r["check"], r["seed"], r["points"], r["passed"], r["message"]) for r in found["results"]
    ]
    assert sorted(set(seen)) == [
        ("test_type", 1, 1, True, ""), ("test_type", 2, 1, True, ""),
        ("test_value", 1, 2, True, ""), ("test_value", 2, 2, True, ""),
    ]  # fmt: skip
    assert len(seen) == 6  # one of them has two parameters
    assert found["cpu"] > 0
    assert found["memory"] > 10**6


def test_what_fails_is_told_without_the_secret(graded):
    found = graded("def f(x): return 1 if x == 1 else None", seeds=[1])
    value, first, second = found["results"]
    assert (value["passed"], value["message"], value["hint"]) == (False, "Look again.", "Think.")
    assert first["passed"]
    assert second["message"] == "It gives something else than what is asked for."
    assert second["broken"].startswith("TypeError: ")
    assert "41.5" not in str(found)


def test_a_cell_that_fails_is_told(graded):
    found = graded("x = 1", "1 / 0")
    assert found["failed"] == "ZeroDivisionError: division by zero"
    assert found["results"] == []


def test_an_exercise_is_graded_with_what_it_needs():
    def cell(name, *tags, **syllab):
        return new_code_cell(name, id=name, metadata={"tags": list(tags), "syllab": syllab})

    notebook = new_notebook(cells=[
        cell("a", "setup"), cell("b", "exercise", exercise="one"), cell("c"),
        cell("d", "exercise", exercise="two", needs=["one"]), cell("e", "setup"),
        cell("f", "exercise", exercise="three", needs=["two"], slow=True),
        cell("g", "check", exercise="one"),
    ])  # fmt: skip
    needed = {
        name: [c.id for c in cells.needed(notebook, name)] for name in ("one", "two", "three")
    }
    assert needed == {"one": ["a", "b", "e"], "two": ["a", "b", "d", "e"],
                      "three": ["a", "b", "d", "e", "f"]}  # fmt: skip
    assert [cells.is_slow(notebook, name) for name in ("one", "three")] == [False, True]
    with pytest.raises(KeyError):
        cells.needed(notebook, "four")
