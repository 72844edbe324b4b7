"""Official checks of the e-prop tutorial. Values by theory, or by NEST 3.10 in steps of 1 ms."""

import math

import numpy as np
from courseware.checks import exercise


def filtered(signal, tau):
    """The reference: y = a y + (1 - a) x with a = exp(-1/tau), by convolution with the kernel."""
    a = math.exp(-1 / tau)
    kernel = (1 - a) * a ** np.arange(len(signal))
    return np.convolve(signal, kernel)[: len(signal)]


@exercise("eligibility", points=1, hint="One loop: y = a * y + (1 - a) * x, a = exp(-1 / tau).")
def test_low_pass(lab):
    """By theory, for a random signal and time constant."""
    tau = lab.rng.uniform(5, 50)
    signal = lab.rng.normal(size=80)
    found = lab.array("low_pass", signal, tau, shape=(80,))
    assert not np.allclose(found, signal), "The signal comes back unfiltered."
    wanted = filtered(signal, tau)
    assert not np.allclose(found * (1 - math.exp(-1 / tau)), wanted), (
        "The factor (1 - a) before the new value is missing."
    )
    assert not np.allclose(found[1:], wanted[:-1]), (
        "The output is one step late: y at step t includes the input at step t."
    )
    assert np.allclose(found, wanted), "low_pass doesn't follow the formula: check a = exp(-1/tau)."


@exercise(
    "eligibility",
    points=2,
    hint="low_pass the spikes with tau_m, multiply by psi, low_pass with tau_out.",
)
def test_eligibility(lab):
    """By theory, for random spikes and surrogate gradients and two different time constants."""
    tau_m, tau_out = lab.rng.uniform(5, 15), lab.rng.uniform(25, 60)
    spikes = (lab.rng.random(120) < 0.1).astype(float)
    spikes[10] = 1.0
    psi = lab.rng.uniform(0, 10, 120)
    found = lab.array("eligibility", spikes, psi, tau_m, tau_out, shape=(120,))

    def trace(first, second):
        return filtered(psi * filtered(spikes, first), second)

    assert not np.allclose(found, trace(tau_out, tau_m)), (
        "The two time constants are swapped: the membrane filters the spikes."
    )
    assert not np.allclose(found, psi * filtered(spikes, tau_m)), (
        "That is e, before the second filter."
    )
    assert np.allclose(found, trace(tau_m, tau_out)), (
        "The trace is not right: filter the spikes first, then multiply by psi, then filter again."
    )


@exercise("losses", points=1, hint="0.5 * ((readout - target) ** 2).sum(axis=(1, 2)).")
def test_losses(lab):
    """By theory, for random arrays with two readouts."""
    readout, target = lab.rng.normal(size=(2, 4, 2, 30))
    squares = ((readout - target) ** 2).sum(axis=(1, 2))
    found = lab.array("losses", readout, target, shape=(4,))
    assert not np.allclose(found, squares), "The factor 1/2 is missing."
    assert not np.allclose(found, 0.5 * squares / 60), "E is a sum over steps, not a mean."
    assert np.allclose(found, 0.5 * squares), (
        "The losses are not right: add up squared errors over readouts and steps, not iterations."
    )


@exercise("train", points=1, hint="Pass eta on to create_network; 0 means that no weight changes.")
def test_rate_of_learning(lab):
    """Exactly 1 without learning; with it 0.10-0.70 of the first loss (15 seeds, 60 iterations)."""
    still = lab.array("train", 0.0, 1.0, lab.seed(), 15, shape=(15,))
    assert still[0] > 0, "The first loss is 0: an untrained network can't be that good."
    assert np.allclose(still, still[0]), (
        "Without learning (eta=0) the loss changes. Is eta passed on, and the input the same?"
    )
    ratios = []
    for _ in range(2):
        loss = lab.array("train", 5e-3, 1.0, lab.seed(), 60, shape=(60,))
        ratios.append(loss[-10:].mean() / loss[0])
    assert np.mean(ratios) < 0.9, (
        "With eta=0.005 the loss hardly goes down. Is eta passed on, and the loss in order?"
    )


@exercise("train", points=1, hint="create_network(SINE, seed, eta, feedback).")
def test_feedback_matters(lab):
    """Feedback lowers the loss by 0.18-0.50 of the first one (15 seeds, 60 iterations)."""
    gains = []
    for _ in range(2):
        seed = lab.seed()
        without = lab.array("train", 5e-3, 0.0, seed, 60, shape=(60,))
        with_it = lab.array("train", 5e-3, 1.0, seed, 60, shape=(60,))
        assert math.isclose(without[0], with_it[0]), (
            "With the same seed the first losses differ. Do network and task use the seed?"
        )
        gains.append((without[-10:].mean() - with_it[-10:].mean()) / with_it[0])
    assert np.mean(gains) > 0.06, (
        "Feedback should lower the loss that is reached. Is it passed on to create_network?"
    )


@exercise("train", points=1, hint="Give the same seed to create_network and to sine_task.")
def test_seed(lab):
    """The same seed gives the same losses, to the last digit; another seed others."""
    first = lab.seed()
    second = first - 1 if first > 1 else 2
    once = lab.array("train", 5e-3, 1.0, first, 3, shape=(3,))
    again = lab.array("train", 5e-3, 1.0, first, 3, shape=(3,))
    other = lab.array("train", 5e-3, 1.0, second, 3, shape=(3,))
    assert np.array_equal(once, again), "Twice the same seed gives different losses."
    assert not np.allclose(once, other), "Another seed gives the same losses: is it used?"


@exercise("rate", points=2, hint="Spikes in the last 10 iterations / neurons / seconds.")
def test_rate(lab):
    """Targets of 10 and 20: 8.3-14.7 and 13.7-22.7 spikes/s, always 4.9 apart (15 seeds)."""
    seed = lab.seed()
    low = lab.number("trained_rate", 10.0, 300.0, seed)
    high = lab.number("trained_rate", 20.0, 300.0, seed)
    assert low > 2, "The rate is far too low. Is it in spikes/s, not per ms or per iteration?"
    assert low < 40, (
        "The rate is far too high. Is it for one neuron, and only for the last ten iterations?"
    )
    assert high > low + 2, "A higher target should give a higher rate. Is f_target passed on?"
    assert 5 < low < 19, "The rate is too far from the target of 10 spikes/s."
    assert 10 < high < 28, "The rate is too far from the target of 20 spikes/s."


@exercise("rate", points=1, hint="create_network(SINE, seed, f_target=f_target, c_reg=c_reg).")
def test_without_regularisation(lab):
    """Without: 58-432 spikes/s, 3.2 to 25 times as much as with (15 seeds, target 20)."""
    seed = lab.seed()
    free = lab.number("trained_rate", 20.0, 0.0, seed)
    held = lab.number("trained_rate", 20.0, 300.0, seed)
    assert free > 2 * held, "Without regularisation neurons fire much more. Is c_reg passed on?"


@exercise("side", points=1, hint="np.mean(readout, axis=2).argmax(axis=1).")
def test_decide(lab):
    """By construction: noisy probabilities in the last 20 of 50 steps, zeros before."""
    sides = lab.rng.permutation([0, 1] * 10)
    readout = np.zeros((20, 2, 50))
    readout[:, 1, -20:] = np.where(sides, 0.6, 0.4)[:, None] + lab.rng.normal(0, 0.2, (20, 20))
    readout[:, 0, -20:] = 1 - readout[:, 1, -20:]
    mean = readout.mean(axis=2)
    wanted = mean.argmax(axis=1)
    found = lab.array("decide", readout, shape=(20,))
    assert not np.array_equal(found, 1 - wanted), "All sides are the wrong way round."
    assert not np.array_equal(found, readout[:, :, -1].argmax(axis=1)), (
        "That decides by the last step alone: take the mean over steps."
    )
    assert np.array_equal(found, wanted), "Not every decision is for the higher mean."


@exercise("side", points=2, hint="wrong.reshape(iterations, batch).mean(axis=1).")
def test_classify(lab):
    """Errors in the last 20 of 50 batches: 0.02-0.19 (ten seeds); without learning about 0.5."""
    seed = lab.seed()
    found = lab.array("classify", 5e-3, seed, 50, shape=(50,))
    assert ((found >= 0) & (found <= 1)).all(), "A fraction of errors lies between 0 and 1."
    assert found[-20:].mean() < 0.65, (
        "Most decisions end up wrong. Do you return the fraction of errors, not of right ones?"
    )
    assert found[-20:].mean() < 0.35, "The network hardly learns. Is eta passed on?"


@exercise("side", points=1, hint="create_network(SIDE, seed, eta).")
def test_chance(lab):
    """Without learning it guesses: 0.38-0.63 of the last 160 trials are wrong (fifteen seeds)."""
    found = lab.array("classify", 0.0, lab.seed(), 50, shape=(50,))[-20:].mean()
    assert found > 0.25, (
        "Without learning (eta=0) the network should guess. Is eta passed on, and are decisions "
        "made from the readout, not from the targets?"
    )
    assert found < 0.75, "Without learning, errors should be about as frequent as right decisions."
