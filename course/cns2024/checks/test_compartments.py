"""Official checks of the compartments. Values by theory, by the integration below, or by NEST."""

import math
from numbers import Real

import numpy as np
from courseware.checks import exercise

E_L = -75.0  # mV
TIPS = [3, 6, 9, 12, 15]
STEP = 0.1  # ms

# The tutorial's neuron: conductances (nS) as a matrix over compartments, capacitances (pF).
COUPLING = 1000.0 * math.pi * 0.5**2 / (4.0 * 2.0 * 50.0)
CAPACITANCE = np.array([100.0] + [0.01 * math.pi * 0.5 * 50.0] * 15)
CONDUCTANCE = np.diag(CAPACITANCE / 10.0)
for child in range(1, 16):
    pair = [0 if child % 3 == 1 else child - 1, child]
    CONDUCTANCE[np.ix_(pair, pair)] += COUPLING * np.array([[1.0, -1.0], [-1.0, 1.0]])


def opened(time, decay, rise=0.2):
    """A receptor's conductance after a spike at 0, relative to its peak."""
    peak = rise * decay / (decay - rise) * math.log(decay / rise)
    difference = math.exp(-peak / decay) - math.exp(-peak / rise)
    return (math.exp(-time / decay) - math.exp(-time / rise)) / difference


def respond(synapses, duration):
    """Potentials (time, compartment) with synapses (onset, compartment, receptor, weight)."""
    V = np.full(16, E_L)
    potentials = []
    for time in np.arange(STEP / 2, duration, STEP):  # trapezoidal rule, linearised at V
        excitation, nmda, inhibition = np.zeros((3, 16))
        for onset, compartment, receptor, weight in synapses:
            if time < onset:
                continue
            if receptor == "GABA":
                inhibition[compartment] += weight * opened(time - onset, 10.0)
            else:
                excitation[compartment] += weight * opened(time - onset, 3.0)
            if receptor == "AMPA_NMDA":
                nmda[compartment] += 4.0 * weight * opened(time - onset, 43.0)
        unblocked = 1.0 / (1.0 + 0.3 * np.exp(-V / 10.0))
        current = -CONDUCTANCE @ (V - E_L) - (excitation + nmda * unblocked) * V
        current -= inhibition * (V + 80.0)
        slope = excitation + inhibition + nmda * unblocked * (1.0 + 0.1 * V * (1.0 - unblocked))
        implicit = np.diag(CAPACITANCE / STEP + slope / 2) + CONDUCTANCE / 2
        V = V + np.linalg.solve(implicit, current)
        potentials.append(V)
    return np.array(potentials)


def peaks(synapses):
    """The largest depolarisation of each compartment."""
    return respond(synapses, 60.0).max(axis=0) - E_L


def time_above(compartment, synapses, duration=150.0):
    """Time (ms) of a compartment above -35 mV."""
    return STEP * np.sum(respond(synapses, duration)[:, compartment] > -35.0)


def cluster(n, compartment, weight):
    """n synapses at one place are one that is n times as strong."""
    return (0.0, compartment, "AMPA_NMDA", n * weight)


def two_compartments(lab):
    """Random g_soma, g_dend, g_C, current."""
    low, high = [4.0, 0.3, 0.5, 10.0], [15.0, 2.0, 5.0, 50.0]
    return [round(float(value), 2) for value in lab.rng.uniform(low, high)]


@exercise(
    "attenuation",
    points=1,
    hint="Where no electrode is, the current from the neighbour equals the leak: "
    "g_C (u_there - u_here) = g_here u_here.",
)
def test_attenuation(lab):
    """g_C / (g_C + leak of the compartment without electrode)."""
    for site in ("dendrite", "soma"):
        g_soma, g_dend, g_C, current = two_compartments(lab)
        soma, dendrite = lab.array("steady_state", g_soma, g_dend, g_C, current, site, shape=(2,))
        here, there, leak = (
            (dendrite, soma, g_soma) if site == "dendrite" else (soma, dendrite, g_dend)
        )
        assert here != 0, "A current flows in, but nothing is depolarised."
        assert math.isclose(there / here, g_C / (g_C + leak), rel_tol=0.01), (
            f"The ratio of the two is not right for current into the {site}. Which leak does the "
            "current drain through in the compartment without the electrode?"
        )


@exercise(
    "attenuation",
    points=1,
    hint="All of the current leaves through the two leaks: g_soma u_soma + g_dend u_dend = I.",
)
def test_depolarisation(lab):
    """The 2 x 2 equations, solved by NumPy."""
    for site in ("dendrite", "soma"):
        g_soma, g_dend, g_C, current = two_compartments(lab)
        found = lab.array("steady_state", g_soma, g_dend, g_C, current, site, shape=(2,))
        wanted = np.linalg.solve(
            [[g_soma + g_C, -g_C], [-g_C, g_dend + g_C]],
            [current, 0.0] if site == "soma" else [0.0, current],
        )
        assert np.allclose(found, wanted, rtol=0.01), (
            f"The depolarisations in mV are not right for current into the {site}. Are both leaks "
            "and the coupling in both equations?"
        )


@exercise(
    "epsp",
    points=1,
    hint="The first compartment of a branch has parent 0, the others the one before. "
    "Each needs v_comp = E_L.",
)
def test_tree(lab):
    """Parents by counting; all start at rest."""
    branches, steps = (int(n) for n in lab.rng.integers(2, 6, size=2))
    compartments = lab.call("tree", branches, steps)
    assert isinstance(compartments, list), "tree should return a list of compartments."
    assert len(compartments) == 1 + branches * steps, (
        f"{branches} branches of {steps} compartments and a soma: the number of entries is wrong."
    )
    for index, compartment in enumerate(compartments):
        assert isinstance(compartment, dict), "Each entry of the tree should be a dict."
        assert {"parent_idx", "params"} <= set(compartment), "parent_idx or params is missing."
        params = compartment["params"]
        wanted = -1 if index == 0 else 0 if index % steps == 1 else index - 1
        assert compartment["parent_idx"] == wanted, (
            f"The parent of compartment {index} is not right with branches of {steps}. "
            "Does each branch begin at the soma?"
        )
        assert isinstance(params, dict), f"The params of compartment {index} should be a dict."
        assert params.get("v_comp") == E_L, (
            f"Compartment {index} doesn't start at rest: where is its v_comp?"
        )


@exercise(
    "epsp",
    points=2,
    hint="The receptor's comp_idx is the compartment, the connection's receptor_type is 0. "
    "Take the maximum of v_comp0 and of the compartment's, minus E_L.",
)
def test_epsp(lab):
    """The same equations integrated with NumPy; NEST differs by less than 0.5 %."""
    for tip in lab.rng.choice(TIPS, size=3, replace=False):
        compartment = int(tip - lab.rng.integers(0, 3))
        weight = round(float(lab.rng.uniform(0.2, 1.5)), 2)
        wanted = peaks([(0.0, compartment, "AMPA", weight)])
        soma, there = lab.array("epsp", compartment, weight, shape=(2,))
        assert math.isclose(there, wanted[compartment], rel_tol=0.02), (
            f"The peak in compartment {compartment} is not right. Is the synapse there, the "
            "peak relative to rest, and does the neuron start at rest?"
        )
        assert math.isclose(soma, wanted[0], rel_tol=0.02), (
            f"The peak at the soma is not right for a synapse in compartment {compartment}."
        )


def summation(lab, compartments, receptor):
    """Whether the ratio is right, with a random weight."""
    weight = round(float(lab.rng.uniform(0.2, 1.0)), 2)
    synapses = [(0.0, compartment, receptor, weight) for compartment in compartments]
    wanted = peaks(synapses)[0] / sum(peaks([synapse])[0] for synapse in synapses)
    found = lab.number("summation_ratio", compartments, receptor, weight)
    return math.isclose(found, wanted, rel_tol=0.02)


@exercise(
    "summation",
    points=2,
    hint="Simulate all inputs together, then each in a list of its own. Each time take the "
    "maximum of potentials[0] minus E_L.",
)
def test_summation(lab):
    """The same equations integrated with NumPy; NEST differs by less than 0.1 %."""
    branches = [int(tip) for tip in lab.rng.permutation(TIPS)]
    for receptor in ("AMPA", "AMPA_NMDA"):
        assert summation(lab, [branches[0]] * 4, receptor), (
            f"The ratio of four {receptor} synapses on one tip is not right. Is it the somatic "
            "peak, relative to rest, together over the sum of each alone?"
        )
        assert summation(lab, [branches[1], branches[2] - 1, branches[3] - 2, 0], receptor), (
            f"The ratio of {receptor} synapses at different distances is not right. Does the sum "
            "have each synapse alone at its own place?"
        )


@exercise(
    "summation",
    points=1,
    hint="Measure: summation_ratio([3, 6, 9, 12, 15], receptor, 0.5) and [3] * 5 instead.",
)
def test_answers(lab):
    """Measured with NEST: 0.996, 0.534, 0.999 and 1.268."""
    answers = lab.value("answers")
    assert isinstance(answers, dict), "answers should stay a dict."
    wanted = {
        "AMPA distributed": "linear",
        "AMPA clustered": "sublinear",
        "AMPA_NMDA distributed": "linear",
        "AMPA_NMDA clustered": "supralinear",
    }
    for case, answer in wanted.items():
        assert answers.get(case) == answer, (
            f"Not so for {case}: what does your function measure for it, with five synapses of "
            "0.5 nS?"
        )


@exercise(
    "plateau",
    points=2,
    hint="n inputs in a list; 0.1 ms times the number of samples of "
    "potentials[compartment] above -35.",
)
def test_duration(lab):
    """The same equations integrated with NumPy; NEST differs by at most 0.2 ms."""
    for step in lab.rng.permutation(3):
        compartment = int(lab.rng.choice(TIPS) - step)
        n, weight = int(lab.rng.integers(9, 20)), round(float(lab.rng.uniform(0.3, 0.8)), 2)
        wanted = time_above(compartment, [cluster(n, compartment, weight)])
        found = lab.number("plateau_duration", n, compartment, weight)
        assert math.isclose(found, wanted, abs_tol=1.0), (
            f"The duration for {n} synapses of {weight} nS in compartment {compartment} is not "
            "right. Is it in ms, above -35 mV, in that compartment, with AMPA_NMDA?"
        )


@exercise("plateau", points=1, hint="Raise n from 1 until plateau_duration is at least 20 ms.")
def test_needed(lab):
    """By the same integration, with weights for which no duration is within 1 ms of 20 ms."""
    for step in (0, 1):
        compartment = int(lab.rng.choice(TIPS) - step)
        durations = [20.0]
        while min(abs(duration - 20.0) for duration in durations) < 1.0:
            weight = round(float(lab.rng.uniform(0.35, 0.8)), 2)
            durations = [
                time_above(compartment, [cluster(n, compartment, weight)], 40.0)
                for n in range(1, 15)
            ]
        wanted = 1 + sum(duration < 20.0 for duration in durations)
        found = lab.number("synapses_needed", compartment, weight)
        assert found == wanted, (
            f"Not the smallest number for {weight} nS in compartment {compartment}: one less must "
            "stay below 20 ms."
        )


@exercise(
    "plateau",
    points=1,
    hint="n exp(-T_n / tau) = m exp(-T_m / tau): take the logarithm and solve for T_m.",
)
def test_prediction(lab):
    """T + 43 ms ln(m / n); NEST agrees within 1.5 ms once there is a plateau."""
    for _ in range(3):
        n, m = (int(number) for number in lab.rng.choice(np.arange(6, 40), size=2, replace=False))
        duration = round(float(lab.rng.uniform(25.0, 60.0)), 1)
        found = lab.number("predict_duration", duration, n, m)
        assert math.isclose(found, duration + 43.0 * math.log(m / n), abs_tol=0.5), (
            f"The prediction from {n} to {m} synapses is not right. More synapses must last "
            "longer, and doubling their number must add the same time whatever the duration is."
        )


# Spikes on 1, 2, 3, 4, 5 branches with that many synapses each (NEST 3.10). The number does not
# change for weights up to 3 % smaller or larger.
SPIKES = {3: [0, 0, 0, 0, 0], 5: [0, 0, 0, 1, 1], 7: [0, 0, 1, 1, 2], 12: [0, 0, 1, 2, 3]}
FIRST = {5: [29.9, 24.2], 7: [43.5, 28.2, 23.4], 12: [38.8, 27.1, 22.7]}  # ms, when it fires


@exercise(
    "branches",
    points=2,
    hint="For branch b add counts[b] inputs (10.0, 3 * b + 3, 'AMPA_NMDA', 0.5), and simulate "
    "with spiking=True.",
)
def test_spikes(lab):
    """Numbers and first times measured with NEST, for branches in any order."""
    for n, expected in SPIKES.items():
        branches = int(lab.rng.integers(2, 6))
        counts = [
            int(count) for count in lab.rng.permutation([n] * branches + [0] * (5 - branches))
        ]
        found = lab.array("spike_times", counts)
        assert found.size == expected[branches - 1], (
            f"Not the right number of spikes for {counts}. Are the channels on, the synapses on "
            "the tips, and 200 ms simulated?"
        )
        if found.size:
            first = FIRST[n][branches - 6]
            assert math.isclose(found.flat[0], first, abs_tol=2.0), (
                f"The first spike for {counts} comes at the wrong time. Does the input arrive at "
                "10 ms?"
            )


@exercise("branches", points=1, hint="Try 1 to 5 branches; the first for which there is a spike.")
def test_branches_needed(lab):
    """Measured with NEST, the same for weights up to 3 % smaller or larger."""
    needed = {2: 0, 3: 0, 5: 4, 7: 3, 8: 3, 12: 3}
    for n in lab.rng.permutation(list(needed)):
        found = lab.number("branches_needed", int(n))
        assert found == needed[int(n)], (
            f"Not the smallest number of branches with {n} synapses each, or not 0 where five "
            "branches are not enough."
        )


@exercise("branches", points=1, hint="Leave one branch out.")
def test_placement(lab):
    """Of all placements of 16 synapses only 4 on each of four branches fires (NEST)."""
    placement = lab.value("placement")
    assert np.shape(placement) == (5,), "placement should be a list of five numbers."
    assert all(isinstance(count, Real) for count in placement), "Are these five numbers?"
    assert sum(placement) == 16, "Are all 16 synapses placed, and no more?"
    assert sorted(placement) == [0, 4, 4, 4, 4], (
        "With this placement the neuron is silent. How many synapses does a branch need for its "
        "vote to count, and how many branches does it take?"
    )


@exercise(
    "inhibition",
    points=2,
    hint="Ten inputs as in Exercise 4 and one (time, compartment, 'GABA', weight); look at "
    "potentials[3].",
)
def test_gaba(lab):
    """By the same integration, in cases that 3 % more or less inhibition changes by < 0.5 ms."""
    for place in ([3], [2], [0, 1, 6, 9]):
        spread = 1.0
        while spread > 0.5:
            compartment, time = int(lab.rng.choice(place)), int(lab.rng.integers(25, 55))
            weight = round(float(lab.rng.uniform(0.5, 4.0)), 2)
            lower, wanted, upper = (
                time_above(
                    3,
                    [cluster(10, 3, 0.5), (time - 10.0, compartment, "GABA", factor * weight)],
                    80.0,
                )
                for factor in (0.97, 1.0, 1.03)
            )
            spread = max(abs(wanted - lower), abs(wanted - upper))
        found = lab.number("plateau_with_gaba", compartment, float(time), weight)
        assert math.isclose(found, wanted, abs_tol=1.0), (
            f"The duration with {weight} nS in compartment {compartment} at {time} ms is not "
            "right. Is it that of compartment 3, and is the inhibition GABA, at its own place "
            "and time?"
        )


@exercise(
    "inhibition",
    points=1,
    hint="Try each compartment from 0 to 15, spiking=True; keep those without any spike.",
)
def test_veto_sites(lab):
    """Measured with NEST, the same for weights within 10 %."""
    sites = {0.5: [], 1.2: [3, 6, 9], 2.0: [3, 6, 9], 5.0: list(range(10))}
    for weight in lab.rng.permutation(list(sites)):
        found = lab.array("veto_sites", float(weight))
        assert sorted(found.flat) == sites[float(weight)], (
            f"Not the right compartments for {weight} nS. Are there plateaus on three branches, "
            "GABA at 20 ms, channels in the soma, and are the sites those without a spike?"
        )
