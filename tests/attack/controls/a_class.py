from dataclasses import dataclass, field


@dataclass
class Neuron:
    calls: list = field(default_factory=list)

    def __call__(self, C_m, tau_m, E_L, V_th):
        self.calls.append(C_m)
        return C_m * (V_th - E_L) / tau_m

    def __getattr__(self, name):
        raise AttributeError(name)


rheobase = Neuron()
