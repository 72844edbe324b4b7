import numpy as np


def rheobase(C_m, tau_m, E_L, V_th):
    return np.float64(C_m) * np.subtract(V_th, E_L) / np.float64(tau_m)
