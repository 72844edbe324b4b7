import matplotlib.pyplot as plt

plt.style.use("ggplot")
plt.rcParams["figure.dpi"] = 300


def rheobase(C_m, tau_m, E_L, V_th):
    fig, ax = plt.subplots(figsize=(12, 8))
    ax.plot([E_L, V_th], [0, C_m], label=r"$V_\mathrm{m}$")
    ax.legend()
    plt.show()
    plt.show(block=True)
    fig.savefig("/tmp/figure.png")
    return C_m * (V_th - E_L) / tau_m
