"""`make site` with the real Jupyter Book: what comes out, what is said, and when it is quick."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from courseware.course import load
from sites import NIGHT, Website, syllab_site

HERE = "http://site"


@pytest.fixture(params=["flagship", "night_school"])
def website(request: pytest.FixtureRequest) -> Website:
    return request.getfixturevalue(request.param)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the night school that a test may spoil."""
    return shutil.copytree(NIGHT, tmp_path / "course")


def test_every_link_leads_somewhere(website: Website):
    files = {str(f.relative_to(website.folder)) for f in website.folder.rglob("*") if f.is_file()}
    anchors = {page: {t["id"] for t in website.read(page).select("[id]")} for page in website.pages}
    broken = []
    for page in website.pages:
        for tag in website.read(page).select("[href], [src]"):
            address = tag.get("href") or tag.get("src")
            target = urlsplit(urljoin(f"{HERE}/{page}", address))
            path = unquote(target.path).removeprefix("/")
            if target.netloc != "site" or path.startswith("hub/"):  # elsewhere, and the hub's
                assert target.scheme in ("https", "http", "mailto"), address
            elif path not in files or (target.fragment and target.fragment not in anchors[path]):
                broken.append(f"{page}: {address}")
    assert broken == []


def test_all_that_is_published_is_meant_for_readers(website: Website):
    folders = {path.relative_to(website.folder).parts[0] for path in website.folder.rglob("*")}
    assert not folders & {"_sources", ".doctrees", ".buildinfo", "objects.inv", "genindex.html"}
    assert "search.html" in website.pages
    texts = [f.read_bytes() for f in website.folder.rglob("*") if f.suffix in (".html", ".ipynb")]
    assert len(texts) > 6
    assert not [text for text in texts if b"the secret" in text or b"@exercise(" in text]


def test_pages_are_whole(website: Website):
    for page in website.pages:
        read = website.read(page)
        assert len(read.select("h1")) == 1, page
        assert read.html["lang"] == "en"
        assert read.select_one("meta[name=description]")["content"]
        assert len(read.title.text) > 5
        assert read.select_one(".skip")["href"] == "#main"
        assert not read.select("img:not([alt])"), page
        assert len(read.select("nav [aria-current=page]")) == 1, page


def test_pages_are_read_in_the_order_of_the_menu(website: Website):
    menu = [
        a["href"].replace("#", "index.html")
        for a in website.read("index.html").select("#pages li a")
    ]
    walked, page = ["index.html"], website.read("index.html")
    while link := page.select_one("[rel=next]"):
        walked.append(urljoin(walked[-1], link["href"]))
        page = website.read(walked[-1])
    assert [*walked, "search.html"] == menu


def test_the_menu_groups_the_tutorials(flagship: Website):
    entries = [entry.text for entry in flagship.read("index.html").select("nav#pages li")]
    titles = [tutorial.title for tutorial in load(flagship.course).tutorials]
    start = entries.index("Tutorials") + 1
    assert entries[start : start + len(titles)] == titles
    assert len(titles) > 1


def test_texts_are_shown_as_they_are_everywhere(night_school: Website):
    page = night_school.read("schedule.html")
    assert page.select_one("[rel=next]").text.split("Next ")[1].strip() == "Counting <b> & more"
    assert page.select_one(".brand").text == "Night school of <small> & large numbers"
    assert page.title.text == "Schedule \u2013 Night school of <small> & large numbers"
    assert not [tag for name in night_school.pages for tag in night_school.read(name)("small")
                if tag.text != "next day"]  # fmt: skip
    assert not [tag for name in night_school.pages for tag in night_school.read(name)("b")]


def test_the_tutorial_shows_outputs_figures_and_formulas(flagship: Website):
    page = flagship.read("tutorials/introduction.html")
    figures = page.select(".cell_output img")
    assert len(figures) >= 4
    assert all(int(f["width"]) <= 1600 and int(f["height"]) > 0 for f in figures)
    assert all(len(f["alt"]) > 20 for f in figures)
    assert "spikes, at [ 27.8" in page.select_one(".cell_output").find_parent("main").text
    assert page.select(".math math[display=block] mfrac")
    assert not page.select(".tag_solution")
    assert len(page.select(".tag_exercise")) == 5
    assert not page.select(".tag_exercise .cell_output, .tag_check .cell_output")


def test_an_accented_letter_has_its_index_beside_it(night_school: Website):
    page = night_school.read("tutorials/counting.html")
    (letter,) = page.select("mover[accent=true]")
    assert letter.text == "S\N{MODIFIER LETTER MACRON}"
    assert letter.find_next_sibling().name == "msub"


def test_solutions_are_shown_only_when_asked_for(course: Path, tmp_path: Path):
    done = syllab_site(course, tmp_path / "var", "--solutions", "counting")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "var" / "site" / "tutorials" / "counting.html").read_text()
    assert "the secret" in page
    assert syllab_site(course, tmp_path / "var").returncode == 0
    assert "the secret" not in "".join(
        f.read_text() for f in (tmp_path / "var" / "site").rglob("*.html")
    )
    done = syllab_site(course, tmp_path / "var", "--solutions", "cuonting")
    assert done.returncode == 1
    assert "did you mean 'counting'?" in done.stderr


def test_what_the_other_course_asks_for(night_school: Website):
    page = night_school.read("tutorials/counting.html")
    assert page.select_one(".admonition.tip strong").text == "fingers"
    assert page.select_one("img")["alt"] == "A row of three dots"
    assert len(page.select(".math mtable mtr")) == 2
    handout = night_school.read("materials.html").find("a", string="Handout")["href"]
    assert (night_school.folder / handout).read_text().startswith("One.")
    for name in ("materials.html", "schedule.html", "tutorials/counting.html"):
        assert night_school.read(name).select_one("a[href$='slides/counting.html']")
    home = night_school.read("index.html")
    image = home.select_one("meta[property='og:image']")["content"]
    assert image == "https://example.org/night/preview.png"
    assert (night_school.folder / "preview.png").read_bytes().startswith(b"\x89PNG")
    event = json.loads(home.select_one("script[type='application/ld+json']").string)
    assert event["name"] == "Night school of <small> & large numbers"
    assert event["startDate"] == "2026-03-28T18:00:00+01:00"
    assert event["endDate"] == "2026-03-30T19:00:00+02:00"


def test_references_have_dois_in_the_usual_style(flagship: Website):
    text = flagship.read("credits.html").select_one("main").text
    assert "Potjans W, Morrison A, Diesmann M (2010). Enabling functional" in " ".join(text.split())
    links = [a["href"] for a in flagship.read("credits.html").select("a")]
    assert "https://doi.org/10.3389/fncom.2010.00141" in links


def test_a_second_build_does_only_what_changed(course: Path, tmp_path: Path):
    var, site = tmp_path / "var", tmp_path / "var" / "site"
    assert syllab_site(course, var).returncode == 0
    made = site.stat().st_mtime_ns
    done = syllab_site(course, var)
    assert "as it was" in done.stdout
    assert site.stat().st_mtime_ns == made
    tutorial = course / "tutorials" / "counting.md"
    tutorial.write_text(tutorial.read_text().replace("fingers", "toes"))
    assert syllab_site(course, var).returncode == 0
    assert "toes" in (site / "tutorials" / "counting.html").read_text()
    log = (var / "log" / "site.log").read_text()
    assert "0 added, 1 changed, 0 removed" in log


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("course.yml", "(schedule.md)", "(shedule.md)", "course.yml:6: description: nothing to"),
        ("course.yml", "speakers: [ada]", "speakers: [adda]", "course.yml:11: days[0]"),
        ("course.yml", "tutorial: counting", "tutorial: cunting", "course.yml:11: days[0]"),
        ("course.yml", "slides/counting.txt", "slides/c.txt", "course.yml:28: tutorials[0]"),
        ("tutorials/counting.md", "(dots.svg)", "(dot.svg)", "counting.md:7: no image dot.svg"),
        (
            "tutorials/counting.md",
            "(#exercise-three)",
            "(#counted)",
            "counting.md:26: 'myst' cross",
        ),
        ("tutorials/counting.md", r"\tfrac", r"\tfruc", "counting.md:11: this formula can't"),
        ("tutorials/counting.md", ":::{tip}", ":::{tap}", "counting.md:3: a notebook can't show"),
    ],
)
def test_a_mistake_is_named_with_file_and_line_and_leaves_the_old_site(
    course: Path, tmp_path: Path, file: str, old: str, new: str, says: str
):
    var = tmp_path / "var"
    assert syllab_site(course, var).returncode == 0
    ledger = (course / "calendar.json").read_bytes()
    spoilt = course / file
    assert old in spoilt.read_text()
    spoilt.write_text(spoilt.read_text().replace(old, new))
    for _ in range(2):  # and says so again
        done = syllab_site(course, var)
        assert done.returncode == 1
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert (var / "site" / "index.html").exists()
    assert (course / "calendar.json").read_bytes() == ledger


def test_a_moved_session_is_told_to_calendars(course: Path, tmp_path: Path):
    assert syllab_site(course, tmp_path / "var").returncode == 0
    file = course / "course.yml"
    file.write_text(file.read_text().replace('"18:00", duration: 60', '"18:30", duration: 60'))
    done = syllab_site(course, tmp_path / "var")
    assert "calendar.json (keep it with the course)" in done.stdout
    calendar = (tmp_path / "var" / "site" / "calendar" / "farewell.ics").read_text()
    assert "SEQUENCE:1" in calendar
    assert "DTSTART;TZID=Europe/Berlin:20260330T183000" in calendar
