"""Plausible wrong answers to the e-prop tutorial's exercises."""

from courseware.checks import wrong


@wrong("eligibility")
def without_factor(solution):
    """Forgets the factor in front of the new value."""
    return solution.replace("a * value + (1.0 - a) * x", "a * value + x")


@wrong("eligibility")
def one_step_late(solution):
    """Notes the filter's value before the new input is in it."""
    lines = "        value = a * value + (1.0 - a) * x\n        filtered[t] = value\n"
    late = "        filtered[t] = value\n        value = a * value + (1.0 - a) * x\n"
    return solution.replace(lines, late)


@wrong("eligibility")
def swapped_time_constants(solution):
    """Filters the spikes as the readout does, and the product as the membrane does."""
    swapped = solution.replace("low_pass(spikes, tau_m)", "low_pass(spikes, tau_out)")
    return swapped.replace("z_bar, tau_out)", "z_bar, tau_m)")


@wrong("eligibility")
def without_second_filter(solution):
    """Takes the product itself for the trace."""
    return solution.replace("low_pass(np.asarray(psi) * z_bar, tau_out)", "np.asarray(psi) * z_bar")


@wrong("losses")
def without_half(solution):
    """Forgets the factor one half."""
    return solution.replace("0.5 * ", "")


@wrong("losses")
def mean_instead_of_sum(solution):
    """Takes the mean over steps and readouts."""
    return solution.replace(".sum(", ".mean(")


@wrong("losses")
def one_readout(solution):
    """Leaves out all readouts but the first."""
    return solution.replace(".sum(axis=(1, 2))", "[:, 0].sum(axis=1)")


@wrong("losses")
def one_number(solution):
    """Adds up all iterations."""
    return solution.replace("axis=(1, 2)", "")


@wrong("train")
def default_eta(solution):
    """Leaves the learning rate as it is by default."""
    return solution.replace("seed, eta, feedback)", "seed, feedback=feedback)")


@wrong("train")
def feedback_forgotten(solution):
    """Doesn't pass the feedback on."""
    return solution.replace("eta, feedback)\n", "eta)\n", 1)


@wrong("train")
def swapped_arguments(solution):
    """Gives the feedback for the learning rate."""
    return solution.replace("seed, eta, feedback)", "seed, feedback, eta)")


@wrong("train")
def fixed_seed(solution):
    """Always trains the same network on the same task."""
    return solution.replace("SINE, seed,", "SINE, 1,").replace("sine_task(seed,", "sine_task(1,")


@wrong("train")
def no_learning_rate_unit(solution):
    """Divides the learning rate by 1000, as if it were in ms."""
    return solution.replace("seed, eta, feedback)", "seed, eta / 1000.0, feedback)")


@wrong("rate")
def per_network(solution):
    """Forgets to divide by the number of neurons."""
    return solution.replace(' / SINE["recurrent"]', "")


@wrong("rate")
def per_millisecond(solution):
    """Forgets that times are in ms."""
    return solution.replace(" * 1000.0)", ")")


@wrong("rate")
def all_spikes(solution):
    """Counts all iterations, but divides by the time of ten."""
    return solution.replace("(times > start) & ", "")


@wrong("rate")
def target_per_millisecond(solution):
    """Gives the target in spikes/ms, as NEST shows it."""
    return solution.replace("f_target=f_target", "f_target=f_target / 1000.0")


@wrong("rate")
def regularisation_forgotten(solution):
    """Doesn't pass c_reg on."""
    return solution.replace(", c_reg=c_reg)", ")")


@wrong("side")
def loser_decides(solution):
    """Chooses the side with the lower probability."""
    return solution.replace("argmax", "argmin")


@wrong("side")
def last_step_decides(solution):
    """Decides by the last step alone."""
    return solution.replace("np.mean(readout, axis=2)", "readout[:, :, -1]")


@wrong("side")
def fraction_right(solution):
    """Returns the fraction of right decisions."""
    return solution.replace("decide(readout) != sides", "decide(readout) == sides")


@wrong("side")
def default_eta_again(solution):
    """Leaves the learning rate as it is by default."""
    return solution.replace("create_network(SIDE, seed, eta)", "create_network(SIDE, seed)")


@wrong("side")
def targets_decide(solution):
    """Decides by what the teacher says."""
    return solution.replace("readout, _ = run", "_, readout = run")
