def fi_curve(currents, duration=1000.0):
    nest.ResetKernel()
    neurons = nest.Create("iaf_psc_alpha", len(currents))
    neurons.I_e = np.asarray(currents, dtype=float)
    recorders = nest.Create("spike_recorder", len(currents))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration)
    counts = np.array(recorders.n_events, dtype=np.int64)
    return np.rint(counts * 1000 / duration).astype(np.uint8)
