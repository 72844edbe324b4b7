"""Exercises can be graded: what `notebooks` tells of right, unfinished and wrong answers."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest
from cloudlab import grade_run
from courseware.course import Lab
from running_course import RunningCourse

TUTORIAL = """# Halves

```{code-cell} python
:tags: [setup]

UNIT = 1.0
```

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
import sys, warnings

def half(x):
    print("noise", x)
    print("noise", x, file=sys.stderr)
    warnings.warn("noise")
    return x / 2 * UNIT
```

```{code-cell} python
---
tags: [exercise]
syllab: {exercise: quarter, needs: [half]}
---
def quarter(x):
    return 0
```

```{code-cell} python
---
tags: [solution]
syllab: {exercise: quarter}
---
%precision 3
def quarter(x):
    return half(half(x))
```
"""
CHECKS = """from courseware.checks import exercise

@exercise("half", points=2, hint="Divide.")
def test_half(lab):
    x = lab.rng.uniform(1, 9)
    assert abs(lab.number("half", x) - x / 2) < 1e-9, "That is not half as much."

@exercise("quarter")
def test_quarter(lab):
    assert lab.number("quarter", 8.0) == 2, "That is not a quarter."
"""
WRONG = """from courseware.checks import wrong

@wrong("half")
def doubles(solution):
    return solution.replace("UNIT", "UNIT * 4")

@wrong("quarter")
def halves(solution):
    return solution.replace("return ", "return 2 * ")
"""
SOURCES = {"tutorials/halves.md": TUTORIAL, "checks/test_halves.py": CHECKS,
           "checks/wrong_halves.py": WRONG}  # fmt: skip


@pytest.fixture(scope="module")
def halves(tmp_path_factory, running_course):
    """A course of two exercises; `running_course` has started the engine and made the images."""
    base = tmp_path_factory.mktemp("halves")
    folder = base / "Halves"
    folder.mkdir()
    course = RunningCourse(var=base / "var", port=0, course=folder)
    yield course
    assert course.syllab("clean", "--yes").returncode == 0
    engine = docker.from_env()
    for image in engine.images.list("syllab/course-halves"):
        engine.images.remove(image.id, force=True)


@pytest.fixture
def notebooks(halves):
    """Runs `notebooks` on the course, with texts of its files replaced; what was said."""

    def notebooks(file="", old="", new="", *, settings="{id: halves, title: Halves}"):
        (halves.course / "course.yml").write_text(f"title: Halves\ntutorials: [{settings}]\n")
        for name, text in SOURCES.items():
            path = halves.course / name
            path.parent.mkdir(exist_ok=True)
            here = bool(file) and name.startswith(file)
            assert old in text or not here
            path.write_text(text.replace(old, new, 1) if here else text)
        done = halves.syllab("notebooks")
        assert "Traceback" not in done.stdout
        return done

    return notebooks


def gates(course: RunningCourse) -> Path:
    return course.var / "notebooks" / "gates"


def test_the_flagships_exercises_can_be_graded(running_course, capsys):
    done = running_course.syllab("notebooks")
    assert done.returncode == 0, done.stdout
    tables = (gates(running_course) / "exercises.md").read_text()
    with capsys.disabled():
        print(f"\n{tables}")
    tutorials = [json.loads(path.read_text()) for path in gates(running_course).glob("*.json")]
    assert [4 <= len(tutorial["rows"]) <= 6 for tutorial in tutorials] == [True] * 5


def test_right_answers_score_and_wrong_ones_are_caught(notebooks, halves):
    done = notebooks()
    assert done.returncode == 0, done.stdout
    assert "2 exercises, 3 points, 6 answers graded" in done.stdout
    half, quarter = json.loads((gates(halves) / "halves.json").read_text())["rows"]
    assert half["wrong"] == {"doubles": ["test_half"]}
    assert quarter["wrong"] == {"halves": ["test_quarter"]}
    assert quarter["values"] == {"quarter": [2.0, 2.0]}
    low, high = half["values"]["half"]
    assert 0.5 <= low < high <= 4.5  # each seed draws another input
    assert half["cpu"][1] > 0
    table = (gates(halves) / "exercises.md").read_text()
    assert "| halves | quarter | 1 |" in table
    assert gates(halves).stat().st_mode & 0o77 == 0

    again = notebooks()
    assert "2 exercises, 3 points, as before" in again.stdout


SOLUTION, STARTER, CHECK, ANSWER = (
    ("tutorials", "x / 2 *"),
    ("tutorials", "    return None"),
    ("checks/test", 'lab.number("half", x)'),
    ("checks/wrong", "UNIT * 4"),
)
# Twelve seconds of processor time, however fast the machine.
BUSY = """import time
until = time.process_time() + 12
while time.process_time() < until:
    pass
"""
MISTAKES = [
    (*SOLUTION, "x / 3 *", "checks/test_halves.py:3: test_half: fails for the solution with seed 1:"
     " That is not half as much. -> "),
    (*SOLUTION, "1j *", "checks/test_halves.py:3: test_half: fails for the solution with seed 1:"
     " half gives something else than numbers,"),
    (*STARTER, "    return x / 2", "checks/test_halves.py:3: test_half: passes for the starter of"
     " 'half' -> "),
    (*STARTER, "    return None\nmissing", "tutorials/halves.md:10: the starter of 'half' can't be"
     " run: NameError: name 'missing' is not defined -> "),
    ("tutorials", "%precision 3", BUSY,
     "tutorials/halves.md:33: syllab: grading 'quarter' takes "),
    (*CHECK, 'lab.call("half", x)', "checks/test_halves.py:3: test_half: raises TypeError: "),
    ("checks/test", ', "That is not half as much."', "", "checks/test_halves.py:3: test_half: fails"
     " without a message for doubles, an answer to 'half' -> "),
    (*ANSWER, "UNIT * 1", "checks/wrong_halves.py: half: doubles loses no point with seed 1 -> "),
    (*ANSWER, "UNIT", "checks/wrong_halves.py: doubles: changes nothing in the solution -> "),
    ("checks/wrong", '@wrong("half")', "", "checks/test_halves.py:3: test_half:"
     " fails for none of the wrong answers to 'half' -> "),
    (*ANSWER, "UNIT\") + none(\"", "checks/wrong_halves.py: doubles: fails with NameError: "),
    ("checks/test", "def test_half", "def half_of", "checks/test_halves.py:3: half_of: is never"),
    ("checks/test", "from", "import nothing_there\nfrom", "checks/test_halves.py: can't be run:"
     " ModuleNotFoundError: No module named 'nothing_there' -> "),
    ("checks/wrong", "from", "import nothing_there\nfrom", "checks/wrong_halves.py: fails with"
     " ModuleNotFoundError: No module named 'nothing_there' -> "),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "says"), MISTAKES)
def test_a_mistake_is_told_with_file_and_line(notebooks, halves, file, old, new, says):
    done = notebooks(file, old, new)
    assert done.returncode == 1
    assert f"{halves.course}/{says}" in done.stdout


PLOTS = """
import matplotlib.pyplot as plt

def half(x):
    plt.plot([0, x])
    plt.show()
    return x / 2
"""


@pytest.fixture
def graded(running_course, tmp_path):
    """What the checks say of a cell that is an answer to `half`, in the flagship's image."""

    def graded(cell):
        checks = tmp_path / "test_halves.py"
        checks.write_text(CHECKS)
        engine = docker.from_env()
        image = engine.images.get(running_course.settings["image"])
        grading = grade_run.grade(
            engine, image, Lab(), owner=str(running_course.var), cells=[cell], checks=checks,
            exercise="half", seeds=[1, 2],
        )  # fmt: skip
        return [(result.passed, result.message) for result in grading.results]

    return graded


def test_a_solution_that_plots_loses_nothing(graded):
    assert graded(PLOTS) == [(True, "")] * 2


def test_an_answer_that_ends_its_lab_scores_nothing(graded):
    found = graded("import os\ndef half(x): os._exit(0)")
    assert [passed for passed, _ in found] == [False, False]
    assert "it ended" in found[0][1]


def test_a_budget_that_is_not_kept_is_told(notebooks, halves):
    done = notebooks(settings="{id: halves, title: Halves, memory: 8M, cpu: 0.001}")
    assert done.returncode == 1
    assert "of memory, 8M are allowed -> " in done.stdout
    assert "s of processor time, 0.001 s are allowed -> " in done.stdout


def test_checks_without_wrong_answers_are_told(notebooks, halves):
    notebooks()
    (halves.course / "checks" / "wrong_halves.py").unlink()
    done = halves.syllab("notebooks")
    assert done.returncode == 1
    assert "checks/test_halves.py: no wrong answers to try the checks with -> " in done.stdout
