import os
import tempfile

folder = tempfile.mkdtemp()
os.chdir(folder)
os.environ["HOME"] = folder
os.umask(0o077)
with open("notes.txt", "w") as file:
    file.write("mine")


def rheobase(C_m, tau_m, E_L, V_th):
    os.chdir("/")
    return C_m * (V_th - E_L) / tau_m
