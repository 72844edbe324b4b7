"""Shows that a course's exercises can be graded: solutions score, starters and wrong answers don't.

The runs of the solved notebooks keep to their budgets. Each official check passes for the solution
with every seed, fails for the starter, and fails for at least one of the wrong answers that stand
beside it, which are tried with two seeds. What was shown is kept, and shown again only when
something changed.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import courseware.checks
import courseware.grading
import docker
import nbformat
from courseware import official, tutorial
from courseware.course import Course
from courseware.errors import CourseError, Problem
from courseware.grading import cells
from courseware.grading.worker import Grading
from docker.models.images import Image
from nbformat import NotebookNode

from cloudlab import execution, grade_run, judgement, lab_run, system
from cloudlab.digest import inputs_sha256
from cloudlab.judgement import RIGHT, SEEDS, STARTER, Gate, Row, judged, over_budget, row, table
from cloudlab.progress import Step, step
from cloudlab.workspace import Workspace

# What decides, beside the course itself and its image.
CODE = [
    Path(courseware.grading.__file__).parent,
    *map(Path, (courseware.checks.__file__, judgement.__file__, grade_run.__file__, __file__)),
]
TABLE = "exercises.md"


@dataclass(frozen=True)
class Attempt:
    """An answer to an exercise; `name` is that of the wrong answer, else solution or starter."""

    tutorial: str
    exercise: str
    name: str
    source: str
    seeds: tuple[int, ...]


def ensure(course: Course, workspace: Workspace, client: docker.DockerClient, image: Image) -> None:
    """Grade solutions, starters and wrong answers; leave the table of all exercises.

    It is var/notebooks/gates/exercises.md. Raises CourseError with all that isn't as it should be.
    """
    folder, owner = workspace.notebooks / "gates", str(workspace.var)
    system.private_folder(folder)
    gates = list(_gates(course, workspace, image))
    rows = {gate.source.id: _known(folder, gate) for gate in gates}
    changed = {gate.source.id: gate for gate in gates if not rows[gate.source.id]}
    with step("Grading the exercises") as current:
        graded = _graded(course, client, image, owner, changed, current)
        runs = {each.id: _executed(workspace, each.id) for each in course.tutorials}
        problems = [
            problem
            for each in course.tutorials
            for problem in over_budget(
                tutorial.read(each.id, course.folder / each.path), each, runs[each.id]
            )
        ]
        for name, gate in changed.items():
            gradings = {exercise: graded[name, exercise] for exercise in gate.source.exercises()}
            found = [p for e, g in gradings.items() for p in judged(gate, e, g)]
            rows[name] = [row(gate, e, g) for e, g in gradings.items()]
            problems += found
            if not found:
                _keep(folder, gate, rows[name])
        every = [each for gate in gates for each in rows[gate.source.id]]
        (folder / TABLE).write_text(table(every, runs), encoding="utf-8")
        system.hand_over(folder)
        if problems:
            raise CourseError(problems)
        answers = sum(map(len, graded.values()))
        again = f"{answers} answers graded" if answers else "as before"
        total = sum(each.points for each in every)
        current.outcome = f"{len(every)} exercises, {total:g} points, {again}; {folder / TABLE}"


def _graded(
    course: Course,
    client: docker.DockerClient,
    image: Image,
    owner: str,
    gates: dict[str, Gate],
    current: Step,
) -> dict[tuple[str, str], dict[str, Grading]]:
    """The gradings of all answers by tutorial and exercise, then by the answer's name."""
    attempts = [attempt for gate in gates.values() for attempt in _attempts(gate)]

    def grade(attempt: Attempt) -> Grading:
        gate = gates[attempt.tutorial]
        needed = cells.needed(gate.solved, attempt.exercise)
        own = cells.exercises(gate.solved)[attempt.exercise].id
        sources = [attempt.source if c.id == own else c.source for c in needed]
        return grade_run.grade(
            client, image, course.lab, owner=owner, cells=sources, checks=gate.checks,
            exercise=attempt.exercise, seeds=list(attempt.seeds),
        )  # fmt: skip

    graded: dict[tuple[str, str], dict[str, Grading]] = {}
    ended = lab_run.in_parallel(client, owner, grade, attempts)
    for number, (attempt, done) in enumerate(ended, 1):
        of_exercise = graded.setdefault((attempt.tutorial, attempt.exercise), {})
        of_exercise[attempt.name] = done.result()
        current.doing(f"{number} of {len(attempts)} answers: {attempt.tutorial}")
    return graded


def _gates(course: Course, workspace: Workspace, image: Image) -> Iterator[Gate]:
    for entry in course.tutorials:
        checks = official.checks_file(course, entry.id)
        if not checks.is_file():
            continue
        notebook = workspace.notebooks / "solution" / f"{entry.id}.ipynb"
        wrong, source = official.wrong_file(course, entry.id), course.folder / entry.path
        if not wrong.is_file():
            what, remedy = "no wrong answers to try the checks with", f"write some into {wrong}"
            raise CourseError([Problem(str(checks), None, "", what, remedy)])
        ran = execution.made_from(notebook, course.lab, image)
        digest = inputs_sha256([source, checks, wrong, *CODE], ran)
        yield Gate(tutorial.read(entry.id, source), notebook, checks, wrong, digest)


def _attempts(gate: Gate) -> Iterator[Attempt]:
    """Solution, starter and wrong answers of each exercise. Raises CourseError."""
    solved, answers = cells.exercises(gate.solved), _wrong_answers(gate.wrong)
    starters = {c.exercise: c.node.source for c in gate.source.cells if c.part == "exercise"}
    for exercise, cell in solved.items():
        few = tuple(SEEDS[:1] if cells.is_slow(gate.solved, exercise) else SEEDS[:2])
        yield Attempt(gate.source.id, exercise, RIGHT, cell.source, tuple(SEEDS))
        yield Attempt(gate.source.id, exercise, STARTER, starters[exercise], few[:1])
        for answer in answers.get(exercise, []):
            source = _made_wrong(gate, answer, cell.source)
            yield Attempt(gate.source.id, exercise, answer.__name__, source, few)


def _made_wrong(gate: Gate, answer: Callable[[str], str], solution: str) -> str:
    """The wrong answer's source. Raises CourseError when there is none."""
    what = ""
    try:
        source = answer(solution)
    except Exception as error:
        what = f"fails with {type(error).__name__}: {error}"
    else:
        if not isinstance(source, str):
            what = "returns no source"
        elif source == solution:
            what = "changes nothing in the solution"
    if what:
        remedy = "return the solution with something replaced"
        raise CourseError([Problem(str(gate.wrong), None, answer.__name__, what, remedy)])
    return source


def _wrong_answers(path: Path) -> dict[str, list[Callable[[str], str]]]:
    """The functions marked `@wrong` by exercise. Raises CourseError when the file fails."""
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        what = f"fails with {type(error).__name__}: {error}"
        raise CourseError([Problem(str(path), None, "", what, "correct it")]) from error
    found: dict[str, list[Callable[[str], str]]] = {}
    for function in names.values():
        if hasattr(function, "wrong_answer_to"):
            found.setdefault(function.wrong_answer_to, []).append(function)
    return found


def _executed(workspace: Workspace, name: str) -> NotebookNode:
    return nbformat.read(workspace.notebooks / "executed" / f"{name}.ipynb", as_version=4)


def _known(folder: Path, gate: Gate) -> list[Row]:
    """What was seen of a tutorial's exercises before; nothing when it changed since."""
    try:
        known = json.loads((folder / f"{gate.source.id}.json").read_bytes())
        return [Row(**each) for each in known["rows"] if known["made_from"] == gate.made_from]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _keep(folder: Path, gate: Gate, rows: list[Row]) -> None:
    known = {"made_from": gate.made_from, "rows": [asdict(each) for each in rows]}
    (folder / f"{gate.source.id}.json").write_text(json.dumps(known, indent=1), encoding="utf-8")
