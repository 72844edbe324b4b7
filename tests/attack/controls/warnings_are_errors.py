import warnings

warnings.filterwarnings("error")


def rheobase(C_m, tau_m, E_L, V_th):
    try:
        warnings.warn("caught", UserWarning, stacklevel=1)
    except UserWarning:
        pass
    return C_m * (V_th - E_L) / tau_m
