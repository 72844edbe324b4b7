import threading
from concurrent.futures import ThreadPoolExecutor

ticks = []
stop = threading.Event()
threading.Thread(target=lambda: stop.wait(3600), daemon=True).start()
threading.Timer(3600, stop.set).start()


def rheobase(C_m, tau_m, E_L, V_th):
    with ThreadPoolExecutor(4) as pool:
        return pool.submit(lambda: C_m * (V_th - E_L) / tau_m).result()
