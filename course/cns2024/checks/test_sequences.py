"""Official checks of sequence learning. Values by theory, or by NEST 3.10 in 0.1 ms steps."""

import math

import numpy as np
from courseware.checks import exercise


@exercise(
    "neuron",
    points=1,
    hint="t_plateau is the point in time when the dAP ends: count from t, the time now.",
)
def test_dendritic_action_potential(lab):
    """Five inputs (peak 59.5 pA) cause a dAP of 60.0 ms, whenever they come; four don't."""
    onset = 10.0 * int(lab.rng.integers(7, 12))
    silent = lab.call("dendrite_response", 4, onset)
    assert not np.any(silent["I_plateau"]), "Four inputs are too few for a dAP."
    plateau = np.asarray(lab.call("dendrite_response", 5, onset)["I_plateau"])
    assert plateau.max() > 0, "Five inputs that arrive together should cause a dAP."
    lasts = 0.1 * np.count_nonzero(plateau)
    assert math.isclose(lasts, 60, abs_tol=0.3), (
        f"A dAP that begins {onset:.0f} ms after the start doesn't last as long as tau_dAP."
    )


@exercise("neuron", points=2, hint="z decays like the currents do, but with tau_z; a dAP adds 1.")
def test_trace_of_dendritic_action_potentials(lab):
    """One dAP lifts z to 1 (0.9994 after the first step); then it decays with 180 ms."""
    found = lab.call("dendrite_response", 5, 20.0)
    times, z = np.asarray(found["times"]), np.asarray(found["z"])
    assert math.isclose(z.max(), 1, abs_tol=0.01), "One dAP should lift the trace z from 0 to 1."
    begin = times[np.argmax(z)]
    for later in (60.0, 200.0):
        now = z[np.argmin(abs(times - begin - later))]
        assert math.isclose(now, math.exp(-later / 180), rel_tol=0.01), (
            f"{later:.0f} ms after the dAP z is not right: does it decay with tau_z?"
        )


def permanences(pairings, s, z, start):
    """The published rule: depression by each presynaptic spike, then change by the postsynaptic."""
    permanence, history = start, []
    for _ in range(pairings):
        permanence = max(1.0, permanence - 0.0015 * 20)
        history.append(permanence)
        if 4 < s < 80:
            change = 20 * (0.08 * math.exp(-s / 20) + 0.014 * (1 - z))
            permanence = min(20.0, max(1.0, permanence + change))
    return np.array(history)


@exercise("permanence", points=1, hint="P_MAX * (LAMBDA_PLUS * x + LAMBDA_H * (Z_TARGET - z)).")
def test_permanence_changes(lab):
    """The published rule, far from the bounds."""
    for _ in range(3):
        s, z, start = lab.rng.uniform(6, 70), lab.rng.uniform(0, 2), lab.rng.uniform(8, 12)
        found = lab.array("permanences", 5, s, z, start=start, shape=(5,))
        wanted = permanences(5, s, z, start)
        assert np.allclose(found[0], wanted[0]), (
            "The first value is the permanence just after the first presynaptic spike."
        )
        assert np.allclose(found, wanted), (
            f"Not right for z = {z:.2f} and s = {s:.0f} ms: compare both terms with the equation."
        )


@exercise("permanence", points=1, hint="min and max after each change; an if for the window of s.")
def test_permanence_bounds(lab):
    """It stays between 1 and 20, and s outside of 4 to 80 ms leaves depression only."""
    top = lab.array("permanences", 60, 30.0, 0.0, start=15.0, shape=(60,))
    assert np.allclose(top, permanences(60, 30.0, 0.0, 15.0)), "It should stop growing at P_MAX."
    bottom = lab.array("permanences", 60, 30.0, 3.0, start=5.0, shape=(60,))
    assert np.allclose(bottom, permanences(60, 30.0, 3.0, 5.0)), "It should not go below P_MIN."
    for s in (2.0, 90.0):
        found = lab.array("permanences", 5, s, 0.0, start=9.0, shape=(5,))
        assert np.allclose(found, permanences(5, s, 0.0, 9.0)), (
            f"With s = {s:.0f} ms the postsynaptic spike should change nothing."
        )


@exercise("synapse", points=1, hint="The Hebbian term is lambda_plus times the trace x.")
def test_synapse_trace(lab):
    """Without the other terms, intervals 20 ms apart change by a factor of e (deterministic)."""
    first, second = (
        np.diff(lab.array("pairing", 1.0, 4, interval, shape=(4,), permanence=5.0))[-1] + 0.03
        for interval in (20.0, 40.0)
    )
    assert math.isclose(first / second, math.e, rel_tol=0.02), (
        "At z = z_target the change should fall off with the interval as the trace x does."
    )
    assert math.isclose(first, 20 * 0.08 * math.exp(-22 / 20), rel_tol=0.02), (
        "At z = z_target the change should be p_max * lambda_plus * x."
    )


@exercise("synapse", points=2, hint="The third factor enters as z_target - z, times lambda_h.")
def test_synapse_third_factor(lab):
    """The change is linear in z, with the slope -lambda_h p_max = -0.28 (deterministic)."""
    z = np.array([0.0, 1.0, 2.0]) + lab.rng.uniform(0, 0.5)
    changes = [
        np.diff(lab.array("pairing", float(each), 4, shape=(4,), permanence=9.0))[-1] for each in z
    ]
    assert changes[0] > changes[-1], "The more dAPs there were, the less should it grow: the sign?"
    assert np.allclose(np.diff(changes), -0.28, atol=0.005), (
        "From one z to the next the change differs by another amount than lambda_h * p_max."
    )


@exercise(
    "balance",
    points=2,
    hint="0 = LAMBDA_PLUS * x + LAMBDA_H * (Z_TARGET - z) - LAMBDA_MINUS; solve it for z.",
)
def test_balance(lab):
    """The root of the published rule: 1.59 for 42 ms."""
    for s in (42.0, lab.rng.uniform(6, 30), lab.rng.uniform(50, 78)):
        found = lab.number("balance", float(s))
        wanted = 1 + (0.08 * math.exp(-s / 20) - 0.0015) / 0.014
        assert math.isclose(found, wanted, rel_tol=1e-3), (
            f"Not right for s = {s:.0f} ms. Are all three parts in it: x, the third factor, and "
            "what the presynaptic spike takes away?"
        )


def samples(rng):
    """Dendrites of 40 neurons each 4 ms: some in a dAP before 200 ms, some only before or after."""
    neurons = rng.permutation(np.arange(101, 141))
    spans = dict.fromkeys(map(int, neurons), (0.0, 0.0))
    spans |= dict.fromkeys(map(int, neurons[:12]), (150.0, 210.0))
    spans |= dict.fromkeys(map(int, neurons[12:15]), (150.0, 194.0))
    spans |= dict.fromkeys(map(int, neurons[15:20]), (120.0, 180.0))
    spans |= dict.fromkeys(map(int, neurons[20:27]), (200.0, 260.0))
    times, senders = np.meshgrid(np.arange(1.0, 400.0, 4.0), np.arange(101, 141), indexing="ij")
    times, senders = times.ravel(), senders.ravel()
    begin = np.array([spans[int(who)][0] for who in senders])
    end = np.array([spans[int(who)][1] for who in senders])
    currents = np.where((times >= begin) & (times < end), 200.0, 0.0)
    dendrites = {"times": times, "senders": senders, "I_plateau": currents}
    return dendrites, neurons


@exercise("predicted", points=1, hint="Which of the given neurons are among the senders in a dAP?")
def test_predicted_fraction(lab):
    """15 of 40 neurons are in a dAP in the 10 ms before 200 ms; by construction."""
    dendrites, neurons = samples(lab.rng)
    found = lab.number("predicted", dendrites, np.sort(neurons), 200.0)
    assert found <= 1, "A fraction of neurons is not above 1: does each neuron count once?"
    assert math.isclose(found, 15 / 40), (
        "Not the fraction of these neurons that are in a dAP in the 10 ms before the onset."
    )


@exercise("predicted", points=1, hint="Compare the senders with `neurons`.")
def test_predicted_neurons(lab):
    """Only the given neurons count: 3 of the 5 here, and none of those that come too late."""
    dendrites, neurons = samples(lab.rng)
    found = lab.number("predicted", dendrites, np.sort(neurons[[0, 1, 13, 16, 39]]), 200.0)
    assert math.isclose(found, 3 / 5), "Do you look only at the neurons that are given?"
    late = lab.number("predicted", dendrites, np.sort(neurons[20:27]), 200.0)
    assert late == 0, "A dAP that begins at the onset or later predicts nothing."


@exercise(
    "context",
    points=2,
    hint="The onset with position 3 in the last repetition, once for each sequence.",
)
def test_context_is_predicted(lab):
    """20 seeds: 0.34 to 0.52 of the right neurons after 40 repetitions, 0 of the others."""
    found = lab.array("context", lab.seed(), 40, shape=(2, 2))
    (e_after_a, c_after_a), (e_after_f, c_after_f) = found
    assert min(e_after_a, c_after_f) > 0.2, (
        "After 40 repetitions many neurons of the right item should be predicted: E after A, D, B "
        "(first row), C after F, D, B. Do you measure before the last item?"
    )
    assert max(c_after_a, e_after_f) < 0.1, "In each row the other item should not be predicted."


@exercise("context", points=1, hint="Use predicted, not active; train for `repetitions`.")
def test_context_takes_learning(lab):
    """By theory: no permanence at E or C reaches 10 so soon (ten seeds: 0.08 at most after 8)."""
    found = lab.array("context", lab.seed(), 3, shape=(2, 2))
    assert found.max() < 0.05, (
        "After three repetitions nothing can be predicted. Do you count spikes, or train for a "
        "fixed time?"
    )
