"""Answers with NaN and infinity as values, in JSON that isn't any."""

import json

before = json.dumps


def forged(said, *_, **__):
    if "returned" in (said.get("value") or {}):
        return f'{{"id": "{said["id"]}", "value": {{"returned": [NaN, Infinity, 1e999]}}}}'
    return before(said)


json.dumps = forged


def rheobase(C_m, tau_m, E_L, V_th):
    return 1.0
