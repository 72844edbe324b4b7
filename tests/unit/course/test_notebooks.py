"""Student and solution notebooks: what is in them, that it stays the same, and clear mistakes."""

import json
from hashlib import sha256

import nbformat
import pytest
from courseware import notebooks
from courseware.errors import CourseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COURSE = "title: x\ntutorials:\n  - {id: intro, title: Intro}\n"


def cell(part, exercise, code):
    header = f"---\ntags: [{part}]\nsyllab: {{exercise: {exercise}}}\n---"
    return f"```{{code-cell}} python\n{header}\n{code}\n```"


BLOCKS = [
    "# Title\n\nText with the name of the game.",
    "```{code-cell} python\n:tags: [setup]\nimport math\n```",
    "## One\n\nText.",
    cell("exercise", "one", "def one():\n    return None  # yours"),
    cell("solution", "one", "def one():\n    return 41 + 1  # the secret"),
    cell("check", "one", "print(one())"),
    "Text without heading.",
    "```{code-cell} python\nprint(1)\n```",
    "```{code-cell} python\nprint(2)\n```",
]


@pytest.fixture
def make(load):
    def make(*blocks, **files):
        text = "\n\n".join(blocks or BLOCKS) + "\n"
        return notebooks.make(load(COURSE, **{"tutorials/intro.md": text}, **files))

    return make


@pytest.fixture
def wrong(make):
    def wrong(*blocks, **files):
        with pytest.raises(CourseError) as error:
            make(*blocks, **files)
        return [(p.line, f"{p.what} -> {p.remedy}") for p in error.value.problems]

    return wrong


def cells(files, kind="student"):
    return {c["id"]: c for c in json.loads(files[f"{kind}/intro.ipynb"])["cells"]}


def test_the_student_gets_starters_the_solution_takes_their_place(make):
    files = make()
    student, solution = cells(files), cells(files, "solution")
    assert list(student) == list(solution)
    assert "# yours" in "".join(student["one-exercise"]["source"])
    assert "# the secret" in "".join(solution["one-exercise"]["source"])
    assert solution["one-exercise"]["metadata"] == {
        "syllab": {"exercise": "one"},
        "tags": ["exercise", "solution"],
    }


def test_nothing_of_the_solution_or_the_checks_is_in_the_student_notebook(make):
    files = make(
        *BLOCKS,
        '+++ {"tags": ["solution"], "syllab": {"exercise": "one"}}\n\nWhy 41: a secret too.',
        "+++\n\nEnd.",
        "% a comment: the secret",
        **{"checks/test_intro.py": '@exercise("one", hint="secret")\ndef test_one(lab): ...\n'},
    )
    assert "secret" not in files["student/intro.ipynb"].decode()
    assert files["solution/intro.ipynb"].decode().count("secret") == 2
    assert "End." in files["student/intro.ipynb"].decode()


def test_notebooks_are_valid_and_have_a_kernel(make):
    for name, content in make().items():
        if name.endswith(".ipynb"):
            notebook = nbformat.reads(content.decode(), as_version=nbformat.NO_CONVERT)
            nbformat.validate(notebook)
            assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
            assert notebook.metadata.kernelspec.name == "python3"
            assert notebook.metadata.syllab.tutorial == "intro"


def test_the_same_course_gives_the_same_bytes(make):
    assert make() == make()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.integers(0, len(BLOCKS)), st.sampled_from(["prose", "code", "heading"]))
def test_inserting_a_cell_changes_no_other_id(make, where, kind):
    new = {
        "prose": "+++\n\nAnother paragraph.\n\n+++",
        "code": "```{code-cell} python\nprint(3)\n```",
        "heading": "## Another\n\nThing.\n\n+++",
    }[kind]
    before = list(cells(make()))
    after = list(cells(make(*BLOCKS[:where], new, *BLOCKS[where:])))
    assert len(after) == len(before) + 1
    assert [each for each in after if each in before] == before


def test_editing_an_exercise_or_a_section_keeps_its_id(make):
    edited = [block.replace("# yours", "# your turn").replace("Text.", "New.") for block in BLOCKS]
    assert list(cells(make(*edited))) == list(cells(make()))


def test_equal_cells_have_ids_of_their_own(make):
    assert len(cells(make(*BLOCKS, *BLOCKS[-2:]))) == len(cells(make())) + 2


def test_official_checks_are_bundled_with_their_hashes(make):
    check = '@exercise("one")\ndef test_one(lab): ...\n'
    files = make(**{"checks/test_intro.py": check, "checks/wrong_intro.py": "one = 3\n"})
    assert files["checks/test_intro.py"] == check.encode()
    assert files["checks/checks.sha256"] == (
        f"{sha256(check.encode()).hexdigest()}  test_intro.py\n".encode()
    )
    assert "checks/wrong_intro.py" not in files


def test_build_replaces_what_it_made_and_leaves_the_rest(load, tmp_path):
    course, out = load(COURSE, **{"tutorials/intro.md": "# A\n"}), tmp_path / "out"
    for old in ("student/old.ipynb", "executed/intro.ipynb"):
        (out / old).parent.mkdir(parents=True)
        (out / old).write_text("{}")
    notebooks.build(course, out)
    made = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert made == [
        "checks/checks.sha256",
        "executed/intro.ipynb",
        "solution/intro.ipynb",
        "student/intro.ipynb",
    ]


def test_a_mistake_leaves_the_last_build_alone(load, tmp_path):
    out = tmp_path / "out"
    notebooks.build(load(COURSE, **{"tutorials/intro.md": "# A\n"}), out)
    before = (out / "student" / "intro.ipynb").read_bytes()
    with pytest.raises(CourseError):
        notebooks.build(load(COURSE, **{"tutorials/intro.md": BLOCKS[4]}), out)
    assert (out / "student" / "intro.ipynb").read_bytes() == before


EXERCISE, SOLUTION, CHECK = BLOCKS[3:6]
UNNAMED = "```{code-cell} python\n:tags: [exercise]\nx\n```"
PARTLESS = "```{code-cell} python\n---\nsyllab: {exercise: one}\n---\nx\n```"
TYPO = (
    "```{code-cell} python\n---\ntags: [check]\nsyllab: {exercise: one, neds: [one]}\n---\nx\n```"
)
NEEDS = (
    "```{code-cell} python\n---\ntags: [check]\nsyllab: {exercise: one, needs: [onn]}\n---\nx\n```"
)


@pytest.mark.parametrize(
    ("blocks", "line", "says"),
    [
        ([EXERCISE], 2, "'one' has no solution -> add a code cell tagged solution"),
        ([SOLUTION, EXERCISE], 2, "the solution of 'one' stands before the exercise"),
        ([SOLUTION], 2, "a solution for 'one', which is not an exercise here"),
        ([EXERCISE, SOLUTION, cell("check", "onne", "x")], 20, "did you mean 'one'?"),
        ([EXERCISE, SOLUTION, EXERCISE], 20, "'one' has a second exercise: the first is on line 2"),
        ([EXERCISE, SOLUTION, SOLUTION], 20, "'one' has a second solution"),
        ([UNNAMED], 2, "this exercise cell doesn't name its exercise"),
        ([PARTLESS], 2, "a cell of 'one' has no part in it"),
        ([cell("exercise", "A B", "x")], 2, "'A B' can't be a name"),
        ([cell("exercise, check", "one", "x")], 2, "can't be exercise and check -> keep one"),
        ([EXERCISE, SOLUTION, TYPO], 20, "did you mean 'needs'?"),
        ([EXERCISE, SOLUTION, NEEDS], 20, "'onn' is not an exercise -> did you mean 'one'?"),
        ([EXERCISE, SOLUTION, NEEDS.replace("[onn]", "one")], 20, "must be a list of names"),
        ([EXERCISE, SOLUTION, NEEDS.replace("needs: [onn]", "slow: 9")], 20, "must be true or"),
        ([UNNAMED.replace("[exercise]", "[prebuild]"), EXERCISE], 7, "'one' has no solution"),
        (["a\n\n```{code-cell} python\nx"], 3, "this fence is never closed"),
        (["a\n\n```{code-cell} python\n---\ntags: [\n---\nx\n```"], 3, "is not valid MyST"),
        (["```{code-cell} python\n:tags: x\nx\n```"], None, "tags are a list"),
        (["a\n\n```{figure} x.png\n```"], 3, "a notebook can't show the directive {figure}"),
    ],
)
def test_a_mistake_gives_one_message_with_its_line(wrong, blocks, line, says):
    [found] = wrong(*blocks)
    assert found[0] == line
    assert says in found[1]


ONE = '@exercise("one", points=2)\ndef test_one(lab): ...\n'
TWO = '@exercise("two")\ndef test_two(lab): ...\n'


@pytest.mark.parametrize(
    ("checks", "line", "says"),
    [
        (ONE + TWO, 3, "a check for 'two', which is not an exercise of"),
        (ONE.replace("one", "onne") + ONE, 1, "did you mean 'one'?"),
        (ONE + ONE, 3, "a second test_one: the first is on line 1 -> rename one of them"),
        (ONE.replace("points=2", "points=0"), 1, "test_one gives 0 points -> "),
        (ONE.replace("points=2", 'points="2"'), 1, "test_one gives 0 points -> "),
        ("def test(:\n", 1, "is not valid Python"),
    ],
)
def test_a_mistake_in_the_official_checks(wrong, checks, line, says):
    [found] = wrong(*BLOCKS, **{"checks/test_intro.py": checks})
    assert found[0] == line
    assert says in found[1]


def test_an_exercise_without_an_official_check(wrong):
    [found] = wrong(*BLOCKS, **{"checks/test_intro.py": "# nothing yet\n"})
    assert found[0] == 15
    assert "'one' has no official check -> add a test marked @exercise('one'" in found[1]


def test_a_wrong_answer_to_no_exercise(wrong):
    [found] = wrong(*BLOCKS, **{"checks/wrong_intro.py": "@wrong('onne')\ndef f(s): ...\n"})
    assert found[0] == 1
    assert "a wrong answer for 'onne', which is not an exercise of" in found[1]


def test_points_that_do_not_add_up(load):
    files = {"tutorials/intro.md": "\n\n".join(BLOCKS) + "\n", "checks/test_intro.py": ONE}
    course = load(COURSE.replace("Intro}", "Intro, points: 3}"), **files)
    with pytest.raises(CourseError, match="give 2 points in all, course"):
        notebooks.make(course)


SLIDES = """+++ {"tags": ["slide"]}

## One

- said in the talk

+++
"""
PREBUILD = """```{code-cell} python
---
tags: [prebuild]
syllab: {needs: [one]}
---
keep(one())
```"""


def test_what_is_only_on_slides_is_in_no_notebook_and_changes_no_id(make):
    before = make()
    after = make(*BLOCKS[:2], SLIDES, *BLOCKS[2:])
    for kind in ("student", "solution"):
        assert b"said in the talk" not in after[f"{kind}/intro.ipynb"]
        assert list(cells(after, kind)) == list(cells(before, kind))


def test_what_the_image_prepares_is_the_solution_and_stays_out_of_the_student_notebook(make):
    script = make(*BLOCKS, PREBUILD)["prebuild/intro.py"].decode()
    assert script == ("import math\n\ndef one():\n    return 41 + 1  # the secret\n\nkeep(one())\n")
    assert not any(name.startswith("prebuild/") for name in make())


def test_files_that_a_tutorial_links_to_go_along(make, wrong):
    files = make("See [it](more/long.py).", **{"tutorials/more/long.py": "print(1)\n"})
    assert files["student/more/long.py"] == files["solution/more/long.py"] == b"print(1)\n"
    [found] = wrong("Text.\n\nSee [it](../secret.txt).", **{"secret.txt": "x"})
    assert found[0] == 3
    assert "nothing to link to at ../secret.txt" in found[1]


def test_a_source_that_is_not_utf8(load, tmp_path):
    course = load(COURSE, **{"tutorials/intro.md": "x"})
    (tmp_path / "tutorials" / "intro.md").write_bytes(b"\xff")
    with pytest.raises(CourseError, match=r"intro\.md: is not UTF-8"):
        notebooks.make(course)


def test_the_introduction(cns2024):
    files = notebooks.make(cns2024)
    student = files["student/introduction.ipynb"].decode()
    solution = json.loads(files["solution/introduction.ipynb"])
    solved = [c for c in solution["cells"] if "solution" in c["metadata"].get("tags", [])]
    assert [c["metadata"]["syllab"]["exercise"] for c in solved] == [
        "rheobase",
        "fi_curve",
        "psp_peak",
        "balance",
        "regimes",
    ]
    starters = {c["id"]: c for c in json.loads(student)["cells"]}
    for each in solved:
        secret = set("".join(each["source"]).splitlines())
        secret -= set("".join(starters[each["id"]]["source"]).splitlines())
        assert secret
        assert not [line for line in secret if json.dumps(line)[1:-1] in student and len(line) > 60]
