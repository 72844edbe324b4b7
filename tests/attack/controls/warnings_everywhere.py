import warnings

warnings.simplefilter("always")
warnings.warn("careful")


def rheobase(C_m, tau_m, E_L, V_th):
    warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
    warnings.warn("at run time", RuntimeWarning, stacklevel=1)
    return C_m * (V_th - E_L) / tau_m
