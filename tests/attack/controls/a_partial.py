import functools


def general(power, C_m, tau_m, E_L, V_th):
    return C_m * (V_th - E_L) ** power / tau_m


rheobase = functools.partial(general, 1)
