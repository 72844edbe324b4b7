"""The picture for messengers: of the right size, always the same, readable for any title."""

import io
from itertools import groupby

import pytest
from courseware.site import preview
from PIL import Image, ImageChops

WHITE, YELLOW = (255, 255, 255), (255, 209, 102)
SENTENCE = "An introduction to the simulation of large recurrent networks of spiking neurons. "


@pytest.fixture
def draw(load):
    """Draws a course of that title; everything else is optional."""
    course = load("title: x\nevent: {name: A meeting}\n")

    def draw(title, when="", where="", event=None, **texts):
        named = course.event.model_copy(update={"name": event}) if event else None
        changed = course.model_copy(update={"title": title, "event": named} | texts)
        return preview.png(changed, when, where)

    return draw


def pixels(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


def count(png, color):
    return sum(n for n, c in pixels(png).getcolors() if c == color)


def drawn(png):
    """Where there is anything but the background."""
    background = preview._ground().convert("RGB")
    return ImageChops.difference(pixels(png), background).convert("L").point(lambda v: v and 255)


def test_the_flagships_picture(cns2024):
    png = preview.png(cns2024, "Saturday, 20 July 2024", "Natal, Brazil")
    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(png) < 60_000  # some readers ignore large ones
    assert png == preview.png(cns2024, "Saturday, 20 July 2024", "Natal, Brazil")
    assert png != preview.png(cns2024, "Sunday, 21 July 2024", "Natal, Brazil")


@pytest.mark.parametrize(
    "title", ["Dendrites", SENTENCE * 2, SENTENCE * 9, "W" * 150, "a " * 200, "Wide " + "W" * 40]
)
def test_texts_stay_between_the_margins_and_above_the_spikes(draw, title):
    facts = {"when": "Saturday, 20 July 2024 to Wednesday, 24 July 2024", "where": "A town, " * 20}
    png = draw(title, event=SENTENCE, subtitle=SENTENCE, **facts)
    ink = drawn(png)
    edges = [ink.crop(box).getbbox() for box in ((0, 0, 76, 630), (1124, 0, 1200, 630))]
    spikes = min(edge[1] for edge in edges)  # only they reach the picture's edges
    assert 300 < spikes < 500
    assert ink.crop((0, spikes - 25, 1200, spikes)).getbbox() is None
    assert ink.crop((0, 0, 1200, spikes)).getbbox()[0] >= 76
    assert count(png, WHITE) > 3000


def lines(png):
    """The heights and right ends of a title's lines. Spikes are less high than any text."""
    ink = drawn(png)
    rows = [ink.crop((0, y, 1200, y + 1)).getbbox() for y in range(630)]
    runs = [list(run) for some, run in groupby(rows, bool) if some]
    return [(len(run), max(right for *_, right, _ in run)) for run in runs if len(run) > 20]


def test_a_title_is_as_large_as_it_fits_without_breaking_words(draw):
    [(large, _)] = lines(draw("HH"))
    [(less, _)] = lines(draw("HUNDREDTHOUSANDNEURONS"))
    small = [height for height, _ in lines(draw("HH " * 90))]
    assert large > less > max(small)
    assert len(small) == 5


def test_lines_are_about_equally_long(draw):
    ends = [end for _, end in lines(draw("HHH " * 9))]
    assert len(ends) == 3
    assert max(ends) - min(ends) < 40


def test_a_very_long_title_takes_the_subtitles_place(draw):
    assert draw(SENTENCE * 9, subtitle="Hands on") == draw(SENTENCE * 9)
    assert draw("Dendrites", subtitle="Hands on") != draw("Dendrites")


@pytest.mark.parametrize("text", ["São Paulo", "Jülich", "β", "Ωραία", "Москва", "Łódź"])
def test_accents_and_other_alphabets_are_shown(draw, text):
    assert draw("Dendrites", text) != draw("Dendrites")


@pytest.mark.parametrize("text", ["脑", "مخ", "a 😀"])
def test_what_the_font_lacks_is_left_out(draw, text):
    assert draw("Dendrites", text, text, event=text, subtitle=text) == draw("Dendrites")
    assert draw("Dendrites", "Today", text) == draw("Dendrites", "Today")
    without = draw(text)
    assert count(without, WHITE) == 0
    assert count(without, YELLOW) > 500
    assert drawn(without).crop((0, 0, 1200, 40)).getbbox()  # the spikes have all the room


def test_spaces_and_dashes_are_the_fonts(draw):
    typeset = "1\u20133\u00a0March,\u200b  8\u2011day course"
    assert draw("Dendrites", typeset) == draw("Dendrites", "1-3 March, 8-day course")


def test_each_course_has_its_own_spikes(draw):
    assert draw("脑") == draw("脑")
    assert draw("脑") != draw("心")
