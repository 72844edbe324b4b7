"""Crash the interpreter with a wild pointer."""

import ctypes


def rheobase(C_m, tau_m, E_L, V_th):
    ctypes.string_at(0)
