"""A lab that takes its turn goes on whatever becomes of the grader."""

import json
import socket

import pytest
from courseware.lab import grader
from courseware.lab.turn import turn
from scripted_grader import TOKEN, ScriptedGrader


@pytest.fixture
def scripted_grader(monkeypatch):
    grader = ScriptedGrader()
    monkeypatch.setenv("SYLLAB_GRADER_URL", grader.address)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    yield grader
    grader.stop()


def told(*places):
    """An answer that tells those places."""
    return 200, "".join(f"{json.dumps({'place': place})}\n" for place in places).encode(), {}


def goes_on():
    """Whether a block that has to take its turn is run."""
    ran = False
    with turn():
        ran = True
    return ran


def test_the_place_is_shown_as_it_changes(scripted_grader, capsys):
    scripted_grader.answer = told(2, 2, 1, 1, 0)
    assert goes_on()
    assert capsys.readouterr().out.splitlines() == [
        "Waiting to compile: 2 other labs have to finish first.",
        "Waiting to compile: another lab has to finish first.",
        "Waited 0 s for other labs to compile.",
    ]
    assert scripted_grader.requests == [("POST", "/turns", None)]
    assert scripted_grader.tokens == {f"token {TOKEN}"}


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"error": "There is nothing here."}, {}),
        (429, {"error": "Your lab waits for its turn already, or has it."}, {}),
        (403, {"error": "This token is not one of a lab."}, {}),
        (503, {"error": "The hub doesn't answer."}, {}),
        (302, {}, {"Location": "http://127.0.0.1:9/"}),
        (200, b"<html>", {}),
        (200, b'{"place": "far"}\n', {}),
        (200, b"", {}),
        told(3),
    ],
)
def test_it_goes_on_without_a_turn(scripted_grader, answer):
    scripted_grader.answer = answer
    assert goes_on()


def test_it_goes_on_when_others_take_too_long(scripted_grader, monkeypatch, capsys):
    monkeypatch.setattr("courseware.lab.turn.PATIENCE", 0)
    scripted_grader.answer = told(*[5] * 1000)
    assert goes_on()
    assert capsys.readouterr().out == ""  # they were not even waited for


def test_it_goes_on_without_a_grader(scripted_grader, monkeypatch):
    scripted_grader.stop()
    assert goes_on()
    scripted_grader.start()
    monkeypatch.delenv("SYLLAB_GRADER_URL")
    assert goes_on()
    assert scripted_grader.requests == []


@pytest.mark.parametrize(
    ("name", "value"), [("SYLLAB_GRADER_URL", "nonsense"), ("JUPYTERHUB_API_TOKEN", "a\nb")]
)
@pytest.mark.usefixtures("scripted_grader")
def test_it_goes_on_with_nonsense_about_the_grader(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert goes_on()


@pytest.mark.usefixtures("scripted_grader")
def test_it_goes_on_when_the_grader_says_nothing(monkeypatch):
    monkeypatch.setattr(grader, "SILENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SYLLAB_GRADER_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert goes_on()


@pytest.mark.parametrize("error", [OSError("the compiler's"), ValueError("NESTML's")])
def test_errors_of_the_block_are_its_own(scripted_grader, error):
    scripted_grader.answer = told(0)
    with pytest.raises(type(error)) as raised, turn():
        raise error
    assert raised.value is error
