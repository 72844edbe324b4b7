"""No right solution loses a point for how it is written, or for the noise that it makes."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from attack import sources
from attack.conftest import Attempt

CONTROLS = sources.files("controls")


@pytest.fixture(scope="module")
def attempts(crowd, graded) -> dict[str, Future[Attempt]]:
    return graded(list(crowd.values()), CONTROLS)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_right_solution_gets_full_marks(attempts, name):
    attempt = attempts[name].result()
    assert attempt["state"] == "graded", attempt
    assert attempt["failed"] == ""
    assert [check["message"] for check in attempt["checks"]] == [""] * len(attempt["checks"])
    assert attempt["points"] == attempt["maximum"] > 0
