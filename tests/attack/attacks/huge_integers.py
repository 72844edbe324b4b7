"""A whole number that no float can hold."""


def rheobase(C_m, tau_m, E_L, V_th):
    return 10**4000
