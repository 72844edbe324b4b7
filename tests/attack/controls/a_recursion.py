import sys

sys.setrecursionlimit(50_000)


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def rheobase(C_m, tau_m, E_L, V_th):
    assert deep(5000) == 5000
    return C_m * (V_th - E_L) / tau_m
