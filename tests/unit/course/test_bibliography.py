"""The works a course cites: each mistake in their file has its line, and the list reads well.

What Jupyter Book makes of the list in HTML is tested with the website.
"""

import runpy
from pathlib import Path

import pytest
from courseware.site import bibliography
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

COURSE = Path(__file__).resolve().parents[3] / "course"
CNS2024 = COURSE / "cns2024" / "references.bib"
# By itself: the rest of the theme needs Jupyter Book.
STYLE = runpy.run_path(str(COURSE / "courseware" / "theme" / "references.py"))


@pytest.fixture
def check(tmp_path):
    """The problems of a file with that content, as (line, key, text)."""

    def check(content):
        path = tmp_path / "references.bib"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = bibliography.check(path)
        assert {p.file for p in found} <= {str(path)}
        return [(p.line, p.key, f"{p.what} -> {p.remedy}") for p in found]

    return check


def listed(bibtex):
    """The list of references, one line of HTML for each work."""
    STYLE["register"]()
    data = parse_string(bibtex, "bibtex")
    lines = STYLE["Style"]().format_entries(data.entries.values())
    return [entry.text.render_as("html") for entry in lines]


def article(**fields):
    """An article with its fields on the second and following lines; None leaves one out."""
    fields = {"author": "Lee, Ann", "title": "T", "journal": "J", "year": "2024"} | fields
    given = {name: value for name, value in fields.items() if value is not None}
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in given.items())
    return f"@article{{key,\n{lines}}}\n"


def test_the_flagships_file():
    assert bibliography.check(CNS2024) == []
    text = CNS2024.read_text(encoding="utf-8")
    articles = [e for e in parse_string(text, "bibtex").entries.values() if e.type == "article"]
    assert all({"doi", "volume", "pages"} <= set(entry.fields) for entry in articles)
    assert {entry.fields["doi"] for entry in articles} >= {
        "10.3389/fnana.2016.00057",
        "10.3389/fncom.2010.00141",
    }
    lines = listed(text)
    assert (
        "Rotter S, Diesmann M (1999). Exact digital simulation of time-invariant linear systems"
        " with applications to neuronal modeling. <em>Biological Cybernetics</em>"
        ' 81(5\u20136):381\u2013402. <a href="https://doi.org/10.1007/s004220050570">'
        "doi:10.1007/s004220050570</a>"
    ) in lines
    site = "https://nest-simulator.readthedocs.io/"
    assert f'NEST Initiative. NEST Simulator documentation. <a href="{site}">{site}</a>' in lines


@pytest.mark.parametrize(
    "content",
    [
        "@misc{a, title = {Software}, url = {https://example.org/~a?b=c&d}}",
        "\ufeff" + article(author="{A Team} and Lee, Jr., Ann and Kim, III, Bo and others"),
        article(title=r"50\% of {\"O}zlem's $\beta$ \& {DNA}", doi="10.1002/(SICI)1<2::A>3.0.CO;2"),
        article(title="The $5 genome"),
        "@string{j = {J}}\n@comment{x}\nSome words.\n@book{a, editor = {Lee, Ann}, title = {T} # j,"
        " year = 2024, month = MAR}",
    ],
)
def test_what_is_fine(check, content):
    assert check(content) == []


MISTAKES = {
    "empty": ("\n", None, "", "has no entries -> add one, such as @misc{"),
    "not UTF-8": (b"\n@misc{\xff", 2, "", "is not UTF-8 -> save"),
    "no comma": ("@misc{a,\n title = {T}\n year = 2024}", 3, "", "not valid BibTeX: '}' expected"),
    "never closed": ("\n@misc{a,\n title = {{T},\n}\n", 2, "", "is never closed -> add the brace"),
    "no key": ("@misc{\n}", 2, "", "entry key expected"),
    "undefined": ("@misc{a,\n title = old}", 2, "", "'old' is not defined -> put it in braces"),
    "same key": ("@misc{a, title={T}}\n@misc{A, title={U}}", 2, "A", "already used on line 1"),
    "same field": ("@misc{a,\n title={T},\n TITLE={U}}", 3, "a.TITLE", "twice: first on line 2"),
    "no title": ("\n@misc{a, year=2024}", 2, "a.title", "is missing -> add it"),
    "no author": (article(author=None), 1, "key.author", "two pairs of braces"),
    "no year": (article(year=None), 1, "key.year", "is missing"),
    "empty title": (article(title=" "), 3, "key.title", "is missing"),
    "address of a DOI": (
        article(doi="https://doi.org/10.1234/a.b"), 6, "key.doi",
        "'https://doi.org/10.1234/a.b' is not a DOI -> write 10.1234/a.b",
    ),
    "name of a DOI": (article(doi="doi:10.1234/a."), 6, "key.doi", "-> write 10.1234/a"),
    "DOI in LaTeX": (article(doi=r"10.1234/a\_b"), 6, "key.doi", "-> write 10.1234/a_b"),
    "no DOI": (article(doi="12345"), 6, "key.doi", "'12345' is not a DOI -> write it without"),
    "script address": (article(url="javascript:alert(1)"), 6, "key.url", "is not a web address"),
    "URL in LaTeX": (article(url=r"\url{http://a.org}"), 6, "key.url", "is not a web address"),
    "LaTeX": (article(journal=r"\url{http://a.org}"), 4, "key.journal", "LaTeX that can't be"),
    "formula": (article(title="On $N_s$"), 3, "key.title", "can't be shown: On $N_s$ -> write"),
    "LaTeX comment": (article(title="100% of it"), 3, "key.title", r"\% for a percent sign"),
    "broken LaTeX": (article(title=r"On \({\)}"), 3, "key.title", "can't be shown"),
    "commas for and": (article(author="Lee, A., Kim, B."), 2, "key.author", "too many commas"),
    "as we list": (article(author="Lee S, Kim M, Wu B"), 2, "key.author", "too many commas"),
    "initials last": (article(author="Lee A and Kim, B"), 2, "key.author", "has the surname A"),
    "and at the end": (article(author="Lee, A and"), 2, "key.author", "is not a name"),
    "and twice": (article(author="Lee, A and and Kim, B"), 2, "key.author", "'and Kim, B' is not"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gives_one_message(check, name):
    content, line, key, says = MISTAKES[name]
    [found] = check(content)
    assert found[:2] == (line, key)
    assert says in found[2]


def test_all_mistakes_at_once(check):
    bad = "@misc{a,\n title = {T}\n year = 2024}\n" + article(title="", doi="x")
    assert [found[:2] for found in check(bad + article(year=None))] == [
        (3, ""),
        (6, "key.title"),
        (9, "key.doi"),
        (11, "key"),
        (11, "key.year"),
    ]


def test_definitions_are_of_one_file(check):
    assert check("@string{team = {A team}}\n@misc{a, title = TEAM}") == []
    [found] = check("@misc{a, title = team}")
    assert "'team' is not defined" in found[2]


def test_a_file_that_is_not_there(tmp_path):
    [problem] = bibliography.check(tmp_path / "no.bib")
    assert "no.bib: can't be read (No such file or directory) -> " in str(problem)


@given(st.text("ab {}\\$%&~^_'\"-é,.", max_size=12), st.sampled_from(["title", "author", "year"]))
def test_what_passes_can_be_listed(tmp_path_factory, value, field):
    path = tmp_path_factory.getbasetemp() / "any.bib"
    path.write_text(article(**{field: value}), encoding="utf-8")
    if not bibliography.check(path):
        [line] = listed(path.read_text(encoding="utf-8"))
        assert "\\" not in line


TEN = "ABCDEFGHIJ"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Diaz-Pier, Sandra", "Diaz-Pier S"),
        ("van Rossum, Mark C. W.", "van Rossum MCW"),
        ("Gewaltig, Marc-Oliver and Gewaltig, M.-O.", "Gewaltig M-O, Gewaltig M-O"),
        ("Lee, MO and Lee, M.O. and M. O. Lee", "Lee MO, Lee MO, Lee MO"),
        (r"M{\"u}ller, {\'E}va and Müller, Éva", "Müller É, Müller É"),
        ("Lee, Jr., Ann", "Lee A Jr."),
        ("{NEST Initiative} and Lee, Ann", "NEST Initiative, Lee A"),
        ("王, 小明", "王 小明"),
        ("Lee, Ann and others", "Lee A, et al."),
        (" and ".join(f"{c}x, Jo" for c in TEN), ", ".join(f"{c}x J" for c in TEN)),
        (
            " and ".join(f"{c}x, Jo" for c in f"{TEN}K"),
            "Ax J, Bx J, Cx J, Dx J, Ex J, Fx J, et al.",
        ),
    ],
)
def test_people(written, shown):
    [line] = listed(article(author=written))
    assert line == f"{shown} (2024). T. <em>J</em>."


@pytest.mark.parametrize(
    ("bibtex", "shown"),
    [
        (article(volume="8", pages="ENEURO.0274-21.2021"), "<em>J</em> 8:ENEURO.0274-21.2021."),
        (article(volume="18", number="6", pages="12-15"), "<em>J</em> 18(6):12\u201315."),
        (article(title="iPS {Cells} in ISO ABC?"), "(2024). iPS Cells in ISO ABC? <em>"),
        (article(title="a < b & <i>c</i>"), "a &lt; b &amp; &lt;i&gt;c&lt;/i&gt;."),
        (
            article(doi="10.1234/a<b", url="https://example.org"),
            '<em>J</em>. <a href="https://doi.org/10.1234/a%3Cb">doi:10.1234/a&lt;b</a>',
        ),
        (article(author=None, editor="Lee, Ann and Kim, Bo"), "Lee A, Kim B (eds) (2024). T."),
        ("@online{a, title={A page}, year=2020}", "A page (2020)."),
        (
            "@book{a, author={Lee, Ann}, title={A Book}, edition={2nd}, publisher={P},"
            " address={Q}}",
            "Lee A. <em>A Book</em>. 2nd edition, P, Q.",
        ),
        (
            "@inproceedings{a, author={Lee, Ann}, editor={Kim, Bo}, title={T}, booktitle={Acts},"
            " pages={1--2}}",
            "Lee A. T. In: Kim B (ed) <em>Acts</em>, pp. 1\u20132.",
        ),
        ("@phdthesis{a, title={T}, school={S}}", "<em>T</em>. PhD thesis, S."),
        ("@techreport{a, title={T}, number=7, institution={S}}", "Technical report 7, S."),
        ("@unheard-of{a, title={T}}", "T."),
    ],
)
def test_works(bibtex, shown):
    [line] = listed(bibtex)
    assert shown in line


def test_the_order_is_that_of_people_then_years():
    works = [
        ("Zoe, A", "2001"), ("Ärmel, B", "2003"), ("Ärmel, B", "1999"),
        ("{arc team}", "2020"), ("Ärmel, B and Aa, C", "1990"), ("van Zz, D", "2000"),
    ]  # fmt: skip
    entries = [article(author=a, year=y).replace("key", f"k{n}") for n, (a, y) in enumerate(works)]
    assert [line.split(".")[0] for line in listed("".join(entries))] == [
        "arc team (2020)", "Ärmel B (1999)", "Ärmel B (2003)", "Ärmel B, Aa C (1990)",
        "van Zz D (2000)", "Zoe A (2001)",
    ]  # fmt: skip
