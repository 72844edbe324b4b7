"""Official checks of the introduction. Values by theory, or by NEST 3.10 in 0.1 ms steps."""

import math

import numpy as np
from courseware.checks import exercise


@exercise("rheobase", points=1, hint="At rest, 0 = -(V - E_L) / tau_m + I / C_m. Put V = V_th.")
def test_rheobase(lab):
    """C_m (V_th - E_L) / tau_m, whatever the neuron; NEST fires from 375.04 pA, theory 375."""
    for _ in range(3):
        C_m, tau_m = lab.rng.uniform(100, 400), lab.rng.uniform(5, 30)
        E_L, V_th = lab.rng.uniform(-80, -60), lab.rng.uniform(-57, -45)
        expected = C_m * (V_th - E_L) / tau_m
        found = lab.number("rheobase", C_m, tau_m, E_L, V_th)
        assert math.isclose(found, expected, abs_tol=2), (
            "Is it the current that holds the potential at the threshold, relative to rest? "
            "And does it have the unit pA: pF times mV over ms?"
        )


@exercise(
    "fi_curve",
    points=2,
    hint="n neurons, their I_e set to the currents, n recorders, connected one_to_one.",
)
def test_fi_curve(lab):
    """Spikes in 1 s, deterministic; 1 more or less is the first spike's phase."""
    measured = {374.0: 0, 376.0: 16, 400.0: 33, 500.0: 63, 600.0: 84, 1000.0: 147}
    currents = lab.rng.permutation(list(measured))
    rates = lab.array("fi_curve", currents, shape=currents.shape)
    for current, rate in zip(currents, rates, strict=True):
        assert abs(rate - measured[current]) <= 1, (
            f"The rate at {current:.0f} pA is not right. Does each neuron have its own current, "
            "and each recorder one neuron?"
        )


@exercise("fi_curve", points=1, hint="Divide the counts by the duration in seconds.")
def test_fi_curve_is_per_second(lab):
    """At 400 and 500 pA 33 and 63 spikes/s, however long they are counted."""
    duration = lab.rng.choice([2000.0, 3000.0, 4000.0])
    rates = lab.array("fi_curve", [400.0, 500.0], duration, shape=(2,))
    assert np.abs(rates - [33.4, 62.7]).max() <= 2, (
        f"Over {duration:.0f} ms the rates differ from those over 1000 ms. "
        "Is the network simulated for `duration`, and are spikes counted per second?"
    )


@exercise(
    "psp_peak",
    points=1,
    hint="voltmeter.events['V_m'].max() minus E_L; the voltmeter's interval is 0.1 ms.",
)
def test_psp_peak(lab):
    """0.2600 mV for 20 pA, deterministic."""
    peak = lab.number("psp_peak", 20.0)
    assert math.isclose(peak, 0.26, rel_tol=0.01), (
        "The peak for 20 pA is not right. Is it the maximum of V_m, relative to rest, "
        "and is the simulation long enough to contain it?"
    )


@exercise("psp_peak", points=1, hint="The weight belongs to the connection: syn_spec.")
def test_psp_peak_grows_with_the_weight(lab):
    """0.013 mV for each pA: the membrane is linear below the threshold."""
    for weight in lab.rng.uniform(30, 300, size=2):
        peak = lab.number("psp_peak", weight)
        assert math.isclose(peak, 0.0130001 * weight, rel_tol=0.01), (
            f"The peak for {weight:.0f} pA is not right. Does the connection have that weight?"
        )


@exercise(
    "balance",
    points=2,
    hint="Start from 10 and 30. While the rate in the middle is above the target, go up.",
)
def test_balance(lab):
    """NEST fires at the target. Over 12 seeds: at 8 spikes/s within 19 %, from 40 on within 7 %."""
    for target, tolerance in ((lab.rng.uniform(8, 12), 0.4), (lab.rng.uniform(40, 80), 0.15)):
        inhibition = lab.number("balance", target, lab.seed())
        assert 10 <= inhibition <= 30, "The inhibition is not between 10 and 30 spikes/s."
        rate = lab.number("output_rate", inhibition, lab.seed(), 20_000.0)
        assert rate < target * (1 + tolerance), (
            f"Asked for {target:.0f} spikes/s, your inhibition lets it fire faster. Does the "
            "search go on in the half that contains the answer, and long enough?"
        )
        assert rate > target * (1 - tolerance), (
            f"Asked for {target:.0f} spikes/s, your inhibition makes it fire more slowly. Does the "
            "search go on in the half that contains the answer, and long enough?"
        )


@exercise("balance", points=1, hint="A neuron that is to fire faster needs less inhibition.")
def test_balance_follows_the_target(lab):
    """19.74 to 19.93 for 5 spikes/s, 17.10 to 17.24 for 80, over 12 seeds."""
    slow, fast = (lab.number("balance", target, lab.seed()) for target in (5.0, 80.0))
    assert 2 < slow - fast < 3.5, (
        "To fire at 80 instead of 5 spikes/s a neuron needs less inhibition, by a few spikes/s. "
        "Does your answer depend on `target`, and finely enough?"
    )


def _rate_and_cv(trains):
    """Rate (spikes/s) and mean CV of what `brunel` records in 300 ms."""
    intervals = [np.diff(train) for train in trains if len(train) >= 3]
    cvs = [np.std(each) / np.mean(each) for each in intervals]
    return np.mean([len(train) for train in trains]) / 0.3, np.mean(cvs) if cvs else 0.0


@exercise("regimes", points=1, hint="Mean count of spikes, over RECORDED / 1000 seconds.")
def test_rate(lab):
    """The same network's spikes, counted here."""
    g, eta, seed = lab.rng.uniform(4.5, 6.0), lab.rng.uniform(0.9, 1.2), lab.seed()
    rate, _ = lab.array("activity", g, eta, seed, shape=(2,))
    expected, _ = _rate_and_cv(lab.call("brunel", g, eta, seed))
    assert math.isclose(rate, expected, rel_tol=0.02), (
        "The rate is not right. Is it the mean over the neurons, per second of the time "
        "recorded, and are g, eta and seed passed on?"
    )


@exercise("regimes", points=1, hint="np.std(np.diff(train)) / np.mean(np.diff(train)), for each.")
def test_cv(lab):
    """The same network's CVs. All intervals thrown together have a CV 19 to 40 % higher."""
    g, seed = lab.rng.uniform(5.0, 6.0), lab.seed()
    _, cv = lab.array("activity", g, 2.0, seed, shape=(2,))
    _, expected = _rate_and_cv(lab.call("brunel", g, 2.0, seed))
    assert math.isclose(cv, expected, rel_tol=0.1), (
        "The CV is not right. Is it the standard deviation over the mean of the intervals, "
        "for each neuron by itself, and then the mean over the neurons?"
    )


@exercise("regimes", points=2, hint="Inhibition dominates from g = 4 on; the theory has the rate.")
def test_irregular(lab):
    """Over 12 seeds g = 6, eta = 2 has 24 to 35 spikes/s and a CV of 0.88 to 1.02."""
    choice = lab.value("irregular")
    assert isinstance(choice, (list, tuple)), "irregular is not yet a pair, (g, eta)."
    assert len(choice) == 2, "irregular needs two numbers, (g, eta)."
    rate, cv = _rate_and_cv(lab.call("brunel", *choice, lab.seed()))
    assert rate > 18, "With your g and eta the network fires too slowly."
    assert rate < 45, "With your g and eta the network fires too fast."
    assert cv > 0.75, "With your g and eta the CV is too small: is inhibition strong enough?"
