"""What was run is noted by cell, and the cells that belong to an exercise are known."""

import json
import shutil
from pathlib import Path

import nbformat
from courseware import notebooks
from courseware.grading import cells
from courseware.lab import handed_out, record

pytest_plugins = ["graded_lab"]

REPOSITORY = Path(__file__).resolve().parents[3]


def test_each_cell_is_noted_as_it_was_run_last(lab_alone):
    lab_alone.run("x = 1", "first")
    lab_alone.run("%time y = 2", "second")
    lab_alone.run("x = 3", "first")
    assert record.cells == {"second": "%time y = 2", "first": "x = 3"}
    assert list(record.cells) == ["second", "first"]


def test_a_cell_that_fails_is_noted_too(lab_alone):
    lab_alone.shell.run_cell("1 / 0", cell_id="first")
    lab_alone.shell.run_cell("def", cell_id="second")
    assert record.cells == {"first": "1 / 0", "second": "def"}


def test_code_that_is_in_no_cell_is_not_noted(lab_alone):
    lab_alone.shell.run_cell("x = 1")
    lab_alone.run("get_ipython().run_cell('x = 2')", "first")
    lab_alone.shell.run_cell("x = 3", cell_id="silent", silent=True)
    assert list(record.cells) == ["first"]


def test_an_exercise_needs_the_same_cells_as_for_the_grader(cns2024, tmp_path):
    for name, content in notebooks.make(cns2024).items():
        if name.startswith("student/") and name.endswith(".ipynb"):
            (tmp_path / name.removeprefix("student/")).write_bytes(content)
    read = handed_out.read(str(tmp_path))
    assert len(read) > 1
    for each in read:
        whole = nbformat.read(tmp_path / f"{each.tutorial}.ipynb", as_version=4)
        assert list(each.own) == list(cells.exercises(whole))
        for exercise in each.own:
            assert each.needed(exercise) == [c.id for c in cells.needed(whole, exercise)]


def test_other_notebooks_are_passed_over(tmp_path):
    (tmp_path / "other.ipynb").write_text(json.dumps({"metadata": {}, "cells": []}))
    assert handed_out.read(str(tmp_path)) == []
    assert handed_out.read(str(tmp_path / "missing")) == []


def test_a_kernel_notes_the_cells_that_jupyterlab_names(monkeypatch, tmp_path):
    from jupyter_client.manager import start_new_kernel

    # In the image it lies in the environment's folder of IPython instead.
    profile = tmp_path / "profile_default"
    profile.mkdir()
    shutil.copy(REPOSITORY / "images" / "lab" / "ipython_kernel_config.py", profile)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        _execute(client, "x = 1", cellId="rate-exercise")
        _execute(client, "y = 2")
        reply = _execute(client, "from courseware.lab import record", asked="record.cells")
        assert reply["user_expressions"]["asked"]["data"]["text/plain"] == (
            "{'rate-exercise': 'x = 1'}"
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client, code, asked="None", **metadata):
    """The reply to an execute request as JupyterLab sends it."""
    content = {"code": code, "user_expressions": {"asked": asked}, "stop_on_error": True}
    content |= {"silent": False, "store_history": True, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            assert reply["content"]["status"] == "ok", reply["content"]
            return reply["content"]
