def fi_curve(currents, duration=1000.0):
    nest.ResetKernel()
    neurons = nest.Create("iaf_psc_alpha", len(currents))
    neurons.I_e = np.asarray(currents, dtype=float)
    recorders = nest.Create("spike_recorder", len(currents))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration)
    return [events / (duration / 1000.0) for events in recorders.n_events]
