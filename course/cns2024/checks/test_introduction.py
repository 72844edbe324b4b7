"""Official checks of the introduction. Values by theory, or by NEST 3.10 in 0.1 ms steps."""

import math
import random

from courseware.checks import exercise


@exercise("rheobase", points=1, hint="At rest, 0 = -(V - E_L) / tau_m + I / C_m. Put V = V_th.")
def test_rheobase(lab):
    """C_m (V_th - E_L) / tau_m, whatever the neuron."""
    for _ in range(3):
        C_m, tau_m = random.uniform(100, 400), random.uniform(5, 30)
        E_L, V_th = random.uniform(-80, -60), random.uniform(-57, -45)
        wanted = C_m * (V_th - E_L) / tau_m
        found = lab.call("rheobase", C_m, tau_m, E_L, V_th)
        assert math.isclose(found, wanted, abs_tol=2), (
            "Is it the current that holds the potential at the threshold, relative to rest?"
        )


@exercise(
    "fi_curve",
    points=2,
    hint="n neurons, their I_e set to the currents, n recorders, connected one_to_one.",
)
def test_fi_curve(lab):
    """Spikes in 1 s; 1 more or less is the first spike's phase."""
    measured = {374.0: 0, 376.0: 16, 400.0: 33, 500.0: 63, 600.0: 84, 1000.0: 147}
    currents = random.sample(list(measured), len(measured))
    rates = lab.call("fi_curve", currents)
    assert len(rates) == len(currents), "One rate for each current is needed."
    for current, rate in zip(currents, rates, strict=True):
        assert abs(rate - measured[current]) <= 1, f"The rate at {current:.0f} pA is not right."


@exercise("fi_curve", points=1, hint="Divide the counts by the duration in seconds.")
def test_fi_curve_is_per_second(lab):
    """The rate doesn't depend on how long it was counted."""
    rates = lab.call("fi_curve", [400.0, 500.0], 4000.0)
    assert abs(rates[1] - 63) <= 2, "The rate at 500 pA should be the same over 4 s as over 1 s."


@exercise(
    "psp_peak",
    points=2,
    hint="voltmeter.events['V_m'].max() minus E_L; the voltmeter's interval is 0.1 ms.",
)
def test_psp_peak(lab):
    """0.013 mV for each pA: the membrane is linear below the threshold."""
    for weight in (20.0, random.uniform(30, 300)):
        peak = lab.call("psp_peak", weight)
        assert math.isclose(peak, 0.0130001 * weight, rel_tol=0.01), (
            "The peak is not right. Is it relative to rest, and recorded each 0.1 ms?"
        )
