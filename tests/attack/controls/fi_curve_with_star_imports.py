from collections import *
from operator import *
import numpy as np;

%matplotlib agg

Rate = namedtuple("Rate", "current rate")

def fi_curve(currents, duration=1000.0):
    nest.ResetKernel()
    neurons = nest.Create("iaf_psc_alpha", len(currents))
    neurons.I_e = np.asarray(currents, dtype=float)
    recorders = nest.Create("spike_recorder", len(currents))
    nest.Connect(neurons, recorders, "one_to_one")
    nest.Simulate(duration);
    found = [Rate(c, truediv(n, duration / 1000)) for c, n in zip(currents, recorders.n_events)]
    return [np.float64(each.rate) for each in found]
