"""The participant's visible checks."""

import sys

import pytest
from courseware.lab import check as module
from courseware.lab.check import check


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(module, "_tests", {})
    monkeypatch.setitem(sys.modules, "IPython", None)


def good():
    "is a number"


def bad():
    "is large"
    assert 1 > 2, "yours is <small> & 'odd'"


def test_text_without_ipython(capsys):
    check("rate", good, bad)
    text = capsys.readouterr().out
    assert "rate: 1 of 2 checks passed" in text
    assert "passed   is a number" in text
    assert "not yet  is large\n           yours is <small> & 'odd'" in text
    assert "it is not a grade" in text


def test_the_name_alone_runs_them_again(capsys):
    check("rate", good)
    capsys.readouterr()
    check("rate")
    assert "rate: 1 of 1 checks passed" in capsys.readouterr().out


def test_an_unknown_exercise(capsys):
    check("rate", good)
    capsys.readouterr()
    check("rat")
    assert (
        "Nothing to check for 'rat': run its check cell first. Known: rate."
        in capsys.readouterr().out
    )


class Rude(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (NameError("name 'x' is not defined"), "NameError: name 'x' is not defined"),
        (AssertionError(), "not yet"),
        (SystemExit(3), "SystemExit: 3"),
        (Rude(), "Rude: (without a message)"),
        (ValueError("x" * 5000), "ValueError: " + "x" * 600 + "\n"),
        (RecursionError(), "RecursionError: "),
    ],
)
def test_whatever_the_code_does_there_is_no_traceback(capsys, raised, says):
    def test():
        raise raised

    check("rate", test, good)
    text = capsys.readouterr().out
    assert says in text
    assert "1 of 2" in text


def test_an_interrupt_is_the_participants_own():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("rate", interrupted)


def test_something_that_is_no_test(capsys):
    check("rate", 3)
    assert "'int' object is not callable" in capsys.readouterr().out


def test_html_and_text_in_a_notebook(monkeypatch):
    import types

    shown = []
    fake = types.ModuleType("IPython")
    fake.get_ipython = lambda: object()
    display = types.ModuleType("IPython.display")
    display.display = lambda data, raw: shown.append(data)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    check("<i>rate</i>", good, bad)
    [data] = shown
    assert set(data) == {"text/plain", "text/html"}
    assert "&lt;small&gt; &amp; &#x27;odd&#x27;" in data["text/html"]
    assert "<i>" not in data["text/html"]
    assert "✗</strong> not yet: is large<br>" in data["text/html"]
    assert "✓</strong> passed: is a number</li>" in data["text/html"]
    assert "<script" not in data["text/html"]
