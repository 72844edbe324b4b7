"""What confines a container that runs participants' code."""

from __future__ import annotations

from typing import Any

from docker.types import LogConfig, Ulimit

# Without these, numerical libraries start a thread for each of the host's cores and then fight
# over the lab's share of them.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
)


def threads(cpus: float) -> dict[str, str]:
    """The environment that makes numerical libraries use that many processors."""
    return dict.fromkeys(THREADS, str(max(1, int(cpus))))


def host_config(memory: int, pids: int) -> dict[str, Any]:
    """The engine's settings that confine a lab of `memory` bytes and `pids` processes.

    Follows the OWASP Docker Security Cheat Sheet; the engine's own seccomp profile stays on.
    """
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": pids,
        "memswap_limit": memory,  # memory and swap together: so no swap
        "oom_score_adj": 500,  # when the host itself runs out, a lab goes before the hub
        "read_only": True,
        # NESTML compiles there and loads the result, hence exec. Counts as the lab's memory.
        "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={memory // 2}"},  # noqa: S108
        "init": True,  # reaps what a participant's processes leave behind
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
        # What a lab prints must not fill the host's disk.
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
        # Ended containers are kept until their last words are logged; see `poll`.
        "auto_remove": False,
    }
