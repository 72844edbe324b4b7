"""The values that cross between a lab and its checks: all plain ones, and nothing else."""

import json

import numpy as np
import pytest
from courseware.lab import values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NUMBERS = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(), arrays.unsigned_integer_dtypes(),
    arrays.floating_dtypes(),
)  # fmt: skip


def there_and_back(value):
    return values.decode(json.loads(json.dumps(values.encode(value), allow_nan=False)))


@given(PLAIN)
def test_plain_values_arrive_as_they_were(value):
    assert repr(there_and_back(value)) == repr(value)


@given(NUMBERS.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_side=0))))
def test_arrays_arrive_as_they_were(array):
    found = there_and_back(array)
    assert found.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


def test_numpys_numbers_and_tuples_arrive_as_pythons():
    found = there_and_back((np.float32(0.5), np.int64(7), np.bool_(True)))
    assert repr(found) == "[0.5, 7, True]"


class Sly(float):
    def __sub__(self, other):
        return 0.0


class SlyArray(np.ndarray):
    pass


NESTED = json.loads("[" * 100 + "]" * 100)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (object(), "a object, which is not plain data"),
        (Sly(1), "a Sly, which"),
        (np.zeros(3).view(SlyArray), "a SlyArray, which"),
        (np.array([object()]), "a ndarray, which"),
        (np.array(["a"]), "a ndarray, which"),
        ({1: 2}, "a dict with the key 1, which is not text"),
        (NESTED, "too deep"),
        (np.zeros(2**20), "an array of 8 MB, too large"),
    ],
)
def test_anything_else_does_not_leave_the_lab(value, says):
    with pytest.raises(TypeError, match=says):
        values.encode(value)


ONES = values.encode(np.ones(2))["array"]


@pytest.mark.parametrize(
    "said",
    [
        {"float": "1"},
        {"float": ["nan"]},
        {"dict": {}},
        {"dict": [["a", 1, 2]]},
        {"dict": [[1, 2]]},
        {"array": ONES, "more": 1},
        {"array": ONES | {"dtype": "|O8"}},
        {"array": ONES | {"dtype": ["<f8"]}},
        {"array": ONES | {"shape": [3]}},
        {"array": ONES | {"shape": [-1]}},
        {"array": ONES | {"shape": [True, 2]}},
        {"array": ONES | {"shape": [2**40, 2**40]}},
        {"array": ONES | {"shape": None}},
        {"array": ONES | {"data": "%%"}},
        {"array": ONES | {"data": None}},
        {"array": 1},
        {"pickle": "gASVAA=="},
        {},
        NESTED,
    ],
)
def test_nothing_else_is_read(said):
    with pytest.raises(ValueError):  # noqa: PT011 - each its own words
        values.decode(said)
