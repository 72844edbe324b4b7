def fi_curve(currents, duration=1000.0):
    rates = ()
    for current in currents:
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ALL
        neuron = nest.Create("iaf_psc_alpha", params={"I_e": float(current)})
        recorder = nest.Create("spike_recorder")
        nest.Connect(neuron, recorder)
        nest.Simulate(duration)
        rates += (recorder.n_events / duration * 1e3,)
    return rates
