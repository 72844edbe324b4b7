"""What a YAML file gets wrong by its schema, told in words an organiser can act on."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from .course import Course
from .errors import nearest, suggest
from .yamlfile import Key, YamlFile

_SAID = {
    "string_type": ("must be text", "put it in quotes"),
    "string_too_short": ("is empty", "write something, or remove the key"),
    "list_type": ("must be a list", "write each entry on its own line, after '- '"),
    "too_short": ("has no entries", "add one, or remove the key"),
    "model_type": ("must be a group of keys", "write each on its own line, as `key: value`"),
}


def check(file: YamlFile, model: type[BaseModel] = Course) -> None:
    """Note every mistake of shape as a problem of the file."""
    try:
        model.model_validate(file.data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            _problem(file, model, each["loc"], each)


def _problem(file: YamlFile, model: type[BaseModel], key: Key, error: Any) -> None:
    context = error.get("ctx", {})
    schema = _schema_at(model, key)
    about = schema.get("description", "").split("\n")[0]
    value = error["input"]
    if error["type"] == "course":
        file.wrong(key, error["msg"], context["remedy"])
    elif error["type"] == "extra_forbidden":
        known = list(_schema_at(model, key[:-1]).get("properties", {}))
        remedy = suggest(str(key[-1]), known, f"remove it, or use one of {', '.join(known)}")
        file.wrong(key, "is not a key that belongs here", remedy)
    elif error["type"] == "missing":
        file.wrong(key, "is missing", f"add it: {about}")
    elif error["type"] == "literal_error":
        expected = context["expected"]
        match = nearest(str(value), re.findall(r"'(.*?)'", expected))
        remedy = f"did you mean '{match}'?" if match else f"use {expected}"
        file.wrong(key, f"'{value}' is not one of {expected}", remedy)
    elif error["type"] == "invalid_key":
        file.wrong(key[:-1], f"the key {key[-1]} is not text", "put the key in quotes")
    elif value is None:
        file.wrong(key, "has no value", f"give one, or remove the key: {about}")
    elif error["type"] in _SAID:
        what, remedy = _SAID[error["type"]]
        file.wrong(key, what, remedy)
    else:
        message = error["msg"].replace("Input should", "should", 1)
        file.wrong(key, f"{_plain(value)} {message}", f"what belongs here: {about}")


def _plain(value: Any) -> str:
    text = str(value)
    return f"'{text[:60]}...'" if len(text) > 60 else f"'{text}'"


@cache
def _root(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _schema_at(model: type[BaseModel], key: Key) -> dict[str, Any]:
    """The part of the JSON Schema that describes the entry; empty when there is none."""
    root = _root(model)
    node = root
    for step in key:
        node = _open(root, node)
        node = node.get("items", {}) if isinstance(step, int) else _property(node, step)
    return _open(root, node) | {k: v for k, v in node.items() if k == "description"}


def _property(node: dict[str, Any], name: str) -> dict[str, Any]:
    return node.get("properties", {}).get(name, {})


def _open(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The object behind a reference, or the one alternative that isn't null."""
    for choice in node.get("anyOf", []):
        if choice.get("type") != "null":
            node = choice
    if "$ref" in node:
        return root["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
