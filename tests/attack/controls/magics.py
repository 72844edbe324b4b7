%matplotlib inline
%config InlineBackend.figure_format = "retina"
%precision 3
%timeit -n 1 -r 1 sum(range(100))
%pip --version
!echo a shell > /tmp/shell.txt
files = !ls /tmp
%env COLOUR=blue
%load_ext autoreload
%autoreload 2

def rheobase(C_m, tau_m, E_L, V_th):
    return C_m * (V_th - E_L) / tau_m
