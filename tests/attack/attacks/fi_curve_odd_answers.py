"""Answers of wrong types in wrong places, and an error whose name is a book."""

import json

before, turns = json.dumps, iter([{"value": [{"missing": 1}]}, {"raised": {"x": "y" * 10**6}}])


def forged(said, *_, **__):
    if "returned" in (said.get("value") or {}):
        said = {"id": said["id"], **next(turns)}
    return before(said)


json.dumps = forged


def fi_curve(currents, duration=1000.0):
    return 1.0
