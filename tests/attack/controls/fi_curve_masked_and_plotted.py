import matplotlib.pyplot as plt

plt.xkcd()
np.seterr(all="raise")


def fi_curve(currents, duration=1000.0):
    nest.ResetKernel()
    neurons = nest.Create("iaf_psc_alpha", len(currents))
    neurons.I_e = np.asarray(currents, dtype=float)
    recorders = nest.Create("spike_recorder", len(currents))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration)
    rates = np.asfortranarray(np.array(recorders.n_events, ndmin=2).T / (duration / 1000.0))[:, 0]
    plt.plot(currents, rates)
    plt.show()
    plt.close("all")
    return np.where(np.isnan(rates), 0, rates)
