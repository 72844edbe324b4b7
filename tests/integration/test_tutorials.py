"""Each tutorial runs from top to bottom in the lab's image; a failure is told, outputs are kept."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import docker
import nbformat
import pytest
from cloudlab import lab_run
from courseware import course as courses
from courseware.tutorial import read
from docker.models.containers import Container
from nbformat import NotebookNode
from running_course import RunningCourse

COURSE = courses.load(RunningCourse.course)
SOURCES = {each.id: read(each.id, COURSE.folder / each.path) for each in COURSE.tutorials}
TUTORIALS = [name for name, source in SOURCES.items() if source.exercises()]


def executed(course: RunningCourse, tutorial: str) -> Path:
    """The solved notebook with its outputs, as `up` and `notebooks` leave it."""
    return course.var / "notebooks" / "executed" / f"{tutorial}.ipynb"


def run(course: RunningCourse, notebook: Path) -> NotebookNode:
    """A notebook run in a container that is locked in like a lab, whatever fails in it."""
    engine = docker.from_env()
    image = engine.images.get(course.settings["image"])
    owner = str(course.var)
    return lab_run.execute(engine, image, COURSE.lab, notebook, owner=owner, allow_errors=True)


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text(notebook: NotebookNode) -> str:
    """All that a notebook printed and displayed as text."""
    return "\n".join(
        o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs(notebook)
    )


def errors(notebook: NotebookNode) -> list[str]:
    return [o.evalue for o in outputs(notebook) if o.output_type == "error"]


def scores(notebook: NotebookNode) -> list[tuple[int, int]]:
    """What each visible check said: so many passed, of so many."""
    found = re.findall(r"(\d+) of (\d+) checks passed", text(notebook))
    return [(int(passed), int(of)) for passed, of in found]


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_solution_runs_and_passes_its_own_checks(running_course, tutorial):
    solved = nbformat.read(executed(running_course, tutorial), as_version=4)
    assert errors(solved) == []
    assert scores(solved)
    assert all(passed == of for passed, of in scores(solved))


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_student_notebook_runs_with_its_checks_failing(running_course, tutorial):
    student = running_course.var / "notebooks" / "student" / f"{tutorial}.ipynb"
    done = run(running_course, student)
    assert errors(done) == []
    assert scores(done)
    assert all(passed < of for passed, of in scores(done))


def test_the_introduction_shows_what_nest_computes(running_course):
    shown = text(nbformat.read(executed(running_course, "introduction"), as_version=4))
    assert "spikes, at [ 27.8" in shown  # 400 pA into iaf_psc_alpha
    assert "first 11.4 ms, last 25.0 ms" in shown  # the adapting neuron written in NESTML
    assert "tiringmodule: compiled before" in shown  # when the image was built


def test_what_has_run_is_not_run_again(running_course):
    done = running_course.syllab("notebooks")
    assert "Running the tutorials: all as they were" in done.stdout


def test_a_run_is_locked_in_like_a_lab(running_course, tmp_path):
    cells = [
        "import os, pathlib, socket",
        "print(os.getuid(), os.environ['OMP_NUM_THREADS'])",
        "pathlib.Path('/var/tmp/mine').write_text('')",
        "socket.create_connection(('1.1.1.1', 53), timeout=3)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, tmp_path / "probe.ipynb")
    done = run(running_course, tmp_path / "probe.ipynb")
    assert text(done).strip() == "70123 1"
    read_only, unreachable = errors(done)
    assert "Read-only file system" in read_only
    assert "Network is unreachable" in unreachable


ONE = """# One

```{code-cell} python
---
tags: [exercise]
syllab: {exercise: half}
---
def half(x):
    return None
```

```{code-cell} python
---
tags: [solution]
syllab: {exercise: half}
---
# Half as much.

half = lambda x: x / 2
print("half of 3 is", half(3))
```
"""
TWO = """# Two

```{code-cell} python
print("two")
```
"""


@pytest.fixture
def small(tmp_path, running_course: RunningCourse):
    """A course of two tutorials, without a simulator, whose notebooks were made."""
    folder = tmp_path / "Small course"
    (folder / "tutorials").mkdir(parents=True)
    (folder / "tutorials" / "one.md").write_text(ONE)
    (folder / "tutorials" / "two.md").write_text(TWO)
    tutorials = "tutorials: [{id: one, title: One}, {id: two, title: Two}]\n"
    (folder / "course.yml").write_text(f"title: Small\nlab: {{memory: 256M}}\n{tutorials}")
    course = RunningCourse(var=tmp_path / "var", port=0, course=folder)
    made = course.syllab("notebooks")
    assert "Running the tutorials: 2 run" in made.stdout
    yield course
    assert course.syllab("clean", "--yes").returncode == 0
    engine = docker.from_env()
    for image in engine.images.list("syllab/course-small-course"):
        engine.images.remove(image.id, force=True)


def change(course: RunningCourse, tutorial: str, old: str, new: str) -> Path:
    source = course.course / "tutorials" / f"{tutorial}.md"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))
    return source


def test_only_what_changed_is_run_again(small):
    one, two = executed(small, "one"), executed(small, "two")
    before = one.stat()
    change(small, "two", '"two"', '"too"')
    assert "Running the tutorials: 1 run" in small.syllab("notebooks").stdout
    assert "too\n" in text(nbformat.read(two, as_version=4))
    assert (one.stat().st_ino, one.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert one.parent.stat().st_mode & 0o77 == 0  # solutions are for the organiser alone

    (small.course / "course.yml").write_text("title: S\ntutorials: [{id: two, title: Two}]\n")
    assert small.syllab("notebooks").returncode == 0
    assert [path.name for path in one.parent.iterdir()] == ["two.ipynb"]


def test_a_cell_that_fails_is_told_with_its_line_and_changes_nothing(small):
    before = executed(small, "one").read_bytes()
    source = change(small, "one", "x / 2", "x / 0")
    done = small.syllab("notebooks")
    assert done.returncode == 1
    line = ONE.splitlines().index('print("half of 3 is", half(3))')  # the line before, from 1
    assert f"{source}:{line}: fails with ZeroDivisionError: division by zero" in done.stdout
    assert "Traceback" not in done.stdout
    assert executed(small, "one").read_bytes() == before
    (log,) = (small.var / "log").glob("notebook-one.log")
    assert str(log) in done.stdout
    assert "half = lambda x: x / 0" in log.read_text()


def test_a_cell_that_takes_too_much_memory_is_told(small):
    source = change(small, "two", 'print("two")', "print(1)\nx = bytearray(2**30)")
    done = small.syllab("notebooks")
    line = TWO.splitlines().index('print("two")') + 1
    assert f"{source}:{line}: needs more than the memory of a lab -> " in done.stdout
    assert "lab.memory" in done.stdout


def stop(course: RunningCourse, by: signal.Signals) -> int:
    """Stop the command while a notebook runs for ever; its exit code."""
    change(course, "two", '"two"', "1)\nwhile True:\n    (2")
    command = [sys.executable, "-m", "cloudlab.cli", "--course", course.course, "--var", course.var]
    # A shell's background jobs, and all below them, are born deaf to SIGINT.
    hear = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen([*command, "notebooks"], stdout=subprocess.DEVNULL, preexec_fn=hear)
    try:
        while not containers(course):
            assert process.poll() is None, "the command ended before the notebook ran"
    finally:  # whatever happens here, nobody waits for a notebook that runs for ever
        process.send_signal(by)
        returncode = process.wait()
    return returncode


def containers(course: RunningCourse) -> list[Container]:
    """The containers that run its notebooks now; they come and go while the engine lists them."""
    ours = {"label": f"{lab_run.LABEL}={course.var}"}
    return docker.from_env().containers.list(all=True, filters=ours, ignore_removed=True)


def test_interrupted_it_leaves_no_container_and_nothing_half_done(small):
    before = executed(small, "two").read_bytes()
    assert stop(small, signal.SIGINT) == 1
    assert containers(small) == []
    folder = executed(small, "two").parent
    assert sorted(path.name for path in folder.iterdir()) == ["one.ipynb", "two.ipynb"]
    assert executed(small, "two").read_bytes() == before


def test_what_runs_on_after_the_command_was_killed_goes_with_the_course(small):
    stop(small, signal.SIGKILL)
    assert len(containers(small)) == 1
    assert small.syllab("clean", "--yes").returncode == 0
    assert containers(small) == []
