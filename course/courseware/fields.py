"""The kinds of values a course file holds, and how each is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

from . import schedule
from .errors import suggest

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = r"(\d+(?:\.\d+)?) ?([KMGT])(?:i?B)?"
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_PERCENT = r"(\d+(?:\.\d+)?) ?%"


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """A mistake with its remedy."""
    return PydanticCustomError("course", "{what}", {"what": what, "remedy": remedy})


def _printable(text: str) -> str:
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in text):
        raise wrong("has a control character", "type it again")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise wrong("has more than one line", "write it in one line")
    return text


def _zone(text: str) -> str:
    if text not in schedule.zones():
        remedy = suggest(text, schedule.zones(), "use an IANA name, such as Europe/Berlin")
        raise wrong(f"'{text}' is not a known time zone", remedy)
    return text


def size_bytes(size: str) -> int:
    """The bytes of a Size. Its units are powers of 1024, as the engine counts them."""
    match = re.fullmatch(_SIZE, size)
    if not match or not float(match[1]):
        remedy = "write a number and a unit, such as 512M or 1G"
        raise wrong(f"'{size}' is not a size", remedy)
    return int(float(match[1]) * _UNITS[match[2]])


def _size(value: Any) -> str:
    size_bytes(str(value))
    return str(value)


def _clock(value: Any) -> time:
    match = re.fullmatch(_CLOCK, value) if isinstance(value, str) else None
    if not match:
        raise wrong(f"'{value}' is not a time of day", 'write it as "HH:MM", such as "09:00"')
    return time(int(match[1]), int(match[2]))


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value if re.fullmatch(_DATE, value) else "")
    except (TypeError, ValueError):
        remedy = "write it as YYYY-MM-DD, such as 2024-07-20"
        raise wrong(f"'{value}' is not a date", remedy) from None


def _local_time(value: Any) -> datetime:
    day, _, clock = value.partition(" ") if isinstance(value, str) else ("", "", "")
    try:
        return datetime.combine(_date(day), _clock(clock))
    except PydanticCustomError:
        remedy = "write day and time, such as 2024-07-25 18:00"
        raise wrong(f"'{value}' is not a moment", remedy) from None


def _percent(value: Any) -> float:
    match = re.fullmatch(_PERCENT, value) if isinstance(value, str) else None
    if not match or not 0 < float(match[1]) <= 100:
        remedy = "write a number above 0 and up to 100 with its sign, such as 50 %"
        raise wrong(f"'{value}' is not a share", remedy)
    return float(match[1])


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


@dataclass(frozen=True)
class Shaped:
    """Marks text that matches the pattern as a whole; `what` names it in the error."""

    pattern: str
    what: str
    remedy: str
    example: str

    def check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            remedy = f"{self.remedy}, such as {self.example}"
            raise wrong(f"'{text}' is not {self.what}", remedy)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{self.pattern}$", "examples": [self.example]}


_Filled = StringConstraints(strip_whitespace=True, min_length=1)
Text = Annotated[str, _Filled, AfterValidator(_printable), AfterValidator(_one_line)]
Markdown = Annotated[str, _Filled, AfterValidator(_printable)]
Zone = Annotated[str, AfterValidator(_zone)]
Size = Annotated[str, BeforeValidator(_size), _schema(_SIZE, "1G")]
Date = Annotated[date, BeforeValidator(_date), _schema(_DATE, "2024-07-20")]
Clock = Annotated[time, BeforeValidator(_clock), _schema(_CLOCK, "09:00")]
LocalTime = Annotated[
    datetime, BeforeValidator(_local_time), _schema(f"{_DATE} {_CLOCK}", "2024-07-25 18:00")
]
Percent = Annotated[float, BeforeValidator(_percent), _schema(_PERCENT, "50 %")]
Url = Annotated[
    str,
    Shaped(r"https?://[^\s<>\"']+", "a web address", "write it in full", "https://example.org/"),
]
Email = Annotated[
    str, Shaped(r"[^\s@<>\"]+@[^\s@<>\"]+", "an e-mail address", "write one", "ann@example.org")
]
Language = Annotated[
    str, Shaped(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language tag", "use a BCP 47 tag", "pt-BR")
]
Slug = Annotated[
    str,
    Shaped(
        r"[a-z][a-z0-9_-]{0,39}",
        "a short name",
        "use up to 40 of a-z, 0-9, '-' and '_', a letter first",
        "introduction",
    ),
]
# A path inside the course folder: no way out of it, and the same on each system.
Path = Annotated[
    str,
    Shaped(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*",
        "a path within the course folder",
        "use letters, digits, '.', '_', '-' and '/', nothing else",
        "tutorials/introduction.md",
    ),
]
# These end up as arguments of apt and pip: nothing that could be an option or a command.
AptPackage = Annotated[
    str,
    Shaped(
        r"[a-z0-9][a-z0-9+.-]+", "the name of a Debian package", "name one package", "libgsl-dev"
    ),
]
PipPackage = Annotated[
    str,
    Shaped(
        r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,_-]+\])?==[A-Za-z0-9.!+]+",
        "a Python package with its version",
        "pin the version",
        "matplotlib==3.11.2",
    ),
]
