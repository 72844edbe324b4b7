"""The roster: who is on it, and a clear message for each way to get it wrong."""

import pytest
from courseware import roster
from courseware.errors import CourseError
from courseware.roster import Seat
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / "roster.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return roster.load(path)

    return load


HEAD = "username,name,role\n"


def test_seats_in_order(load):
    seats = load(HEAD + "seat01,Seat 1,participant\nann,Ann A,organiser\n")
    assert seats == [Seat("seat01", "Seat 1", "participant"), Seat("ann", "Ann A", "organiser")]


def test_names_are_any_text(load):
    names = ["<'&\">", "王小明", "Zoë Ångström", "محمد", "O'Neil, Ann", "=1+1"]
    rows = [f'u{n},"{name.replace(chr(34), chr(34) * 2)}",helper' for n, name in enumerate(names)]
    assert [seat.name for seat in load(HEAD + "\n".join(rows))] == names


def test_what_spreadsheets_write(load):
    text = "\ufeffRole, Username ,Name\r\nparticipant,a, Ann \r\n,,\r\n\r\nhelper,b,Ben\r\n"
    assert load(text) == [Seat("a", "Ann", "participant"), Seat("b", "Ben", "helper")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "roster.csv: is empty -> start it with the line: username,name,role"),
        ("\n\n", "is empty"),
        (HEAD, "has no seats"),
        ("username,name\na,A\n", "roster.csv:1: role: is missing"),
        ("username,name,rolle\na,A,helper\n", "rolle: is not a column -> did you mean 'role'?"),
        (HEAD.strip() + ",phone\na,A,helper,1\n", "phone: is not a column -> the columns are"),
        ("username,name,role,name\na,A,helper,B\n", "name: stands twice"),
        ("username;name;role\na;A;helper\n", "not separated by commas -> save it with commas"),
        (
            HEAD + "a,A,helpr\n",
            "roster.csv:2: role: 'helpr' is not a role -> did you mean 'helper'",
        ),
        (HEAD + "a,A,\n", "roster.csv:2: role: is empty"),
        (HEAD + ",A,helper\n", "roster.csv:2: username: is empty"),
        (HEAD + "Ann,A,helper\n", "roster.csv:2: username: 'Ann' can't be a username"),
        (HEAD + "../x,A,helper\n", "'../x' can't be a username"),
        (HEAD + "-a,A,helper\n", "'-a' can't be a username"),
        (HEAD + "a b,A,helper\n", "'a b' can't be a username"),
        (HEAD + "ä,A,helper\n", "can't be a username"),
        (HEAD + "a" * 33 + ",A,helper\n", "is longer than 32 characters"),
        (HEAD + "a,,helper\n", "roster.csv:2: name: is empty"),
        (HEAD + "a," + "x" * 101 + ",helper\n", "name: is longer than 100 characters"),
        (HEAD + "a,A\x1b[31m,helper\n", "name: 'A\\x1b[31m' has a control character"),
        (HEAD + 'a,"A\nB",helper\n', "has a control character"),
        (HEAD + "a,A\u202eB,helper\n", "has a control character"),
        (HEAD + "a,A,B,helper\n", "roster.csv:2: has 4 values for 3 columns -> quote"),
        (HEAD + 'a,"A,helper\n', "is not CSV"),
        (HEAD.encode() + "a,Zoë,helper\n".encode("latin-1"), "roster.csv:2: is not UTF-8 -> save"),
        (
            HEAD + "a,A,helper\n\nb,B,helper\na,C,helper\n",
            "roster.csv:5: username: 'a' is already on line 2",
        ),
    ],
)
def test_a_mistake_gives_one_message(load, text, says):
    with pytest.raises(CourseError) as error:
        load(text)
    assert says in str(error.value)
    assert len(error.value.problems) == 1, str(error.value)


def test_all_mistakes_at_once(load):
    with pytest.raises(CourseError) as error:
        load(HEAD + "A,A,helper\nb,,boss\nb,B,helper\n")
    assert [(p.line, p.key) for p in error.value.problems] == [
        (2, "username"), (3, "name"), (3, "role"), (4, "username"),
    ]  # fmt: skip


def test_no_file(tmp_path):
    with pytest.raises(CourseError, match="can't be read"):
        roster.load(tmp_path / "none.csv")


def test_the_sample_roster(cns2024):
    seats = roster.load(cns2024.folder / "roster.csv")
    roles = [seat.role for seat in seats]
    assert [roles.count(role) for role in roster.ROLES] == [40, 2, 1]
    assert seats[0] == Seat("seat01", "Seat 1", "participant")


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_a_name_or_has_a_reason(name):
    wrong = roster.wrong_name(name.strip())
    printable = name.strip().isprintable() and 0 < len(name.strip()) <= roster.NAME_LENGTH
    assert wrong is None if printable else wrong is None or all(wrong)
