"""Finds every mistake of a `course.yml` at once: those of shape and those of sense.

The checks of sense read the raw data, not the model, so that they also run on a file
that has mistakes of shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from . import schedule, shape
from .course import FILE, Image, Slot, Tutorial
from .errors import CourseError, Problem, suggest
from .fields import Date, LocalTime
from .yamlfile import Key, YamlFile, read

MINIMAL = "write at least its title, such as: title: My course"


def checked(folder: Path) -> dict[str, Any]:
    """The data of the course in `folder`, known to make a valid Course.

    Raises CourseError with every mistake found.
    """
    path = folder / FILE
    if not path.is_file():
        problem = Problem(str(path), None, "", "doesn't exist", f"create it: {MINIMAL}")
        raise CourseError([problem])
    file = read(path)
    if file.data is None:
        raise CourseError([Problem(file.name, None, "", "is empty", MINIMAL)])
    if not isinstance(file.data, dict):
        what = "doesn't hold keys and values"
        raise CourseError([Problem(file.name, 1, "", what, MINIMAL)])
    shape.check(file)
    _people(file)
    _duplicates(file)
    _tutorials(file, folder)
    _files(file, folder)
    _image(file, folder)
    _times(file)
    _deadline(file)
    if file.problems:
        raise CourseError(dict.fromkeys(file.problems))
    return file.data


def _items(data: Any, *path: str) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The mappings found in the lists along `path`, each with its key."""
    name, *rest = path
    values = data.get(name) if isinstance(data, dict) else None
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, dict) and not rest:
            yield (name, index), value
        elif isinstance(value, dict):
            for key, inner in _items(value, *rest):
                yield (name, index, *key), inner


def _people(file: YamlFile) -> None:
    people = [person for _, person in _items(file.data, "people")]
    known = {str(p[k]) for p in people for k in ("id", "name") if p.get(k)}
    add = "add the person to `people`, or use the name as it stands there"
    for key, who in _named_people(file.data):
        if isinstance(who, str) and who.strip() not in known:
            what = f"'{who}' is not one of the course's people"
            file.wrong(key, what, suggest(who, known, add))


def _named_people(data: dict[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Who speaks, signs or is to be asked, each with the key."""
    yield ("contact",), data.get("contact")
    lists: list[tuple[Key, Any]] = [
        ((*key, "speakers"), session.get("speakers"))
        for key, session in _items(data, "days", "sessions")
    ]
    certificate = _group(_group(data, "grading"), "certificate")
    lists.append((("grading", "certificate", "signed"), certificate.get("signed")))
    for key, names in lists:
        for index, who in enumerate(names if isinstance(names, list) else []):
            yield (*key, index), who


def _group(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The mapping under a key; empty when there is none."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _duplicates(file: YamlFile) -> None:
    handles = (
        (key, "id" if person.get("id") else "name", person)
        for key, person in _items(file.data, "people")
    )
    _unique(file, ((k, name, person.get(name)) for k, name, person in handles))
    for path in (("tutorials",), ("days", "sessions")):
        _unique(file, ((k, "id", item.get("id")) for k, item in _items(file.data, *path)))
    _unique(file, ((k, "date", day.get("date")) for k, day in _items(file.data, "days")))


def _unique(file: YamlFile, entries: Iterator[tuple[Key, str, Any]]) -> None:
    first: dict[str, Key] = {}
    for key, name, value in entries:
        if value is None:
            continue
        if str(value) in first:
            line = file.line((*first[str(value)], name))
            what = f"'{value}' is already used on line {line}"
            file.wrong((*key, name), what, "give each its own")
        first.setdefault(str(value), key)


def _tutorials(file: YamlFile, folder: Path) -> None:
    known = []
    for key, item in _items(file.data, "tutorials"):
        known.append(str(item.get("id")))
        try:
            tutorial = Tutorial.model_validate({"title": "-"} | item)
        except ValidationError:
            continue
        if not (folder / tutorial.path).is_file():
            where = (*key, "source" if tutorial.source else "id")
            file.wrong(where, f"{tutorial.path} doesn't exist", "write it, or correct its name")
    for key, session in _items(file.data, "days", "sessions"):
        name = session.get("tutorial")
        if isinstance(name, str) and name not in known:
            remedy = suggest(name, known, "add it to `tutorials`")
            file.wrong((*key, "tutorial"), f"'{name}' is not a tutorial of the course", remedy)


def _files(file: YamlFile, folder: Path) -> None:
    """Files that the course names are there."""
    named: list[tuple[Key, Any]] = [(("citations",), file.data.get("citations"))]
    for path in (("tutorials", "materials"), ("days", "sessions", "materials")):
        for key, item in _items(file.data, *path):
            named.append(((*key, "file"), item.get("file")))
    for key, name in named:
        if isinstance(name, str) and not (folder / name).is_file():
            file.wrong(key, f"{name} doesn't exist", "put it there, or correct its name")


def _image(file: YamlFile, folder: Path) -> None:
    """Packages that aren't in the lock would silently be missing from the lab."""
    try:
        image = Image.model_validate(file.data.get("image") or {})
    except ValidationError:
        return
    if not image.pip:
        return
    name = image.lock or "requirements.txt"
    lock = folder / name
    remedy = f"compile {name} from `image.pip` (uv pip compile --generate-hashes)"
    if image.lock is None:
        file.wrong(("image",), "`pip` needs a `lock`", f"{remedy} and add `lock: {name}`")
        return
    if not lock.is_file():
        file.wrong(("image", "lock"), f"{name} doesn't exist", remedy)
        return
    locked = {_pin(line) for line in lock.read_text(encoding="utf-8").splitlines()}
    for index, package in enumerate(image.pip):
        if _pin(package) not in locked:
            file.wrong(("image", "pip", index), f"{package} is not in {name}", remedy)


def _pin(line: str) -> str:
    """A pinned requirement without extras, its name as PEP 503 normalises it."""
    name, _, version = re.sub(r"\[.*?\]", "", line).partition("==")
    return re.sub(r"[-_.]+", "-", name).strip().lower() + "==" + version.split(" ")[0].strip()


def _times(file: YamlFile) -> None:
    venue = file.data.get("venue")
    if file.data.get("days") and venue is None:
        remedy = "add `venue:` with `zone:`, the time zone in which the times are written"
        file.wrong(("days",), "a schedule needs a venue", remedy)
    try:
        place = schedule.zone(venue["zone"])
    except (KeyError, TypeError):
        return
    spans = []
    for key, session in _items(file.data, "days", "sessions"):
        timed = {k: session[k] for k in Slot.model_fields if k in session}
        try:
            date = TypeAdapter(Date).validate_python(file.data["days"][key[1]]["date"])
            spans.append((*schedule.span(date, Slot.model_validate(timed), place), key, session))
        except schedule.WhenError as error:
            file.wrong((*key, "start"), *error.args)
        except (KeyError, ValidationError):
            continue  # a mistake of shape, noted already
    _overlaps(file, spans)


def _deadline(file: YamlFile) -> None:
    """The deadline is a moment that the clocks at the venue show once."""
    key, deadline = ("grading", "deadline"), _group(file.data, "grading").get("deadline")
    if deadline is None:
        return
    if file.data.get("venue") is None:
        remedy = "add `venue:` with `zone:`, the time zone by whose clocks it is meant"
        file.wrong(key, "a deadline needs a venue", remedy)
    try:
        at = TypeAdapter(LocalTime).validate_python(deadline)
        place = schedule.zone(_group(file.data, "venue")["zone"])
        schedule.instant(at.date(), at.time(), place)
    except schedule.WhenError as error:
        file.wrong(key, error.args[0], "choose another time")
    except (KeyError, TypeError, ValidationError):
        return  # a mistake of shape, noted already


def _overlaps(file: YamlFile, spans: list[tuple[Any, ...]]) -> None:
    spans.sort(key=lambda s: s[0].timestamp())
    before: tuple[Any, ...] | None = None
    for span in spans:
        start, _, key, _ = span
        if before and start.timestamp() < before[1].timestamp():
            what = f"{_when(span)} overlaps {_when(before)} on line {file.line(before[2])}"
            file.wrong((*key, "start"), what, "let one end before the other starts")
        if before is None or span[1].timestamp() > before[1].timestamp():
            before = span


def _when(span: tuple[Any, ...]) -> str:
    return f"'{span[3].get('title')}' ({span[0]:%H:%M} to {span[1]:%H:%M})"
