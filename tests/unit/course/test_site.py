"""The website's sources: all of the course is in them, escaped; no solution; mistakes are named."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import nbformat
import pytest
from courseware import notebooks, schedule
from courseware.errors import CourseError, UserError
from courseware.site import book, ledger
from courseware.site.pages import Site, render
from courseware.site.text import markdown_escape, raw_html
from courseware.site.zones import zones_json
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

HOSTILE = "<script>alert('1')</script>\"& `````` {raw}`x` $y$ *z*"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PNG = (  # one grey pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
TUTORIAL = """\
# One

:::{note}
Seen.
:::

```{code-cell} python
draw()
```

```{code-cell} python
---
tags: [exercise]
syllab: {exercise: x}
---
x = None
```

```{code-cell} python
---
tags: [solution]
syllab: {exercise: x}
---
x = "the secret"
```

```{code-cell} python
---
tags: [check]
syllab: {exercise: x}
---
print(x)
```

The end of it.
"""
COURSE = "title: T\ntutorials: [{id: one, title: One}]\n"


class Page(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def pages(course):
    """The generated pages by name, as Markdown shows them."""
    files = render(Site(course, schedule.resolve(course)))
    parser = MarkdownIt("commonmark")  # shows {raw} blocks as code, which `shown` undoes
    parser.renderer.rules["fence"] = lambda tokens, index, *_: tokens[index].content
    return {name[:-3]: Page(parser.render(text.decode())) for name, text in files.items()}


def make(course, executed, solutions=()):
    known = ledger.Ledger().updated(schedule.resolve(course), NOW)
    return book.make(course, executed, known, solutions)


@pytest.fixture
def tutorial(load, tmp_path):
    """A course with a tutorial that was run: its sources, with what outputs the cells had."""

    def tutorial(text=TUTORIAL, outputs=None, solutions=()):
        course = load(COURSE, **{"tutorials/one.md": text})
        executed = tmp_path / "executed"
        executed.mkdir(exist_ok=True)
        if outputs is not None:
            solved = notebooks.make(course)["solution/one.ipynb"].decode()
            run = nbformat.reads(solved, as_version=4)
            for cell in run.cells:
                if cell.cell_type == "code":
                    cell.outputs = [nbformat.from_dict(o) for o in outputs.get(cell.source, [])]
            nbformat.write(run, executed / "one.ipynb")
        return make(course, executed, solutions)

    return tutorial


def figure():
    return {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}


def said(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def cells(made):
    return json.loads(made.files["tutorials/one.ipynb"])["cells"]


def text_of(made):
    return b"\n".join(data for name, data in made.files.items() if not name.endswith(".png"))


def test_instants_are_utc_and_times_the_venues(cns2024):
    page = pages(cns2024)["schedule"]
    times = [t["datetime"] for t in page.all("time")]
    assert (times[0], times[-1]) == ("2024-07-20T12:00:00Z", "2024-07-20T20:30:00Z")
    assert len(times) == 18
    assert "09:00\u201309:20" in page.text
    assert "All times are those in Natal: America/Fortaleza, UTC\u221203:00." in page.text
    assert "Saturday 20 July 2024" in page.text


def test_everything_of_the_event_is_there(cns2024):
    made = pages(cns2024)
    assert list(made) == [
        "index", "schedule", "materials", "get-ready", "people", "registration", "feedback",
        "credits",
    ]  # fmt: skip
    hrefs = [a["href"] for page in made.values() for a in page.all("a")]
    for person in cns2024.people:
        assert person.name in made["people"].text
        assert person.affiliation in made["index"].text
    assert {str(link.url) for link in cns2024.links} <= set(hrefs)
    assert "mailto:c.linssen@fz-juelich.de" in hrefs
    assert {cns2024.registration.url, cns2024.feedback.url} <= set(hrefs)
    assert "800858" in made["credits"].text
    assert "organiser, speaker" in made["people"].text
    assert "-p 127.0.0.1:7003:7003" in made["get-ready"].text
    assert all("/hub/user-redirect/lab" in str(made[n].all("a")) for n in ("index", "get-ready"))


def test_hostile_text_is_shown_not_run(load):
    quoted = HOSTILE.replace("'", "''")
    course = load(f"""\
title: '{quoted}'
subtitle: '{quoted}'
event: {{name: '{quoted}'}}
summary: '{quoted}'
description: '{quoted} ![x](https://example.org/x.png) [y](javascript:alert(1)) <img src=x>'
goals: ['{quoted}']
venue: {{zone: UTC, city: '{quoted}'}}
people: [{{name: '{quoted}', affiliation: '{quoted}'}}]
contact: '{quoted}'
days: [{{date: 2025-01-01, sessions: [
  {{start: "10:00", duration: 5, title: '{quoted}', summary: '{quoted}',
    speakers: ['{quoted}'], materials: [{{title: '{quoted}', url: "https://example.org/m"}}]}}]}}]
registration: {{text: '{quoted}'}}
acknowledgements: '{quoted}'
links: [{{title: '{quoted}', url: "https://example.org/?a=1&b=2"}}]
""")
    made = pages(course)
    for page in made.values():
        assert not page.all("script") + page.all("img")
        assert not [a for a in page.all("a") if a["href"].startswith("javascript")]
    texts = "".join(page.text for page in made.values())
    assert texts.count(HOSTILE) >= 12
    assert {"href": "https://example.org/?a=1&b=2"} in made["materials"].all("a")


@given(st.text())
def test_any_title_is_shown_as_it_is(text):
    title = " ".join(text.split()) or "x"
    if not title.isprintable():
        return
    page = Page(MarkdownIt("commonmark").render(f"# {markdown_escape(title)}"))
    assert page.text.strip() == title


@given(st.text(alphabet="`~ab\n"))
def test_nothing_gets_out_of_a_raw_block(html):
    tokens = MarkdownIt("commonmark").parse(raw_html(f"<p>{html}</p>"))
    assert [token.type for token in tokens] == ["fence"]


def test_a_title_is_enough(load):
    made = pages(load("title: Small\n"))
    assert list(made) == ["index", "get-ready"]
    assert "Small" in made["index"].text


def test_online_and_across_midnight(load):
    made = pages(
        load("""\
title: x
attendance: online
venue: {zone: Europe/Berlin}
days:
  - {date: 2025-03-29, sessions: [{start: "23:00", end: "01:00", title: Late}]}
  - {date: 2025-03-31, sessions: [{start: "09:00", end: "10:00", title: Early}]}
""")
    )
    assert "Saturday 29 March 2025 to Monday 31 March 2025" in made["index"].text
    assert "Online" in made["index"].text
    assert "23:00\u201301:00 next day" in made["schedule"].text
    assert "UTC+01:00 on the first day, UTC+02:00 on the last" in made["schedule"].text
    assert made["schedule"].all("time")[1] == {"datetime": "2025-03-30T00:00:00Z"}


def test_links_between_pages_and_tutorials(load, tmp_path):
    course = load(
        "title: x\ndescription: '[a](people.md) [b](one.md#top)'\npeople: [{name: Ann}]\n"
        "tutorials: [{id: first, title: A, source: one.md}, {id: second, title: B}]\n",
        **{"one.md": "# A\n\n[on](tutorials/second.md)\n", "tutorials/second.md": "# B\n"},
    )
    hrefs = [a["href"] for a in pages(course)["index"].all("a")]
    assert {"people.html", "tutorials/first.html#top"} <= set(hrefs)
    assert b"[on](second.ipynb)" in notebooks.make(course)["student/first.ipynb"]
    assert b"[on](second.ipynb)" in make(course, tmp_path).files["tutorials/first.ipynb"]


@pytest.mark.parametrize(
    ("text", "files", "where", "says"),
    [
        ("title: x\ndescription: '[a](peple.md)'\npeople: [{name: A}]\n", {}, "course.yml:2",
         "did you mean 'people.md'?"),
        (COURSE, {"tutorials/one.md": "# A\n\nb\n![c](d.png)\n"}, "one.md:4", "no image d.png"),
        (COURSE, {"tutorials/one.md": "# A\n\n[c](tow.md)\n"}, "one.md:3", "nothing to link to"),
        (COURSE, {"tutorials/one.md": "# A\n\n![c](../../x.png)\n"}, "one.md:3", "no image"),
        ("title: x\ncitations: a.bib\n", {"a.bib": "@article{x,\n  title = {T\n"}, "a.bib", ""),
    ],
)  # fmt: skip
def test_mistakes_name_file_and_line(load, tmp_path, text, files, where, says):
    course = load(text, **files)
    with pytest.raises(CourseError) as error:
        make(course, tmp_path)
    assert where in str(error.value)
    assert says in str(error.value)


def test_readers_get_outputs_but_no_solution(tutorial):
    shown = {"draw()": [figure(), said("drawn")], 'x = "the secret"': [said("the secret")],
             "print(x)": [said("the secret")]}  # fmt: skip
    made = tutorial(outputs=shown)
    assert b"secret" not in text_of(made)
    drawing, starter, check = [cell for cell in cells(made) if cell["cell_type"] == "code"]
    assert [o["output_type"] for o in drawing["outputs"]] == ["display_data", "stream"]
    assert starter["outputs"] == check["outputs"] == []
    assert "hide-input" in check["metadata"]["tags"]
    assert ":::{note}" in cells(made)[0]["source"][2]  # as the author wrote it


def test_solutions_are_shown_when_asked_for(tutorial):
    shown = {'x = "the secret"': [said("its output")]}
    made = tutorial(outputs=shown, solutions=["one"])
    assert b"the secret" in made.files["tutorials/one.ipynb"]
    assert b"its output" in made.files["tutorials/one.ipynb"]
    assert b"secret" not in made.files["extra/notebooks/one.ipynb"]
    with pytest.raises(UserError, match="did you mean 'one'"):
        tutorial(solutions=["ome"])


def test_outputs_of_other_code_are_not_shown(tutorial):
    tutorial(outputs={"draw()": [said("drawn")]})
    made = tutorial(TUTORIAL.replace("draw()", "paint()"))
    assert b"drawn" not in text_of(made)
    assert "its code has changed since it was run" in made.notes[0]
    changed = tutorial(TUTORIAL.replace("The end of it", "The very end"))
    assert b"drawn" in text_of(changed)  # only text changed


def test_a_figure_without_a_text_is_noted_with_its_line(tutorial):
    assert "one.md:8: a figure without a text" in tutorial(outputs={"draw()": [figure()]}).notes[0]
    described = TUTORIAL.replace("\ndraw()", "\n---\nmystnb: {image: {alt: A dot}}\n---\ndraw()")
    made = tutorial(described, outputs={"draw()": [figure()]})
    assert made.notes == []
    home = made.files["index.md"].decode()
    assert 'src="figures/one.png" width="1" height="1" alt="A dot"' in home
    assert made.files["extra/figures/one.png"].startswith(b"\x89PNG")


def test_slides_are_linked_where_they_are_looked_for(load, tmp_path):
    sessions = """days: [{date: 2025-01-01, sessions: [
  {start: "10:00", duration: 5, title: A, tutorial: one, speakers: [Ann]},
  {start: "11:00", duration: 5, title: B, tutorial: two}]}]
venue: {zone: UTC, city: Greenwich}
people: [{name: Ann}]
event: {name: The meeting}
"""
    tutorials = "tutorials: [{id: one, title: One}, {id: two, title: Two}]\n"
    slide = '# One\n\n+++ {"tags": ["slide"]}\n\n## Shown\n'
    files = {"tutorials/one.md": slide, "tutorials/two.md": "# Two\n"}
    made = make(load(f"title: T\n{tutorials}{sessions}", **files), tmp_path)
    assert made.slides == ["one"]
    for page in ("materials.md", "schedule.md"):
        assert re.findall(r'"slides/.*?"', made.files[page].decode()) == ['"slides/one.html"']
    context = YAML(typ="safe").load(made.files["_config.yml"])["sphinx"]["config"]["html_context"]
    one, two = (context["tutorials"][f"tutorials/{name}"] for name in ("one", "two"))
    assert (one["slides"], two["slides"]) == (True, False)
    assert (one["speakers"], one["days"]) == (["Ann"], ["Wednesday 1 January 2025"])
    assert (context["course"]["event"]["name"], context["where"]) == ("The meeting", "Greenwich")


def test_the_page_says_which_cell_is_which_exercises_and_whether_they_are_graded(load, tmp_path):
    checks = '@exercise("x")\ndef test_x(lab):\n    pass\n'
    files = {"tutorials/one.md": TUTORIAL, "tutorials/two.md": TUTORIAL}
    course = load(
        "title: T\ntutorials: [{id: one, title: One}, {id: two, title: Two}]\n",
        **files, **{"checks/test_one.py": checks},
    )  # fmt: skip
    made = make(course, tmp_path)
    for name in ("one", "two"):
        page = json.loads(made.files[f"tutorials/{name}.ipynb"])
        starters = [c for c in page["cells"] if "exercise" in c["metadata"].get("tags", [])]
        assert [cell["metadata"]["syllab"]["exercise"] for cell in starters] == ["x"]
    context = YAML(typ="safe").load(made.files["_config.yml"])["sphinx"]["config"]["html_context"]
    graded = {name: each["graded"] for name, each in context["tutorials"].items()}
    assert graded == {"tutorials/one": True, "tutorials/two": False}


def test_the_lines_of_cells_are_those_of_the_source(tutorial):
    lines = json.loads(tutorial().files["tutorials/one.ipynb"])["metadata"]["source_map"]
    source = TUTORIAL.splitlines()
    assert [source[line + 1] for line in lines] == [
        "# One", "draw()", "---", "---", "The end of it.",
    ]  # fmt: skip


def test_the_same_course_gives_the_same_bytes(tutorial):
    assert tutorial().files == tutorial().files


def test_writing_leaves_alone_what_is_right_and_removes_the_rest(tutorial, tmp_path):
    out = tmp_path / "out"
    made = tutorial()
    book.write(made, out)
    (out / "gone" / "deep").mkdir(parents=True)
    (out / "gone" / "deep" / "old.md").write_text("old")
    before = (out / "index.md").stat().st_mtime_ns
    book.write(made, out)
    assert (out / "index.md").stat().st_mtime_ns == before
    assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == set(made.files)
    assert not (out / "gone").exists()


def test_cities_lead_to_zones():
    cities = json.loads(zones_json())
    assert cities["Tokyo, Japan"] == "Asia/Tokyo"
    assert cities["Paris, France"] == "Europe/Paris"
    assert set(cities.values()) <= schedule.zones()
    assert len(cities) > 400
    assert not [label for label in cities if re.search(r"[_\t]", label)]
