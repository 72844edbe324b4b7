"""Reads YAML together with the line of each entry, so that errors can point at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from .errors import CourseError, Problem


class _Constructor(SafeConstructor):
    """Leaves dates as text: the schema reads them, with a better message for a wrong one."""

    yaml_constructors = {**SafeConstructor.yaml_constructors}  # noqa: RUF012


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)

Key = tuple[str | int, ...]


def dotted(key: Key) -> str:
    """A path as people write it: days[0].sessions[3].title."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in key).lstrip(".")


@dataclass
class YamlFile:
    """The plain data of a YAML file, the line of each key (from 1), and problems so far."""

    name: str
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, key: Key) -> int | None:
        """The line of that entry, or of the nearest one around it that is in the file."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def wrong(self, key: Key, what: str, remedy: str, line: int | None = None) -> None:
        """Note a problem with the entry."""
        where = line or self.line(key)
        self.problems.append(Problem(self.name, where, dotted(key), what, remedy))


def read(path: Path) -> YamlFile:
    """Parse a YAML 1.2 file. Duplicate keys are noted as problems (the first one counts).

    Raises CourseError when the file can't be read or parsed.
    """
    file = YamlFile(str(path))
    parser = YAML(typ="safe", pure=True)
    parser.Constructor = _Constructor
    try:
        text = path.read_text(encoding="utf-8-sig")
        parser.allow_duplicate_keys = True
        root = parser.compose(text)
        if root is not None:
            _walk(root, (), file, set())
        file.data = parser.load(text)
    except OSError as error:
        raise _fail(path, None, f"can't be read ({error.strerror})", "check the path") from None
    except UnicodeDecodeError:
        raise _fail(path, None, "is not UTF-8", "save it as UTF-8") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise _syntax(path, error) from None
    return file


def _walk(node: Node, key: Key, file: YamlFile, above: set[int]) -> None:
    if id(node) in above:
        raise ValueError("an alias that holds itself")
    above = above | {id(node)}
    file.lines.setdefault(key, node.start_mark.line + 1)
    for name, line, child in _children(node):
        inner = (*key, name)
        if inner in file.lines and isinstance(node, MappingNode):
            what = f"stands twice: first on line {file.lines[inner]}"
            file.wrong(inner, what, "keep one of them", line=line)
            continue
        file.lines[inner] = line
        _walk(child, inner, file, above)


def _children(node: Node) -> Iterator[tuple[str | int, int, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark.line + 1, value


def _syntax(path: Path, error: Exception) -> CourseError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else None
    if isinstance(error, MarkedYAMLError):
        parts = [p for p in (error.problem, error.context) if p]
        what = f"is not valid YAML: {', '.join(parts)}"
    else:
        what = f"is not valid YAML: {re.split(chr(10), str(error))[0]}"
    remedy = "check indentation and quotes here; put a text that has ': ' or '#' in quotes"
    return _fail(path, line, what, remedy)


def _fail(path: Path, line: int | None, what: str, remedy: str) -> CourseError:
    return CourseError([Problem(str(path), line, "", what, remedy)])
