from typing import Annotated, TypeAlias

pA: TypeAlias = Annotated[float, "pA"]
π, Größe, 膜電位 = 3.14, "groß 😀", -70.0


def rheobase(C_m: float, tau_m: float, E_L: float, V_th: float, *, Δ: "float | None" = None) -> pA:
    """Ströme in pA — “smart quotes”, ÅÄÖ, \N{GREEK SMALL LETTER TAU}."""
    τ, ΔV = tau_m, V_th - E_L
    return C_m * ΔV / τ
