import atexit
import faulthandler
import gc
import signal

atexit.register(print, "bye")
atexit.register(lambda: 1 / 0)
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
faulthandler.enable(open("/tmp/faults", "w"))
gc.disable()


def rheobase(C_m, tau_m, E_L, V_th):
    gc.collect()
    return C_m * (V_th - E_L) / tau_m
