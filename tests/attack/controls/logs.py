import logging
import sys

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)
log = logging.getLogger(__name__)


def rheobase(C_m, tau_m, E_L, V_th):
    log.debug("parameters %s", (C_m, tau_m))
    log.error("nothing is wrong")
    logging.getLogger("matplotlib").warning("shown")
    return C_m * (V_th - E_L) / tau_m
