"""An answer whose bytes aren't text."""

import os


def rheobase(C_m, tau_m, E_L, V_th):
    for fd in range(3, 64):
        try:
            os.write(fd, b"\xff\xfe\x00\xd8" * 1000 + b"\n")
        except OSError:
            pass
    return 1.0
