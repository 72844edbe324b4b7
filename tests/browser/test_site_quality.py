"""The websites as their readers meet them: with any eyes, on any screen, over any line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from courseware import course, schedule, tutorial
from courseware.schedule import Entry
from measure import KB, NODE_MODULES, Request, lighthouse, visit
from playwright.sync_api import Browser, Page, expect
from sites import Website

PHONE, DESK = 360, 1280  # pixels
# What pages may load: KB (compressed) and requests, figures apart.
PAGE, TUTORIAL, SLIDES = (15, 4), (35, 4), (50, 7)  # of the slides, most is reveal.js
SCHEDULE_SCRIPT_KB = 3

TOO_FULL = "slide.scrollHeight > slide.clientHeight || slide.scrollWidth > slide.clientWidth"

# axe can't judge the colours of text on a gradient: it is shown each of its ends.
AXE = """async () => {
  const run = async (options) =>
    (await axe.run({resultTypes: ["violations"], ...options})).violations;
  const found = await run({});
  const shade = (element) => getComputedStyle(element).backgroundImage;
  const shaded = [...document.querySelectorAll("body *")].filter((e) => /gradient/.test(shade(e)));
  for (const end of shaded.length ? [0, -1] : []) {
    const colours = shaded.map((element) => shade(element).match(/rgba?\\([^)]*\\)/g).at(end));
    shaded.forEach((element, i) => { element.style.background = colours[i]; });
    found.push(...await run({runOnly: {type: "rule", values: ["color-contrast"]}}));
    shaded.forEach((element) => { element.style.background = ""; });
  }
  return found;
}"""


@pytest.fixture(scope="module", params=["night_school", "flagship"])
def site(request: pytest.FixtureRequest) -> Website:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def loads(browser: Browser, site: Website) -> dict[str, list[Request]]:
    """What each page asks for, and the search for a word."""
    names = [*site.pages, *site.decks, f"search.html?q={word(site)}"]
    return {name: visit(browser, f"{site.address}/{name}") for name in names}


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A phone without JavaScript."""
    viewport = {"width": PHONE, "height": 800}
    context = browser.new_context(java_script_enabled=False, viewport=viewport)
    yield context.new_page()
    context.close()


def violations(page: Page, widths: tuple[int, ...] = (PHONE, DESK)) -> list[str]:
    """What is wrong with the page as it is now, in each width and colour scheme."""
    found = []
    page.evaluate((NODE_MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"{page.url}, {width} px: scrolls sideways, {needed} px are needed")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for rule in page.evaluate(AXE):
                where = f"{page.url}, {width} px, {scheme}: {rule['id']}: {rule['help']}"
                found += [f"{where}\n  {n['target']} {n['failureSummary']}" for n in rule["nodes"]]
    return found


def none(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def entries(site: Website) -> list[Entry]:
    return schedule.resolve(course.load(site.course))


def word(site: Website) -> str:
    """One that the search finds."""
    return course.load(site.course).tutorials[0].title.split()[0]


def tutorials(site: Website) -> list[str]:
    return [name for name in site.pages if name.startswith("tutorials/")]


def test_every_page_is_accessible(page: Page, site: Website):
    found = []
    for name in site.pages:
        page.goto(f"{site.address}/{name}")
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        found += violations(page)
    none(found)


def test_every_slide_is_accessible_and_holds_what_is_on_it(page: Page, site: Website):
    assert site.decks
    found = []
    for name in site.decks:
        page.set_viewport_size({"width": DESK, "height": 720})
        page.goto(f"{site.address}/{name}")
        for _ in range(page.evaluate("Reveal.getTotalSlides()")):
            slide = page.evaluate_handle("Reveal.getCurrentSlide()").as_element()
            assert slide
            expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
            if slide.evaluate(f"slide => {TOO_FULL}"):
                found.append(f"{page.url}: more than its slide can hold")
            found += violations(page, widths=(DESK,))
            page.keyboard.press("ArrowRight")
    none(found)


def test_slides_are_printed_a_page_each(page: Page, site: Website):
    for name in site.decks:
        page.goto(f"{site.address}/{name}?print-pdf")
        expect(page.locator(".pdf-page")).to_have_count(len(site.read(name).select("section")))


def test_slides_are_readable_without_javascript(plain: Page, site: Website):
    for name in site.decks:
        plain.goto(f"{site.address}/{name}")
        for heading in plain.get_by_role("heading", level=1).all():
            heading.scroll_into_view_if_needed()
            expect(heading).to_be_in_viewport()
        assert plain.evaluate("document.documentElement.scrollWidth") == PHONE


def test_the_open_menu_is_accessible(page: Page, site: Website):
    page.set_viewport_size({"width": PHONE, "height": 800})
    page.goto(f"{site.address}/schedule.html")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Get ready")).to_be_visible()
    none(violations(page, widths=(PHONE,)))


def test_search_results_are_accessible(page: Page, site: Website):
    page.goto(f"{site.address}/search.html?q={word(site)}")
    expect(page.locator(".search-summary")).to_contain_text("found")
    expect(page.locator("#search-results li a").first).to_be_visible()
    none(violations(page))


def test_the_schedule_elsewhere_is_accessible(page: Page, site: Website):
    page.goto(f"{site.address}/schedule.html")
    page.get_by_label("Elsewhere").fill("Tokyo")
    page.get_by_label("Elsewhere").press("Enter")
    expect(page.get_by_text("These are the times in Tokyo")).to_be_visible()
    none(violations(page))


def test_the_schedule_during_a_session_is_accessible(page: Page, site: Website):
    first, *_, last = entries(site)
    page.clock.set_fixed_time(first.start_utc)
    page.goto(f"{site.address}/schedule.html#{last.id}")
    expect(page.locator(f"[id='{first.id}']")).to_contain_text("now")
    none(violations(page))


def test_lighthouse_has_nothing_to_add(flagship: Website):
    categories = ("accessibility", "best-practices", "seo")
    names = ["", "schedule.html", tutorials(flagship)[0]]
    found = lighthouse([f"{flagship.address}/{name}" for name in names], categories)
    none([f"{address}: {lost}" for address, each in found.items() for lost in each["lost"]])
    assert [each["scores"] for each in found.values()] == [dict.fromkeys(categories, 100)] * 3


def test_all_that_pages_load_is_there_and_their_own(loads: dict[str, list[Request]], site: Website):
    asked = [(name, request) for name, load in loads.items() for request in load]
    own = f"{site.address}/"
    none([f"{name} loads {r.address}" for name, r in asked if not r.address.startswith(own)])
    none([f"{name}: nothing at {r.address}" for name, r in asked if r.body is None])


def test_pages_are_small(loads: dict[str, list[Request]], site: Website):
    found = []
    for name, load in loads.items():
        texts = [request for request in load if not request.figure]
        size = sum(request.zipped for request in texts)
        kb, requests = TUTORIAL if name in tutorials(site) else PAGE
        if name in site.decks:
            kb, requests = SLIDES
        small = len(texts) <= requests and size <= kb * KB
        if not small and not name.startswith("search.html"):  # it brings its index
            found.append(f"{name}: {len(texts)} requests, {size / KB:.1f} KB")
    none(found)


def test_the_schedules_script_is_small(loads: dict[str, list[Request]]):
    load = loads["schedule.html"]
    [size] = [each.zipped for each in load if "/schedule.js" in each.address]
    assert 0 < size <= SCHEDULE_SCRIPT_KB * KB


def test_the_menu_leads_to_every_page_without_javascript(plain: Page, site: Website):
    for name in site.pages:
        plain.goto(f"{site.address}/schedule.html")
        plain.get_by_role("button", name="Menu").click()
        plain.locator(f"#pages a[href='{'#' if name == 'schedule.html' else name}']").click()
        expect(plain).to_have_url(re.compile(f"/{re.escape(name)}#?$"))
        expect(plain.get_by_role("heading", level=1)).to_be_in_viewport()
        assert plain.evaluate("document.documentElement.scrollWidth") == PHONE


def test_the_schedule_is_readable_without_javascript(plain: Page, site: Website):
    plain.goto(f"{site.address}/schedule.html")
    expect(plain.locator(".zone")).to_contain_text(course.load(site.course).venue.zone)
    for entry in entries(site):
        row = plain.locator(f"[id='{entry.id}']")
        row.scroll_into_view_if_needed()
        expect(row).to_be_in_viewport()
        expect(row).to_contain_text(f"{entry.start:%H:%M}\N{EN DASH}{entry.end:%H:%M}")
        expect(row).to_contain_text(entry.session.title)


def test_tutorials_are_readable_without_javascript(plain: Page, site: Website):
    for source in tutorial.read_all(course.load(site.course)):
        plain.goto(f"{site.address}/tutorials/{source.id}.html")
        for summary in plain.locator("summary").all():
            summary.click()
        text = " ".join(plain.locator("article").inner_text().split())
        shown = [c for c in source.cells if c.part != "solution" and not c.only_on_slides]
        wanted = [words for cell in shown for words in prose(cell.myst)]
        assert wanted
        assert [words for words in wanted if words not in text] == []
        pieces = [piece for piece in plain.locator("pre").all() if piece.is_visible()]
        code = [piece.inner_text().strip() for piece in pieces]
        wanted = [cell.node.source.strip() for cell in shown if cell.node.cell_type == "code"]
        assert [each for each in wanted if each not in code] == []


def prose(markdown: str) -> list[str]:
    """Three and more words in a row that Markdown shows as they are."""
    marks = r"\$\$?.*?\$\$?|!\[.*?\]|^[:`].*?$|^ *\d+\. "
    text = re.sub(marks, "|", markdown, flags=re.S | re.M)
    return re.findall(r"(?:[\w,.;?]+ ){2,}[\w,.;?]+", text)
