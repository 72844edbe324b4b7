from fractions import Fraction
from statistics import *


def rheobase(C_m, tau_m, E_L, V_th):
    exact = Fraction(C_m) * (Fraction(V_th) - Fraction(E_L)) / Fraction(tau_m)
    return round(float(exact), 2) if fmean([1, 2]) else None
