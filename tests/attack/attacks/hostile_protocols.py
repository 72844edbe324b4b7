"""Objects that run code when turned into arrays, numbers, text or pickles; one points anywhere."""

import os


class Hostile:
    __array_interface__ = {  # noqa: RUF012
        "shape": (1 << 20,), "typestr": "<f8", "data": (0x400000, False), "version": 3,
    }  # fmt: skip

    def __array__(self, *_, **__):
        os._exit(0)

    def __reduce__(self):
        return os.system, ("touch /tmp/run-by-a-pickle",)

    __reduce_ex__ = __getstate__ = __reduce__
    __float__ = __int__ = __index__ = __complex__ = __array__
    __iter__ = __len__ = __str__ = __repr__ = __format__ = __bytes__ = __array__


def rheobase(C_m, tau_m, E_L, V_th):
    return Hostile()
