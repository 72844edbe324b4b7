import random

import numpy as np

np.random.seed(1)
random.seed(2)
nest.rng_seed = 77
CALLS = 0
lab = check = exercise = test = "my own"
C_m = tau_m = E_L = V_th = None


def rheobase(C_m, tau_m, E_L, V_th):
    global CALLS
    CALLS += 1
    random.random(), np.random.rand()
    nest.ResetKernel()
    return C_m * (V_th - E_L) / tau_m
