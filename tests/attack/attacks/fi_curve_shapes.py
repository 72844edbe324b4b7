"""Arrays of negative and of absurd shape."""

import base64
import json

eight = base64.b64encode(bytes(8)).decode()
arrays = iter(
    [
        {"dtype": "<f8", "shape": [-(2**63)], "data": eight},
        {"dtype": "<f8", "shape": [0] + [2**22] * 7, "data": ""},
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
