import os


def rheobase(C_m, tau_m, E_L, V_th):
    print("x" * 1_000_000)
    os.write(1, b"y" * 1_000_000)
    os.write(2, b"z" * 1_000_000)
    return C_m * (V_th - E_L) / tau_m
