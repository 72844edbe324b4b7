import numpy as np;
np.mean?
len??

def rheobase(C_m, tau_m, E_L, V_th): x = C_m * (V_th - E_L); return x / tau_m;

rheobase(250.0, 10.0, -70.0, -55.0);
