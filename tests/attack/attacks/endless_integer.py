"""A whole number with more digits than Python turns into text."""


def rheobase(C_m, tau_m, E_L, V_th):
    return 10**300_000
