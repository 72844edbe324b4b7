"""Wrong answers about neuron-astrocyte networks."""

from courseware.checks import wrong


@wrong("oscillation")
def only_the_start(solution):
    """Sets IP3 at the start and lets it decay to its baseline."""
    return solution.replace(', "IP3_0": IP3', "")


@wrong("oscillation")
def counts_samples(solution):
    """Counts the samples above 0.2 µM, not the rises."""
    return solution.replace("(calcium[:-1] < 0.2) & (calcium[1:] >= 0.2)", "calcium >= 0.2")


@wrong("oscillation")
def in_two_minutes(solution):
    """Forgets that it counted over two minutes."""
    return solution.replace(" / 2.0", " / 1.0")


@wrong("oscillation")
def counts_the_start(solution):
    """Takes the first rise from rest for an event."""
    return solution.replace("> 30_000.0", "> 0.0")


@wrong("mean_ip3")
def tau_in_ms(solution):
    """Multiplies spikes per second by milliseconds."""
    return solution.replace(" / 1000.0", "")


@wrong("mean_ip3")
def no_baseline(solution):
    """Forgets the IP3 that is there without input."""
    return solution.replace("IP3_0 + rate", "rate").replace("(IP3 - IP3_0)", "IP3")


@wrong("mean_ip3")
def no_weight(solution):
    """Thinks that each spike adds delta_IP3, whatever its weight."""
    return solution.replace("rate * weight", "rate").replace("(weight * delta_IP3", "(delta_IP3")


@wrong("sic")
def in_micromolar(solution):
    """Takes the logarithm of the excess in µM."""
    return solution.replace(" * 1000.0", "")


@wrong("sic")
def negative_current(solution):
    """Cuts off at the threshold, not where the logarithm is zero."""
    return solution.replace("np.maximum(excess, 1.0)", "np.where(excess > 0, excess, 1.0)")


@wrong("sic")
def onset_at_threshold(solution):
    """Takes SIC_th for the concentration at which current begins."""
    return solution.replace("onset = 0.19769", "onset = 0.19669")


@wrong("sic")
def no_scale(solution):
    """Forgets SIC_scale."""
    return solution.replace("return SIC_scale * ", "return ")


@wrong("pair")
def static_synapses(solution):
    """Uses synapses that do not depress."""
    return solution.replace("tsodyks_synapse", "static_synapse")


@wrong("pair")
def weight_not_used(solution):
    """The SIC's weight is always 1."""
    return solution.replace('"weight": sic_weight', '"weight": 1.0')


@wrong("pair")
def back_to_presynaptic(solution):
    """Sends the current to the presynaptic neuron."""
    return solution.replace("nest.Connect(astrocyte, post", "nest.Connect(astrocyte, pre")


@wrong("tripartite")
def any_pair(solution):
    """Thinks that an astrocyte may join any pair, connected or not."""
    return solution.replace('"third_in": primary * p_third', '"third_in": n_pre * n_post * p_third')


@wrong("tripartite")
def always_joined(solution):
    """Joins each primary connection by an astrocyte."""
    return solution.replace('_with_pool", "p": p_third', '_with_pool", "p": 1.0')


@wrong("tripartite")
def no_astrocyte_twice(solution):
    """Takes each joined connection for one more astrocyte, up to the pool's size."""
    return solution.replace(
        "return pool_size * (1.0 - missed)", "return min(pool_size, n_pre * p_primary * p_third)"
    )


@wrong("network")
def only_excitatory_targets(solution):
    """Leaves out the connections to inhibitory neurons."""
    return solution.replace(
        "excitatory, neurons, astrocytes,\n", "excitatory, excitatory, astrocytes,\n"
    )


@wrong("network")
def weight_not_passed_on(solution):
    """The SICs have NEST's default weight, whatever is asked for."""
    return solution.replace(', "weight": sic_weight', "")


@wrong("network")
def always_random_pools(solution):
    """Does not pass the pools on, so that each neuron may have any astrocyte."""
    return solution.replace(
        ',\n                                "pool_type": pool_type', ""
    ).replace(', "pool_size": pool_size', "")


@wrong("network")
def blocks_calm_down(solution):
    """Believes that blocks make the network slower and calmer."""
    return solution.replace('"equal"', '"lower"').replace('"higher"', '"lower"')
