"""The website: right instants, everything escaped, nothing fetched from elsewhere."""

import re
from html.parser import HTMLParser

import pytest
from courseware import site

HOSTILE = "<script>alert('1')</script>\"&"


class Page(HTMLParser):
    """The page's tags, with their attributes, and its text."""

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


@pytest.fixture
def page(cns2024):
    return Page(site.page(cns2024))


def test_instants_are_utc_and_times_the_venues(page, cns2024):
    html = site.page(cns2024)
    assert '<time datetime="2024-07-20T12:00:00Z">09:00</time>' in html
    assert '<time datetime="2024-07-20T20:30:00Z">17:30</time>' in html
    assert len(page.all("time")) == 18
    assert "Times are those in Natal: America/Fortaleza, UTC\u221203:00" in page.text
    assert "Saturday, 20 July 2024" in page.text


def test_everything_of_the_event_is_there(page, cns2024):
    for person in cns2024.people:
        assert person.name in page.text
        assert person.affiliation in page.text
    for link in cns2024.links:
        assert {"href": str(link.url)} in page.all("a")
    hrefs = [a["href"] for a in page.all("a")]
    assert "https://doi.org/10.3389/fnana.2016.00057" in hrefs
    assert "mailto:c.linssen@fz-juelich.de" in hrefs
    assert cns2024.registration.url in hrefs
    assert cns2024.feedback.url in hrefs
    assert "800858" in page.text
    assert "organiser, speaker" in page.text
    assert "CC-BY-4.0" in page.text


def test_the_lab_is_one_click_away(page):
    hrefs = [a["href"] for a in page.all("a")]
    assert "/hub/user-redirect/lab" in hrefs
    assert "/hub/user-redirect/lab/tree/tutorials/introduction.ipynb" in hrefs


def test_the_page_is_accessible_and_self_contained(page, cns2024, tmp_path):
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert [m["content"] for m in page.all("meta") if m.get("name") == "description"]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert set(inner) <= set(ids)
    assert not page.all("script") + page.all("img") + page.all("iframe")
    site.build(cns2024, tmp_path / "site")
    made = {path.name for path in (tmp_path / "site").iterdir()}
    assert {link["href"] for link in page.all("link")} | {"index.html"} == made
    assert "url(" not in (tmp_path / "site" / "style.css").read_text()


def test_hostile_text_is_shown_not_run(load):
    quoted = HOSTILE.replace("'", "''")
    course = load(f"""\
title: '{quoted}'
subtitle: '{quoted}'
event: {{name: '{quoted}'}}
summary: '{quoted}'
description: '{quoted} ![x](https://example.org/x.png) [y](javascript:alert(1)) <img src=x>'
venue: {{zone: UTC, city: '{quoted}'}}
people: [{{name: '{quoted}', affiliation: '{quoted}'}}]
contact: '{quoted}'
days: [{{date: 2025-01-01, sessions: [
  {{start: "10:00", duration: 5, title: '{quoted}', summary: '{quoted}',
    speakers: ['{quoted}']}}]}}]
registration: {{text: '{quoted}'}}
acknowledgements: '{quoted}'
links: [{{title: '{quoted}', url: "https://example.org/?a=1&b=2"}}]
citations: [{{authors: '{quoted}', title: '{quoted}', source: '{quoted}'}}]
licence: {{text: '{quoted}'}}
""")
    page = Page(site.page(course))
    assert not page.all("script") + page.all("img")
    assert not [a for a in page.all("a") if a["href"].startswith("javascript")]
    assert page.text.count(HOSTILE) >= 12
    assert {"href": "https://example.org/?a=1&b=2"} in page.all("a")


def test_names_in_any_script_are_shown_as_they_are(load):
    names = ["王小明", "محمد", "Ελένη", "Zoë <'&\">"]
    rows = "".join("  - name: '{}'\n".format(name.replace("'", "''")) for name in names)
    page = Page(site.page(load(f"title: x\npeople:\n{rows}")))
    assert all(name in page.text for name in names)


def test_a_title_is_enough(load):
    page = Page(site.page(load("title: Small\n")))
    assert page.text.count("Small") == 2
    assert not page.all("table") + page.all("h2")


def test_a_text_cannot_bring_a_second_first_heading(load):
    html = site.page(load('title: x\ndescription: "# One\\n\\n## Two\\n"\n'))
    assert re.findall(r"<(h\d)>", html) == ["h1", "h2", "h3", "h4"]


def test_online_and_across_midnight(load):
    page = Page(
        site.page(
            load("""\
title: x
attendance: online
venue: {zone: Asia/Kathmandu}
days:
  - {date: 2025-01-01, sessions: [{start: "23:00", end: "01:00", title: Late}]}
  - {date: 2025-01-03, sessions: [{start: "09:00", end: "10:00", title: Early}]}
""")
        )
    )
    assert "Online" in page.text
    assert "next day" in page.text
    assert "UTC+05:45" in page.text
    assert "Wednesday, 1 January 2025 to Friday, 3 January 2025" in page.text
    assert page.all("time")[1] == {"datetime": "2025-01-01T19:15:00Z"}
