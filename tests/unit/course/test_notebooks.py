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


def test_an_official_check_for_no_exercise(wrong):
    [found] = wrong(*BLOCKS, **{"checks/test_intro.py": '\n@exercise("two")\ndef test(lab): ...\n'})
    assert found[0] == 2
    assert "a check for 'two', which is not an exercise of" in found[1]


def test_official_checks_that_are_not_python(wrong):
    [found] = wrong(*BLOCKS, **{"checks/test_intro.py": "def test(:\n"})
    assert found[0] == 1
    assert "is not valid Python" in found[1]


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
    ]
    starters = {c["id"]: c for c in json.loads(student)["cells"]}
    for each in solved:
        secret = set("".join(each["source"]).splitlines())
        secret -= set("".join(starters[each["id"]]["source"]).splitlines())
        assert secret
        assert not [line for line in secret if json.dumps(line)[1:-1] in student and len(line) > 60]
