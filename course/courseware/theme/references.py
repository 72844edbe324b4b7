"""How the website lists the works that a course cites: authors and year first, as in the field.

    Naveau M, Butz-Ostendorf M (2016). A title. *A Journal* 10(2):57. doi:10.1234/abc

A style for pybtex (https://docs.pybtex.org/api/styles.html), named `STYLE`. It takes entries of
any type, since Jupyter Book breaks off at one that a style doesn't know, and leaves out what an
entry lacks: what is wrong with a file of references, `courseware.bibliography` says beforehand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pybtex.database import Entry, Person
from pybtex.plugin import register_plugin
from pybtex.richtext import BaseText, HRef, Tag, Text
from pybtex.style import FormattedEntry
from pybtex.style.formatting import BaseStyle
from pybtex.style.sorting import BaseSortingStyle

STYLE = "syllab"
DASH = "\N{EN DASH}"
MOST = 10  # authors of one work that are all named; of more, only the first ones
FIRST = 6
KINDS = {
    "mastersthesis": "Master's thesis",
    "phdthesis": "PhD thesis",
    "techreport": "Technical report",
}
PUBLISHERS = ("school", "institution", "organization", "howpublished", "publisher", "address")
WHOLE = {"book", "booklet", "manual", "proceedings", *KINDS}  # their titles are in italics


def register() -> None:
    """Make the style known to pybtex in this process."""
    register_plugin("pybtex.style.formatting", STYLE, Style)


class Sorting(BaseSortingStyle):
    """By authors as they are shown, then by year, then by title; accents and case don't count."""

    def sorting_key(self, entry: Entry) -> tuple[str, str, str]:
        """What an entry is sorted by. Without authors or editors its title comes first."""
        title = _text(entry, "title")
        return _folded(_by(entry) or title), _text(entry, "year"), _folded(title)


class Style(BaseStyle):
    """An entry as a paragraph of a few sentences and a link."""

    default_sorting_style = Sorting

    def format_entry(self, label: str, entry: Entry, bib_data: Any = None) -> FormattedEntry:
        """The entry as rich text; pybtex's own styles need a method for each type."""
        by, year, title = _by(entry), _text(entry, "year"), _text(entry, "title")
        dated = f"({year})" if year else ""
        work = Text(Tag("em", title) if entry.type in WHOLE else title)
        first = [_join([by, dated]), work] if by else [_join([work, dated])]
        sentences = [part.add_period() for part in (*first, _source(entry)) if part]
        return FormattedEntry(entry.key, _join([*sentences, _link(entry)]), label)


def name(person: Person) -> str:
    """A person as `van Rossum MCW`. What stands in braces stays whole, as organisations must."""
    surname = [*person.prelast_names, *person.last_names]
    given = [_initials(_plain(part)) for part in (*person.first_names, *person.middle_names)]
    # What isn't abbreviated, such as names of scripts without capitals, keeps its spaces.
    glue = "" if all(part.isupper() for part in given) else " "
    parts = [*map(_plain, surname), glue.join(given), *map(_plain, person.lineage_names)]
    return " ".join(part for part in parts if part)


def _initials(given: str) -> str:
    """`Marc-Oliver` and `M.-O.` as M-O; `MO` is initials already; `van` and `明` stay."""
    if not given[:1].isupper() or (given.isupper() and given.isalpha() and len(given) <= 3):
        return given
    words = re.split(r"[.\s]+", given)
    return "".join(letter for word in words for letter in re.findall(r"^-?\w|-\w", word)).upper()


def _by(entry: Entry) -> str:
    """Who wrote it, or else who edited it, or an empty text."""
    return _people(entry.persons.get("author", [])) or _editors(entry)


def _editors(entry: Entry) -> str:
    editors = entry.persons.get("editor", [])
    return f"{_people(editors)} ({'eds' if len(editors) > 1 else 'ed'})" if editors else ""


def _people(people: list[Person]) -> str:
    names = [name(person) for person in people]
    more = names[-1:] == ["others"]  # BibTeX's way to write et al.
    if more:
        names.pop()
    if len(names) > MOST:
        names, more = names[:FIRST], True
    return ", ".join([*names, "et al."] if more else names)


def _source(entry: Entry) -> Text:
    """Where it was published: in which journal or book, or else by whom."""
    if journal := _text(entry, "journal"):
        return _join([Tag("em", journal), _place(entry)])
    edition = f"{_text(entry, 'edition')} edition" if "edition" in entry.fields else ""
    publishers = [edition, *(_text(entry, field) for field in PUBLISHERS)]
    if book := _text(entry, "booktitle"):
        editors = _editors(entry) if entry.persons.get("author") else ""
        pages = f"pp. {_range(entry, 'pages')}" if "pages" in entry.fields else ""
        return _join([_join(["In:", editors, Tag("em", book)]), *publishers, pages], ", ")
    kind = _text(entry, "type") or KINDS.get(entry.type, "")
    return _join([f"{kind} {_text(entry, 'number')}".strip() if kind else "", *publishers], ", ")


def _place(entry: Entry) -> str:
    """Where it is in its journal: `18(6):e1010233`."""
    issue = _text(entry, "volume")
    if number := _range(entry, "number"):
        issue += f"({number})"
    return ":".join(part for part in (issue, _range(entry, "pages")) if part)


def _range(entry: Entry, field: str) -> str:
    """Numbers from and to with a proper dash; the hyphens of an article's number are none."""
    first_last = rf"(\w*\d)\s*[-{DASH}]+\s*(\w*\d)"
    found = re.fullmatch(first_last, text := _text(entry, field))
    return f"{found[1]}{DASH}{found[2]}" if found else text


def _link(entry: Entry) -> BaseText:
    if doi := entry.fields.get("doi"):
        return HRef(f"https://doi.org/{quote(doi, safe='/:;()')}", f"doi:{doi}")
    url = entry.fields.get("url")
    return HRef(url, url) if url else Text()


def _text(entry: Entry, field: str) -> str:
    """A field's text, in the case it is written in, or an empty text."""
    return _plain(entry.fields.get(field, ""))


def _plain(latex: str) -> str:
    return unicodedata.normalize("NFC", str(Text.from_latex(latex)))


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _join(parts: Iterable[BaseText | str], sep: str = " ") -> Text:
    return Text(sep).join([part for part in parts if part])
