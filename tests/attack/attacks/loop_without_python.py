"""Never come back from C: neither signals nor other threads get a turn."""

import re


def rheobase(C_m, tau_m, E_L, V_th):
    re.match(r"(a+)+$", "a" * 64 + "b")
    return 9 ** (9**9)
