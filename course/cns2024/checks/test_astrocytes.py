"""Official checks of the neuron-astrocyte networks: values by theory, or by NEST 3.10."""

import math

import numpy as np
from courseware.checks import exercise

SIC_TH = 0.19669  # µM


def current(calcium):
    """The SIC (pA) for calcium (µM), weight 1."""
    return np.log(np.maximum((np.asarray(calcium) - SIC_TH) * 1000.0, 1.0))


def entry(found, name):
    """The number or array of that name in a dictionary that came from the lab."""
    assert isinstance(found, dict), "A dictionary is needed."
    assert name in found, f"The dictionary lacks '{name}'."
    try:
        values = np.asarray(found[name], dtype=float)
    except (TypeError, ValueError):
        raise AssertionError(f"'{name}' should be a number or an array of numbers.") from None
    assert values.size, f"'{name}' is empty."
    assert np.isfinite(values).all(), f"'{name}' should hold finite numbers."
    return values


@exercise("oscillation", points=1, hint="Set both IP3 and IP3_0, and count after the first 30 s.")
def test_rests_outside_the_window(lab):
    """Without noise there is a fixed point below 0.36 µM and above 0.65 µM."""
    for low, high, where in ((0.17, 0.33, "little"), (0.7, 1.0, "much")):
        events = lab.number("events_per_minute", float(lab.rng.uniform(low, high)))
        assert events == 0, (
            f"With {where} IP3 calcium is at rest, yet there are events: "
            "is the start, the first 30 s, left out?"
        )


@exercise("oscillation", points=2, hint="Count rises, not samples, and divide by two minutes.")
def test_oscillates_inside(lab):
    """4.5 to 5.5 a minute between 0.42 and 0.6 µM, in steps of 0.5; deterministic."""
    events = lab.number("events_per_minute", float(lab.rng.uniform(0.42, 0.6)))
    assert events > 0, (
        "Calcium should oscillate around 0.5 µM: is IP3 held, not only started there?"
    )
    assert events < 100, "So many? Count where calcium rises through 0.2 µM, not where it is above."
    assert 4 <= events <= 6, (
        "The number of events per minute is not right: per how long do you count?"
    )


@exercise("mean_ip3", points=1, hint="0 = (IP3_0 - IP3) / tau_IP3 + rate * weight * delta_IP3.")
def test_mean_ip3(lab):
    """The balance of the linear equation, with tau in seconds."""
    for _ in range(3):
        rate, weight, delta, tau, base = lab.rng.uniform(
            [0.1, 0.5, 0.1, 2e3, 0.1], [3, 2, 1, 9e3, 0.3]
        )
        found = lab.number(
            "mean_ip3", rate, weight=weight, delta_IP3=delta, tau_IP3=tau, IP3_0=base
        )
        wanted = base + rate * weight * delta * tau / 1000.0
        assert math.isclose(found, wanted, rel_tol=1e-3), (
            "The mean is not right: are baseline and weight in it, and tau_IP3 in seconds?"
        )


@exercise("mean_ip3", points=1, hint="Solve your formula for the rate.")
def test_rate_for(lab):
    """The same equation, solved for the rate."""
    for _ in range(3):
        rate, weight, delta, tau, base = lab.rng.uniform(
            [0.1, 0.5, 0.1, 2e3, 0.1], [3, 2, 1, 9e3, 0.3]
        )
        wanted = base + rate * weight * delta * tau / 1000.0
        found = lab.number(
            "rate_for", wanted, weight=weight, delta_IP3=delta, tau_IP3=tau, IP3_0=base
        )
        assert math.isclose(found, rate, rel_tol=1e-3), (
            "The rate is not right: only the IP3 above the baseline comes from spikes."
        )


@exercise("sic", points=1, hint="np.log of (calcium - SIC_th) * 1000, times SIC_scale.")
def test_sic_above(lab):
    """The formula at high calcium, where nothing is cut off."""
    calcium, scale = lab.rng.uniform(0.21, 2.0, 20), float(lab.rng.uniform(0.5, 3))
    found = lab.array("sic", calcium, shape=(20,), SIC_scale=scale)
    assert np.allclose(found, scale * current(calcium), atol=1e-6), (
        "The current is not right: is the excess over SIC_th in nM, and is SIC_scale used?"
    )


@exercise("sic", points=1, hint="Replace every y below 1 by 1 before you take the logarithm.")
def test_sic_below(lab):
    """No current below y = 1; this includes the 1 nM above SIC_th."""
    found = lab.array("sic", np.append(lab.rng.uniform(0, SIC_TH, 5), [0.19670, 0.1970, 0.1976]))
    assert (found == 0).all(), (
        "At low calcium no current flows. Look between 0.19669 and 0.19769 µM, too: never negative."
    )


@exercise("sic", points=1, hint="ln y is positive only when y is above 1, and y is in nM.")
def test_onset(lab):
    """SIC_th + 1 nM; NEST gives 0 at 0.19769 and 0.00995 pA at 0.19770 µM."""
    onset = lab.value("onset")
    assert isinstance(onset, int | float), "Set onset to a concentration in µM."
    assert math.isclose(onset, SIC_TH + 0.001, abs_tol=6e-6), (
        "That is not where current begins: at which y does the logarithm change its sign?"
    )


@exercise("pair", points=1, hint="pre to post: tsodyks_synapse with weight 1.")
def test_to_neuron(lab):
    """The first spike has U = 0.5 of the weight, 1 nS: 0.489 to 0.500 nS over ten seeds."""
    peak = entry(lab.call("pair", 1.0, seed=lab.seed()), "g_ex").max()
    assert peak > 0, "The postsynaptic neuron receives no spikes."
    assert 0.4 < peak < 0.6, "The conductance is not right: which synapse model, which weight?"


@exercise("pair", points=1, hint="pre to astrocyte: tsodyks_synapse with weight 1.")
def test_to_astrocyte(lab):
    """The first spike adds U * 0.08 = 0.04 µM, less what decays in 1 ms; so in ten seeds."""
    rise = np.diff(entry(lab.call("pair", 1.0, seed=lab.seed()), "IP3")).max()
    assert rise > 0.01, "The astrocyte receives no spikes."
    assert 0.035 < rise < 0.0401, (
        "A spike makes too much or too little IP3: which model, which weight?"
    )


@exercise("pair", points=2, hint="astrocyte to post: sic_connection with the weight sic_weight.")
def test_current(lab):
    """The formula of exercise 3 times the weight, 1 ms later (the delay); the same to rounding."""
    weight = float(lab.rng.uniform(1.5, 4))
    data = lab.call("pair", weight, seed=lab.seed())
    found, calcium = entry(data, "I_SIC"), entry(data, "Ca_astro")
    assert found.max() > 0, "No current flows into the postsynaptic neuron."
    wanted = weight * current(calcium)
    assert found.shape == wanted.shape, "I_SIC and Ca_astro should have a value each ms."
    assert np.allclose(found[1:], wanted[:-1], atol=1e-3), (
        "The current does not follow the calcium as it should: is sic_weight its weight?"
    )


@exercise("tripartite", points=1, hint="Look at the small example, and put the arguments in.")
def test_counts(lab):
    """Binomial numbers: within five standard deviations; third_in and third_out are the same."""
    for pool_type, n_astrocytes, pool_size in (("random", 20, 5), ("block", 40, 1)):
        first, second = lab.rng.uniform(0.3, 0.7, 2)
        counts = lab.call(
            "tripartite_counts",
            60,
            80,
            n_astrocytes,
            first,
            second,
            pool_type,
            pool_size,
            lab.seed(),
        )
        for kind, p in (("primary", first), ("third_in", first * second)):
            spread = math.sqrt(4800 * p * (1 - p))
            assert abs(entry(counts, kind) - 4800 * p) < 5 * spread, (
                f"The number of {kind} connections is not right: are the probabilities passed on?"
            )
        assert entry(counts, "third_in") == entry(counts, "third_out"), (
            "As many connections come from astrocytes as go to them: what do you count?"
        )


@exercise("tripartite", points=1, hint="All pairs, times p_primary; of these a share p_third.")
def test_expected_counts(lab):
    """The means of two nested Bernoulli trials."""
    for _ in range(2):
        n_pre, n_post = (int(n) for n in lab.rng.integers(10, 200, 2))
        first, second = lab.rng.uniform(0.05, 0.95, 2)
        found = lab.call("expected_counts", n_pre, n_post, first, second)
        wanted = {"primary": n_pre * n_post * first}
        wanted |= dict.fromkeys(("third_in", "third_out"), wanted["primary"] * second)
        for kind, mean in wanted.items():
            assert math.isclose(entry(found, kind), mean, rel_tol=1e-6), (
                f"{kind} is not right: astrocytes join connections that exist, not any pair."
            )


@exercise(
    "tripartite",
    points=2,
    hint="One neuron joins by this astrocyte with p_primary * p_third / pool_size.",
)
def test_expected_astrocytes(lab):
    """By counting 40,000 random neurons: the standard error is below 0.01."""
    n_pre, pool = int(lab.rng.integers(10, 60)), int(lab.rng.integers(2, 9))
    first, second = lab.rng.uniform(0.1, 0.6, 2)
    joined = lab.rng.binomial(n_pre, first * second, 40_000)
    astrocyte_missed = [lab.rng.multinomial(n, [1 / pool] * pool) == 0 for n in joined]
    wanted = pool - np.sum(astrocyte_missed) / 40_000
    found = lab.number("expected_astrocytes", n_pre, first, second, pool)
    assert found <= pool, "A neuron has no more astrocytes than its pool."
    assert abs(found - wanted) < 0.05, (
        "The mean is not right: two connections may get the same astrocyte, and some get none."
    )


@exercise("network", points=1, hint="From excitatory to all neurons, p = 0.1; astrocytes p = 0.5.")
def test_connections(lab):
    """3200 and 1600 on average, with a standard deviation of 54 and 39: within five of them."""
    counts = lab.call("network_counts", sic_weight=2.0, seed=lab.seed())
    assert entry(counts, "primary") > 0, "There are no connections yet."
    assert abs(entry(counts, "primary") - 3200) < 270, (
        "The number of primary connections is not right: which neurons, which probability?"
    )
    assert abs(entry(counts, "third_in") - 1600) < 195, (
        "Half of the connections are joined by astrocytes."
    )


@exercise("network", points=2, hint="third_out is a sic_connection with the weight sic_weight.")
def test_more_with_sic(lab):
    """6.0 to 6.7 against 3.5 to 3.7 spikes/s: a ratio of 1.66 to 1.89 over ten seeds."""
    seed = lab.seed()
    without, with_sic = (
        entry(lab.call("run_network", duration=4000.0, sic_weight=weight, seed=seed), "rate")
        for weight in (0.0, 2.0)
    )
    assert with_sic > 1.3 * without, (
        "SICs should raise the firing rate clearly: do they have the weight sic_weight?"
    )


@exercise("network", points=1, hint="Pass pool_type and pool_size on.")
def test_pools(lab):
    """30 to 34 against 16 to 20 pA: a ratio of 1.72 to 2.04 over ten seeds."""
    seed = lab.seed()
    random, block = (
        entry(
            lab.call("run_network", duration=8000.0, sic_weight=2.0, seed=seed, **pools),
            "fluctuation",
        )
        for pools in (
            {"pool_type": "random", "pool_size": 5},
            {"pool_type": "block", "pool_size": 1},
        )
    )
    assert random > 0, "There are no slow inward currents yet."
    assert block > 1.3 * random, (
        "Blocks and random pools should differ: are pool_type and pool_size used?"
    )


@exercise(
    "network", points=1, hint="What does an average of five do to the mean, and to the spread?"
)
def test_prediction(lab):
    """Over ten seeds of 8 s, blocks had 0.97 to 1.01 times the rate; fluctuation: test_pools."""
    prediction = lab.value("prediction")
    assert isinstance(prediction, dict), "prediction is a dictionary with two answers."
    assert prediction.get("rate") == "equal", (
        "Run both: how do the mean rates compare? Does a pool change how many SICs a neuron gets?"
    )
    assert prediction.get("fluctuation") == "higher", (
        "Run both and look at the SICs of single neurons: which are averages over astrocytes?"
    )
