import sys

print("starting", flush=True)


def rheobase(C_m, tau_m, E_L, V_th):
    print("C_m =", C_m, "\x1b[31mred\x1b[0m", end="\r\n")
    print({"id": 1, "value": {"returned": 0}})
    sys.stdout.write('{"id": 2, "value": 0}\n')
    sys.stderr.write("to stderr\n")
    display(C_m)
    return C_m * (V_th - E_L) / tau_m
