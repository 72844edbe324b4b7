import multiprocessing
import subprocess
import sys

ready = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True)
lasting = subprocess.Popen(["sleep", "3600"])


def work(queue, C_m, tau_m, E_L, V_th):
    queue.put(C_m * (V_th - E_L) / tau_m)


def rheobase(C_m, tau_m, E_L, V_th):
    context = multiprocessing.get_context("fork")
    read, write = context.Pipe()
    queue = type("Queue", (), {"put": staticmethod(write.send)})
    child = context.Process(target=work, args=(queue, C_m, tau_m, E_L, V_th))
    child.start()
    found = read.recv()
    child.join()
    return found
