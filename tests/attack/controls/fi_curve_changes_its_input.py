state = {"calls": 0}


def fi_curve(currents, duration=1000.0):
    state["calls"] += 1
    currents = np.asarray(currents)
    currents.sort()
    currents[:] = currents[::-1]
    print(currents, nest.GetKernelStatus())
    return None


first_try = fi_curve
original = np.array


def fi_curve(currents, duration=1000.0):
    wanted = list(currents)
    first_try(wanted)
    nest.ResetKernel()
    nest.local_num_threads = 1
    nest.resolution = 0.1
    neurons = nest.Create("iaf_psc_alpha", len(wanted))
    neurons.I_e = wanted
    recorders = nest.Create("spike_recorder", len(wanted))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration)
    return original(recorders.n_events) / (duration / 1000.0)
