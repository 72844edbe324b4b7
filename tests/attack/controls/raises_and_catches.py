import traceback

try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()


def rheobase(C_m, tau_m, E_L, V_th):
    try:
        raise SystemExit(3)
    except BaseException as error:
        traceback.print_exception(error)
    finally:
        result = C_m * (V_th - E_L) / tau_m
    return result
