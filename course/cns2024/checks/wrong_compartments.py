"""Plausible wrong answers to the exercises on compartments."""

from courseware.checks import wrong


@wrong("attenuation")
def without_dendritic_leak(solution):
    """Forgets that current leaves through the dendrite's own leak."""
    return solution.replace("g_soma * g_dend + g_C * (g_soma + g_dend)", "g_C * g_soma")


@wrong("attenuation")
def leaks_exchanged(solution):
    """Takes the leak of the wrong compartment, as if attenuation were the same both ways."""
    return solution.replace('if site == "soma"', 'if site == "dendrite"')


@wrong("attenuation")
def always_into_dendrite(solution):
    """Ignores where the electrode is."""
    return solution.replace('if site == "soma"', "if False")


@wrong("epsp")
def starts_at_default(solution):
    """Leaves v_comp out of the dendrite, which then starts at -70 mV."""
    return solution.replace('DENDRITE | {"v_comp": E_L}', "DENDRITE")


@wrong("epsp")
def one_long_branch(solution):
    """Each branch goes on where the one before ended."""
    return solution.replace("        parent = 0  # each branch begins at the soma\n", "").replace(
        "    for branch in", "    parent = 0\n    for branch in"
    )


@wrong("epsp")
def not_relative_to_rest(solution):
    """Returns potentials instead of depolarisations."""
    return solution.replace(".max() - E_L", ".max()")


@wrong("epsp")
def synapse_at_soma(solution):
    """Takes comp_idx for the receptor's number."""
    return solution.replace('"comp_idx": compartment', '"comp_idx": 0')


@wrong("summation")
def ratio_of_potentials(solution):
    """Divides potentials, not depolarisations."""
    return solution.replace("potentials[0].max() - E_L", "potentials[0].max()")


@wrong("summation")
def peak_at_synapse(solution):
    """Measures where the potential is largest, not at the soma."""
    return solution.replace("potentials[0].max()", "potentials.max()")


@wrong("summation")
def all_like_the_first(solution):
    """Multiplies one synapse's peak, wherever the others are."""
    return solution.replace(
        "sum(somatic_peak([one]) for one in inputs)", "(len(inputs) * somatic_peak(inputs[:1]))"
    )


@wrong("summation")
def nmda_always_supralinear(solution):
    """Believes that NMDA receptors cooperate across branches, too."""
    return solution.replace(
        '"AMPA_NMDA distributed": "linear"', '"AMPA_NMDA distributed": "supralinear"'
    )


@wrong("plateau")
def counts_samples(solution):
    """Counts samples, of which there are ten in a millisecond."""
    return solution.replace("0.1 * np.sum", "np.sum")


@wrong("plateau")
def looks_at_soma(solution):
    """Looks for the plateau in the soma."""
    return solution.replace("potentials[compartment] > -35.0", "potentials[0] > -35.0").replace(
        "while plateau_duration", "while n < 99 and plateau_duration"
    )


@wrong("plateau")
def any_crossing(solution):
    """Takes any crossing of -35 mV for a plateau."""
    return solution.replace("< 20.0", "== 0.0")


@wrong("plateau")
def proportional_duration(solution):
    """Expects twice the synapses to last twice as long."""
    return solution.replace("duration + 43.0 * np.log(m / n)", "duration * m / n")


@wrong("branches")
def passive_soma(solution):
    """Forgets the channels of the soma."""
    return solution.replace(", spiking=True", "")


@wrong("branches")
def first_compartments(solution):
    """Takes the first five compartments for the tips."""
    return solution.replace("3 * branch + 3", "branch + 1")


@wrong("branches")
def one_too_few(solution):
    """Returns the largest number that is not enough."""
    return solution.replace("return branches\n", "return branches - 1\n")


@wrong("branches")
def all_on_one_branch(solution):
    """Clusters as much as possible."""
    return solution.replace("[4, 4, 4, 4, 0]", "[16, 0, 0, 0, 0]")


@wrong("branches")
def as_even_as_possible(solution):
    """Distributes as evenly as possible."""
    return solution.replace("[4, 4, 4, 4, 0]", "[4, 3, 3, 3, 3]")


@wrong("inhibition")
def looks_at_inhibited(solution):
    """Measures in the compartment that is inhibited."""
    return solution.replace("potentials[3] > -35.0", "potentials[compartment] > -35.0")


@wrong("inhibition")
def with_the_excitation(solution):
    """Inhibits when the excitation comes, whatever the time."""
    return solution.replace('(time, compartment, "GABA"', '(10.0, compartment, "GABA"')


@wrong("inhibition")
def sites_that_fire(solution):
    """Returns the sites where the spike survives."""
    return solution.replace("len(spikes) == 0", "len(spikes) > 0")


@wrong("inhibition")
def veto_without_spikes(solution):
    """Forgets the channels: without them there is no spike to prevent."""
    return solution.replace(", spiking=True", "")
