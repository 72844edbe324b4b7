"""The participant's visible checks."""

import subprocess
import sys

import pytest
from courseware.lab import check as module
from courseware.lab.check import check

pytest_plugins = ["graded_lab"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(module, "_tests", {})
    for name in ("SYLLAB_GRADER_URL", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def good():
    "is a number"


def bad():
    "is large"
    assert 1 > 2, "yours is <small> & 'odd'"


def test_text_without_ipython(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
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


def test_html_and_text_in_a_notebook(lab_alone):
    lab_alone.in_notebook()
    check("<i>rate</i>", good, bad)
    [output] = lab_alone.shell.display_pub.outputs
    assert set(output["data"]) == {"text/plain", "text/html"}
    markup = output["data"]["text/html"]
    assert "&lt;small&gt; &amp; &#x27;odd&#x27;" in markup
    assert "<i>" not in markup
    assert "✗</strong> not yet: is large<br>" in markup
    assert "✓</strong> passed: is a number</li>" in markup
    assert "<script" not in markup


def test_in_a_shell_that_is_no_notebook_it_is_text(lab_alone):
    check("rate", good)
    assert "rate: 1 of 1 checks passed\n" in lab_alone.texts()


def test_little_is_imported_before_the_first_check():
    code = "import sys; import courseware.lab.check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("courseware")}
    assert ours == {"courseware", "courseware.lab", "courseware.lab.check"}
