"""Plausible wrong answers to the introduction's exercises."""

from courseware.checks import wrong


@wrong("rheobase")
def threshold_from_zero(solution):
    """Takes the threshold itself for its distance from rest."""
    return solution.replace("(V_th - E_L)", "abs(V_th)")


@wrong("rheobase")
def capacitance_as_resistance(solution):
    """Confuses tau_m / C_m, the resistance, with its inverse."""
    return solution.replace("C_m * (V_th - E_L) / tau_m", "tau_m * (V_th - E_L) / C_m")


@wrong("fi_curve")
def counts_of_spikes(solution):
    """Counts spikes, but not per second."""
    return solution.replace(" / (duration / 1000.0)", "")


@wrong("fi_curve")
def all_to_all(solution):
    """Each recorder gets the spikes of all neurons."""
    return solution.replace('"one_to_one"', '"all_to_all"')


@wrong("fi_curve")
def always_one_second(solution):
    """Simulates one second, whatever the duration."""
    return solution.replace("nest.Simulate(duration)", "nest.Simulate(1000.0)")


@wrong("psp_peak")
def absolute_potential(solution):
    """Returns the potential, not its distance from rest."""
    return solution.replace(" - neuron.E_L", "")


@wrong("psp_peak")
def stops_too_soon(solution):
    """Ends the simulation before the potential is at its peak."""
    return solution.replace("nest.Simulate(60.0)", "nest.Simulate(13.0)")


@wrong("psp_peak")
def weight_of_the_example(solution):
    """Always uses the 20 pA of the text."""
    return solution.replace('{"weight": weight}', '{"weight": 20.0}')


@wrong("balance")
def wrong_half(solution):
    """Goes on in the half without the answer."""
    return solution.replace("> target", "< target")


@wrong("balance")
def stops_after_three_halvings(solution):
    """Halves the interval three times only."""
    return solution.replace("range(10)", "range(3)")


@wrong("balance")
def for_one_target(solution):
    """Balances the neuron for 5 spikes/s, whatever the target."""
    return solution.replace("> target", "> 5.0")


@wrong("regimes")
def rate_of_all_neurons(solution):
    """Adds the neurons' rates up."""
    return solution.replace("np.mean([len(train)", "np.sum([len(train)")


@wrong("regimes")
def counts_the_settling(solution):
    """Divides by the time simulated, not by the time recorded."""
    return solution.replace("RECORDED / 1000.0", "(100.0 + RECORDED) / 1000.0")


@wrong("regimes")
def intervals_thrown_together(solution):
    """Takes the CV of all neurons' intervals, so that differences between neurons count as well."""
    return solution.replace(
        "np.mean(cvs) if cvs else 0.0",
        "np.std(np.concatenate(intervals)) / np.mean(np.concatenate(intervals))",
    )


@wrong("regimes")
def excitation_wins(solution):
    """Chooses weak inhibition and takes fast for irregular."""
    return solution.replace("(6.0, 2.0)", "(3.0, 2.0)")


@wrong("regimes")
def strong_drive(solution):
    """Chooses an irregular network that is twice as fast."""
    return solution.replace("(6.0, 2.0)", "(6.0, 4.0)")
