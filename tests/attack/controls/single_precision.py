import numpy as np


def rheobase(C_m, tau_m, E_L, V_th):
    return np.float32(C_m * (V_th - E_L) / tau_m)
