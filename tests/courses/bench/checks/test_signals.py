"""Official checks of the benchmark's exercises; they use `lab.rng`, `array` and `number` only."""

import numpy as np
from courseware.checks import exercise


@exercise("smooth", points=1, hint="np.convolve has a mode for this.")
def test_smooth(lab):
    values, width = lab.rng.normal(size=200), int(lab.rng.integers(3, 9))
    expected = [values[i : i + width].mean() for i in range(201 - width)]
    found = lab.array("smooth", values, width, shape=(201 - width,))
    assert np.allclose(found, expected), "Is it the mean of `width` neighbours?"


@exercise("decay", points=1, hint="The first value is that after the first step.")
def test_decay(lab):
    v, tau = lab.rng.uniform(1, 10), lab.rng.uniform(5, 20)
    found = lab.array("decay", v, tau, 0.1, 1000, shape=(1000,))
    assert np.allclose(found, v * (1 - 0.1 / tau) ** np.arange(1, 1001)), "Is v lost in each step?"


@exercise("walk", points=1, hint="The square of each walker's distance, then the mean.")
def test_walk(lab):
    found = lab.number("walk", 400, int(lab.rng.integers(1, 2**31)))
    assert abs(found / 400 - 1) < 0.4, "Is it the mean of the squares?"


@exercise("walk", points=1, hint="Give the seed to the generator.")
def test_walk_follows_its_seed(lab):
    seed = int(lab.rng.integers(1, 2**31))
    once, again, other = (lab.number("walk", 100, each) for each in (seed, seed, seed - 1))
    assert once == again, "The same seed gives another result: is it used?"
    assert once != other, "Another seed gives the same result: is it used?"
