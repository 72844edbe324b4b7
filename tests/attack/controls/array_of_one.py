import numpy as np


def rheobase(C_m, tau_m, E_L, V_th):
    return np.atleast_1d(C_m * (V_th - E_L) / tau_m)
