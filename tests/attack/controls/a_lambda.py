rheobase = lambda C_m, tau_m, E_L, V_th: C_m * (V_th - E_L) / tau_m
