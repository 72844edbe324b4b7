import contextlib
import functools
import time


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            print(f"{function.__name__} took {time.perf_counter() - start:.6f} s")

    return wrapper


@timed
@functools.lru_cache(maxsize=None)
@contextlib.contextmanager
def threshold(E_L, V_th):
    yield V_th - E_L


@timed
@functools.lru_cache
def rheobase(C_m, tau_m, E_L, V_th):
    return C_m * (V_th - E_L) / tau_m
