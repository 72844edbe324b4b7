"""Lists and dictionaries that contain themselves, and lists nested without end."""

turns = []


def rheobase(C_m, tau_m, E_L, V_th):
    turns.append(1)
    value = []
    if len(turns) % 3 == 0:
        value.append(value)
    elif len(turns) % 3 == 1:
        value = {"a": 1}
        value["a"] = value
    else:
        for _ in range(100_000):
            value = [value]
    return value
