def fi_curve(currents, duration=1000.0):
    nest.ResetKernel()
    neurons = nest.Create("iaf_psc_alpha", len(currents))
    neurons.I_e = np.asarray(currents, dtype=float)
    recorders = nest.Create("spike_recorder", len(currents))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration)
    return np.asarray(recorders.n_events, dtype=">f4")[::-1][::-1] / np.float32(duration / 1000.0)
