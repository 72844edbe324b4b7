import math

import numpy as np

np.seterr(all="raise")
nothing = math.nan
unused = np.array([np.nan, np.inf, 1.0])


def rheobase(C_m, tau_m, E_L, V_th):
    candidates = {math.nan: 1, C_m * (V_th - E_L) / tau_m: 2}
    return next(each for each in candidates if each == each)
