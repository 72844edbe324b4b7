"""What confines a container that runs participants' code."""

from __future__ import annotations

from typing import Any

from docker.types import DriverConfig, LogConfig, Mount, Ulimit

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


def task(memory: int, cpus: float, pids: int) -> dict[str, Any]:
    """The same for a lab on one of several machines: part of a TaskTemplate (Docker's API 1.41).

    What services can't say there is up to the machines: no-new-privileges is a setting of their
    engines, and they have no swap (role syllab_swarm). oom_score_adj can't be had; no hub is on
    these machines.
    """
    limit = {"MemoryBytes": memory}
    return {
        "ContainerSpec": {
            "CapabilityDrop": ["ALL"],
            "ReadOnly": True,
            "Init": True,
            "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        },
        "Resources": {
            "Limits": limit | {"NanoCPUs": int(cpus * 1e9), "Pids": pids},
            # A lab goes where that much memory is not promised to others.
            "Reservations": limit,
        },
        "LogDriver": {"Name": "json-file", "Options": {"max-size": "1m", "max-file": "2"}},
        # An ended lab starts again when its participant asks for it.
        "RestartPolicy": {"Condition": "none"},
    }


def scratch(prefix: str, memory: int, labels: dict[str, str]) -> Mount:
    """A task's /tmp, in the lab's memory: tmpfs mounts of services can't be exec in API 1.41.

    The volume has a name, since the engine leaves those without one behind. Nothing stays in it.
    """
    size = memory // 2
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"nosuid,nodev,mode=1777,size={size}"}
    driver = DriverConfig("local", options)
    # An existing volume keeps its size: another size is another name.
    source = f"{prefix}-{size}"
    return Mount("/tmp", source, no_copy=True, labels=labels, driver_config=driver)  # noqa: S108
