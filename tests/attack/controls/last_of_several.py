def rheobase(C_m, tau_m, E_L, V_th):
    return float("nan")  # replace this by your formula


# %%
def rheobase(C_m, tau_m, E_L, V_th):
    return C_m * (V_th - E_L) / tau_m


await_me = 1


async def unused():
    await unused()


if True:
    pass
rheobase
