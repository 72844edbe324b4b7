"""Plausible wrong answers to the exercises on sequence learning."""

from courseware.checks import wrong


@wrong("neuron")
def duration_for_a_time(solution):
    """Takes the duration of the dAP for the time when it ends."""
    return solution.replace("t_plateau = t + tau_dAP", "t_plateau = tau_dAP")


@wrong("neuron")
def decays_with_the_dap(solution):
    """Lets the trace decay with the duration of the dAP."""
    return solution.replace("z' = -z / tau_z", "z' = -z / tau_dAP")


@wrong("permanence")
def sign_of_homeostasis(solution):
    """Reverses the third factor: the more dAPs, the more it grows."""
    return solution.replace("(Z_TARGET - z)", "(z - Z_TARGET)")


@wrong("permanence")
def without_bounds(solution):
    """Forgets that the permanence is bounded."""
    return solution.replace("min(P_MAX, max(P_MIN, permanence + change))", "permanence + change")


@wrong("permanence")
def any_interval(solution):
    """Forgets the window of intervals."""
    return solution.replace("if S_MIN < s < S_MAX:", "if True:")


@wrong("permanence")
def notes_after_the_pairing(solution):
    """Notes the permanence at the end of a pairing."""
    note = "        history.append(permanence)\n"
    return solution.replace(note, "").replace("    return", note + "    return")


@wrong("synapse")
def more_makes_more(solution):
    """Reverses the sign of the third factor."""
    return solution.replace("(z_target - z)", "(z - z_target)")


@wrong("synapse")
def weight_for_trace(solution):
    """Takes the transmitted weight, not the presynaptic trace, for the Hebbian term."""
    return solution.replace("lambda_plus * x", "lambda_plus * w")


@wrong("balance")
def forgets_depression(solution):
    """Leaves out what each presynaptic spike takes away."""
    return solution.replace(" - LAMBDA_MINUS", "")


@wrong("balance")
def forgets_the_trace(solution):
    """Takes the Hebbian term at its largest."""
    return solution.replace("LAMBDA_PLUS * np.exp(-s / TAU_PLUS)", "LAMBDA_PLUS")


@wrong("balance")
def relative_to_target(solution):
    """Gives the distance from the target."""
    return solution.replace("Z_TARGET + ", "")


@wrong("predicted")
def counts_samples(solution):
    """Counts samples in a dAP for each neuron, and so one neuron several times."""
    return solution.replace(
        "np.isin(neurons, in_dAP).mean()", "np.isin(in_dAP, neurons).sum() / len(neurons)"
    )


@wrong("predicted")
def all_neurons(solution):
    """Looks at the dendrites of all neurons."""
    return solution.replace(
        "np.isin(neurons, in_dAP).mean()", "len(np.unique(in_dAP)) / len(neurons)"
    )


@wrong("predicted")
def any_time_before(solution):
    """Looks at all the time before the onset."""
    return solution.replace('(dendrites["times"] >= onset - 10) & ', "")


@wrong("predicted")
def after_the_onset(solution):
    """Looks at the dendrites after the onset."""
    return solution.replace(">= onset - 10", ">= onset").replace("< onset)", "< onset + 10)")


@wrong("context")
def the_item_before(solution):
    """Measures before the third item, not before the last."""
    return solution.replace("onset.position == 3", "onset.position == 2")


@wrong("context")
def first_repetition(solution):
    """Measures in the first repetition."""
    return solution.replace("onset.repetition == repetitions", "onset.repetition == 1")


@wrong("context")
def spikes_for_predictions(solution):
    """Counts the neurons that fire, not those that are predicted."""
    return solution.replace('predicted(run["dendrites"]', 'active(run["spikes"]')
