"""Exceptions whose text, name and class run code, and which are raised while they are told."""

import sys


class Mean(type):
    @property
    def __name__(cls):
        return cls

    def __repr__(cls):
        raise Worse


class Worse(BaseException, metaclass=Mean):
    def __str__(self):
        raise Worse

    __repr__ = __format__ = __reduce__ = __getattribute__ = __str__


def rheobase(C_m, tau_m, E_L, V_th):
    sys.excepthook = sys.unraisablehook = None
    raise Worse
