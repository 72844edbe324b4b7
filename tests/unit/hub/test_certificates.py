"""Certificates: who gets one, and what is on the page, read as a screen reader would."""

import io

import pypdf
import pytest
from courseware.errors import UserError
from courseware.hub_settings import Certificate, Signer
from labhub.grader.certificates import Printer, earned
from labhub.grader.grades import Grade
from labhub.grader.table import Row, Table

CERTIFICATE = Certificate(
    language="en-GB",
    heading="Certificate of participation",
    phrase="took part in",
    title="A course & <more>",
    subtitle="For all",
    event="A meeting",
    dates="28 to 30 March 2026",
    place="Natal, Brazil",
    text=["Twelve hours."],
    signed=[Signer(name="Ann Boss", affiliation="Somewhere"), Signer(name="Ben", affiliation="")],
)
MAXIMA = {("intro", "one"): 0.3, ("intro", "two"): 0.7}


@pytest.fixture(scope="module")
def printer():
    with Printer() as printer:
        yield printer


def read(content):
    reader = pypdf.PdfReader(io.BytesIO(content))
    [page] = reader.pages
    return reader, page.extract_text()


def earns(share, **points):
    grades = {("intro", name): Grade(each, 1, 1.0, 1) for name, each in points.items()}
    row = Row("p01", "Ann", grades)
    return earned(row, Table(MAXIMA, [row]), CERTIFICATE.model_copy(update={"share": share}))


def test_one_attempt_is_enough_unless_the_course_asks_for_points():
    assert earns(None, one=0)
    assert not earns(None)


@pytest.mark.parametrize("share", [29.9, 30])
def test_who_has_the_share_of_points_gets_one(share):
    assert earns(share, one=0.1 + 0.2)
    assert not earns(share, one=0.29)
    assert not earns(share)


def test_a_share_is_reached_by_points_that_make_it_on_paper():
    row = Row(
        "p01",
        "Ann",
        {("intro", n): Grade(p, 1, 1.0, 1) for n, p in zip("ab", (0.1, 0.7), strict=True)},
    )
    table = Table({("intro", "a"): 1.0, ("intro", "b"): 1.0}, [row])
    assert table.total(row) < 0.8  # in binary
    assert earned(row, table, CERTIFICATE.model_copy(update={"share": 40}))


def test_all_points_are_all_points():
    assert earns(100, one=0.3, two=0.7)
    assert not earns(100, two=0.7)


def test_a_course_without_exercises_has_nobody_with_a_share_of_points():
    row = Row("p01", "Ann", {})
    certificate = CERTIFICATE.model_copy(update={"share": 50})
    assert not earned(row, Table({}, [row]), certificate)


def test_the_page_says_all_in_order(printer):
    _, text = read(printer.pdf(CERTIFICATE, "Zoë Nguyễn"))
    assert text.split("\n") == [
        "A meeting", "Certificate of participation", "Zoë Nguyễn", "took part in",
        "A course & <more>", "For all", "28 to 30 March 2026  ·  Natal, Brazil", "Twelve hours.",
        "Ann Boss", "Somewhere", "Ben",
    ]  # fmt: skip


def test_it_is_one_landscape_a4_page_with_tags_title_and_language(printer):
    reader, _ = read(printer.pdf(CERTIFICATE, "Ann Ä"))
    width, height = reader.pages[0].mediabox[2:]
    assert (round(width), round(height)) == (842, 595)
    assert reader.metadata.title == "Certificate of participation: Ann Ä"
    assert reader.root_object["/Lang"] == "en-GB"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert reader.root_object["/ViewerPreferences"]["/DisplayDocTitle"]


@pytest.mark.parametrize("name", [
    '#read("/etc/passwd")', "*bold* _it_ $x$ `c` @ref <label>", "// no comment", "= Heading",
    "\\u{41} \\ #", "(a) << /JS >> endobj", "Ελένη Ђорђе",
])  # fmt: skip
def test_a_name_is_text_and_nothing_else(printer, name):
    assert name in read(printer.pdf(CERTIFICATE, name))[1].split("\n")


def test_the_same_input_gives_the_same_bytes(printer):
    with Printer() as another:
        assert another.pdf(CERTIFICATE, "Ann") == printer.pdf(CERTIFICATE, "Ann")


def test_what_a_course_does_not_say_is_left_out(printer):
    empty = {"subtitle": "", "event": "", "dates": "", "place": "", "text": [], "signed": []}
    _, text = read(printer.pdf(CERTIFICATE.model_copy(update=empty), "Ann"))
    assert text.split("\n") == [
        "Certificate of participation", "Ann", "took part in", "A course & <more>"
    ]  # fmt: skip


def test_long_texts_stay_on_the_page(printer):
    long = {"title": "A very long title " * 20, "subtitle": "b " * 200, "text": ["c d " * 60] * 5}
    reader, text = read(printer.pdf(CERTIFICATE.model_copy(update=long), "W" * 100))
    assert "W" * 100 in text
    heights, widths = [], []

    def note(text, page, line, font, size):
        if text.strip():  # where it stands on the page, and how large: PDF 32000-1, 9.4.4
            heights.append(line[4] * page[1] + line[5] * page[3] + page[5])
            if "WWW" in text:
                widths.append(100 * 0.8 * size * page[0])  # a W is as wide as this at least

    reader.pages[0].extract_text(visitor_text=note)
    assert 0 < min(heights) < max(heights) < 595
    assert max(widths) < 842


def test_letters_that_no_font_has_are_told_of(printer):
    with pytest.raises(UserError, match=r"no font .* has all letters .* -> install one"):
        printer.pdf(CERTIFICATE, "Ann \U0010fffd")
