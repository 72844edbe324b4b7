"""Fixtures: a lab's shell with a scripted grader beside it."""

from __future__ import annotations

import shutil
import threading

import nbformat
import pytest
from courseware.lab import check as visible_side
from courseware.lab import official, outbox, record
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from scripted_grader import TOKEN, ScriptedGrader
from traitlets.config import Config


class GradedLab:
    """A kernel's shell in a lab: cells are run in it, and what it shows is read."""

    def __init__(self, shell, capsys, home):
        self.shell, self.capsys, self.home = shell, capsys, home
        self.kept = home / outbox.FOLDER

    def in_notebook(self):
        """From now on as in JupyterLab, which shows HTML; before, as in a terminal."""
        self.shell.kernel = object()
        self.shell.display_pub = CapturingDisplayPublisher()

    def run(self, source, cell):
        assert self.shell.run_cell(source, cell_id=cell).success

    def texts(self):
        """What was printed since."""
        return self.capsys.readouterr().out

    def shown(self, kind="text/html"):
        """Every version of the outputs in the notebook, the newest last."""
        return [output["data"][kind] for output in self.shell.display_pub.outputs]

    def await_sender(self):
        """Wait for the thread that sends what was kept, if there is one, to end."""
        for thread in threading.enumerate():
            if thread.name == outbox.THREAD:
                thread.join(20)

    def kept_files(self):
        return sorted(self.kept.glob("*")) if self.kept.is_dir() else []


def notebook(tutorial, *cells):
    """A notebook as handed out; the cells are (id, source, tags, about)."""
    made = nbformat.v4.new_notebook(metadata={"syllab": {"tutorial": tutorial}})
    for name, source, tags, about in cells:
        metadata = {"tags": tags} | ({"syllab": about} if about else {})
        made.cells.append(nbformat.v4.new_code_cell(source, id=name, metadata=metadata))
    return nbformat.writes(made)


def exercise(name, needs=()):
    about = {"exercise": name} | ({"needs": list(needs)} if needs else {})
    return (f"{name}-exercise", f"def {name}(): ...", ["exercise"], about)


NOTEBOOKS = {
    "introduction": [
        ("imports", "import math", ["setup"], None),
        exercise("rate"),
        ("plot", "1", [], None),
        exercise("peak", needs=["rate"]),
        exercise("both"),
    ],
    "sequences": [
        ("imports", "import math", ["setup"], None),
        ("helper", "2", ["setup"], None),
        exercise("both"),
    ],
}


@pytest.fixture
def scripted_grader():
    grader = ScriptedGrader()
    yield grader
    grader.stop()


@pytest.fixture
def lab_alone(monkeypatch, tmp_path, capsys):
    """A lab outside a hub."""
    home, notebooks = tmp_path / "home", tmp_path / "notebooks"
    home.mkdir()
    notebooks.mkdir()
    for name, cells in NOTEBOOKS.items():
        (notebooks / f"{name}.ipynb").write_text(notebook(name, *cells))
    for name in ("SYLLAB_GRADER_URL", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr(official, "NOTEBOOKS", str(notebooks))
    monkeypatch.setattr(official, "_outbox", outbox.Outbox(home / outbox.FOLDER))
    monkeypatch.setattr(outbox, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(record, "cells", {})
    monkeypatch.setattr(visible_side, "_tests", {})
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.extension_manager.load_extension("courseware.lab.record")
    lab = GradedLab(shell, capsys, home)
    yield lab
    InteractiveShell.clear_instance()
    shutil.rmtree(lab.kept, ignore_errors=True)  # with nothing left to send, the thread ends
    lab.await_sender()


@pytest.fixture
def graded_lab(lab_alone, scripted_grader, monkeypatch):
    """A lab at a hub with a grader."""
    monkeypatch.setenv("SYLLAB_GRADER_URL", scripted_grader.address)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    return lab_alone
