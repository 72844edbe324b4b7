def make():
    count = 0

    def rheobase(*parameters, **named):
        nonlocal count
        count += 1
        C_m, tau_m, E_L, V_th = parameters
        return C_m * (V_th - E_L) / tau_m

    return rheobase


rheobase = make()
del make
