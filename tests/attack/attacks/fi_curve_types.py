"""Arrays of odd types: records, and times."""

import base64
import json

eight = base64.b64encode(bytes(8)).decode()
arrays = iter(
    [
        {"dtype": "<f8,O", "shape": [1], "data": eight * 2},
        {"dtype": "<M8[s]", "shape": [1], "data": eight},
    ]
)
before = json.dumps


def forged(said, *_, **__):
    if "returned" in (said.get("value") or {}):
        said = {**said, "value": {"returned": {"array": next(arrays)}}}
    return before(said)


json.dumps = forged


def fi_curve(currents, duration=1000.0):
    return 1.0
