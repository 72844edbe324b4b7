"""The plain values that cross between a lab and who checks it, as JSON.

None, booleans, numbers, text, lists, dictionaries with text as keys, and arrays of numbers; nothing
else, and never an object of the other side's: both sides only read what they wrote themselves.
"""

from __future__ import annotations

import base64
import math
import sys
from typing import Any

DEEPEST = 8  # lists within lists
LARGEST = 4 * 2**20  # bytes of one array
ARRAY = "array"  # the key by which an array is known
FLOAT = "float"  # JSON has no word for nan and infinity


class NotPlain(TypeError):
    """A value that isn't plain, or is too large."""


def encode(value: Any, depth: int = 0) -> Any:
    """The value as what JSON can say. Raises NotPlain."""
    if depth > DEEPEST:
        raise NotPlain("lists within lists, too deep to be looked at")
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {FLOAT: str(value)}
    if type(value) in (list, tuple):
        return [encode(each, depth + 1) for each in value]
    if type(value) is dict:
        return {"dict": [[_key(key), encode(each, depth + 1)] for key, each in value.items()]}
    numpy = sys.modules.get("numpy")  # without it there are no arrays
    if numpy is not None:
        if isinstance(value, numpy.generic) and value.dtype.kind in "biuf":
            return encode(value.item(), depth)
        if type(value) is numpy.ndarray and value.dtype.kind in "biuf":
            return _array(value)
    raise NotPlain(f"a {type(value).__name__}, which is not plain data")


def decode(said: Any, depth: int = 0) -> Any:
    """The value that `encode` wrote. Raises ValueError for anything that it doesn't write."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    if said is None or isinstance(said, (bool, int, float, str)):
        return said
    if isinstance(said, list):
        return [decode(each, depth + 1) for each in said]
    if isinstance(said, dict) and len(said) == 1:
        ((kind, content),) = said.items()
        if kind == FLOAT and content in ("nan", "inf", "-inf"):
            return float(content)
        if kind == "dict" and isinstance(content, list):
            return {_text(key): decode(each, depth + 1) for key, each in map(_pair, content)}
        if kind == ARRAY and isinstance(content, dict):
            return _decoded_array(content)
    raise ValueError("not a plain value")


def _key(key: Any) -> str:
    if type(key) is not str:
        raise NotPlain(f"a dict with the key {key!r}, which is not text")
    return key


def _text(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError("not a plain value")
    return key


def _pair(said: Any) -> tuple[Any, Any]:
    if not isinstance(said, list) or len(said) != 2:
        raise ValueError("not a plain value")
    return said[0], said[1]


def _array(value: Any) -> dict[str, Any]:
    if value.nbytes > LARGEST:
        raise NotPlain(f"an array of {value.nbytes / 1e6:.0f} MB, too large to be looked at")
    little = value.astype(value.dtype.newbyteorder("<"))
    data = base64.b64encode(little.tobytes()).decode()
    return {ARRAY: {"dtype": little.dtype.str, "shape": list(value.shape), "data": data}}


def _decoded_array(content: dict[str, Any]) -> Any:
    import numpy as np

    dtype, shape, data = (content.get(key) for key in ("dtype", "shape", "data"))
    if not (isinstance(dtype, str) and dtype in _DTYPES and isinstance(data, str)):
        raise ValueError("not an array of numbers")
    if len(data) > 2 * LARGEST:
        raise ValueError("too large an array")
    if not isinstance(shape, list) or len(shape) > DEEPEST:
        raise ValueError("not an array's shape")
    if not all(type(n) is int and 0 <= n <= LARGEST for n in shape):
        raise ValueError("not an array's shape")
    flat = np.frombuffer(base64.b64decode(data, validate=True), dtype)
    return flat.reshape(shape).copy()  # checks the size, and is writable


_DTYPES = {"|b1", "|i1", "|u1"} | {f"<{kind}{n}" for kind in "iuf" for n in (2, 4, 8)}
