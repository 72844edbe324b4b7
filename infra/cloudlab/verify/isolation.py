"""Whether a lab is locked in: what `probe` saw in it, judged.

The lines are those that `cloudlab.network` and the hub's confinement draw.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from cloudlab.verify.findings import Failure, Findings
from cloudlab.verify.kernel import Kernel
from cloudlab.verify.visitor import Visitor

PROBE = Path(__file__).with_name("probe.py")
LIMIT = 60  # seconds
# Of the labs' machine: SSH, web, the engine, Swarm, its registry, databases, name server, proxy,
# the hub's, its proxy's and its website's own, and what monitoring listens on.
PORTS = [
    22, 53, 80, 443, 2019, 2375, 2376, 2377, 3128, 5000, 5432, 7946, *range(8000, 8005), 8081,
    *range(8100, 8105), 8888, 9090, 9100,
]  # fmt: skip
# A cloud's metadata (of most, Alibaba's, Azure's) and one address of each private network.
BEYOND = [
    ("169.254.169.254", 80), ("100.100.100.200", 80), ("168.63.129.16", 80), ("10.0.0.1", 80),
    ("172.16.0.1", 80), ("172.17.0.1", 22), ("192.168.0.1", 80),
]  # fmt: skip
NOBODYS = 1000  # user numbers below are the system's
LARGEST = 2**60  # bytes; "no limit" is a number above

_FIREWALL = "put the labs' firewall up again: deploy again (on this machine: `make up`)"
_RIGHTS = "see that the hub runs with this release's spawner, and the engine with its seccomp"
_HUB = "see hub.json and the settings that the hub was started with"
Facts = dict[str, Any]


def check(
    visitor: Visitor,
    other: Visitor,
    closed: Iterable[tuple[str, int]],
    spared: Collection[int],
    findings: Findings,
) -> None:
    """Try to get out of the visitor's lab and into the other's; both run. Notes the findings.

    `closed` are further addresses that no lab may reach; `spared` are ports that it may, where the
    hub is: those of another hub for other labs.
    """
    facts: Facts = {}
    ports = [port for port in PORTS if port not in spared]
    findings.attempt("lab: closed to others", _closed_to, visitor, other)
    findings.attempt("lab: a look around", _look, visitor, other, [*BEYOND, *closed], ports, facts)
    for name, judge in JUDGES.items() if facts else ():
        findings.attempt(f"lab: {name}", _judged, judge, facts)


def _look(
    visitor: Visitor,
    other: Visitor,
    closed: list[tuple[str, int]],
    ports: list[int],
    facts: Facts,
) -> None:
    with other.kernel() as kernel:
        neighbour = _ask(kernel, "own_address()")
    with visitor.kernel() as kernel:
        question = {"closed": [*closed, neighbour], "ports": ports, "other": other.name}
        facts |= _ask(kernel, f"look({question!r})")
    facts["neighbour"] = ":".join(map(str, neighbour))


def _ask(kernel: Kernel, call: str) -> Any:
    shown = kernel.run(f"{PROBE.read_text()}\nanswer({call})", time.monotonic() + LIMIT)
    (line,) = (line for line in shown.splitlines() if line.startswith("probe: "))
    return json.loads(line.removeprefix("probe: "))


def _closed_to(visitor: Visitor, other: Visitor) -> None:
    for page in ("lab", "api/contents"):
        status = visitor.http.get(f"{other.lab}/{page}").status_code
        if status not in (403, 404):
            what = f"{visitor.name} opens /{page} of {other.name}'s lab (status {status})"
            raise Failure(what, _HUB)


def _judged(judge: Callable[[Facts], tuple[list[str], str]], facts: Facts) -> None:
    wrong, remedy = judge(facts)
    if wrong:
        raise Failure("; ".join(wrong), remedy)


def network(facts: Facts) -> tuple[list[str], str]:
    """Hub and grader answer, and nobody else."""
    wrong = [f"the {name} doesn't answer to it" for name in facts["silent"]]
    reached = [each for each in facts["reached"] if each != facts["neighbour"]]
    wrong += [f"it reaches {', '.join(reached)}"] if reached else []
    wrong += [f"it has IPv6 on {', '.join(facts['ipv6'])}"] if facts["ipv6"] else []
    return wrong, _FIREWALL


def neighbours(facts: Facts) -> tuple[list[str], str]:
    """No other lab answers."""
    reached = facts["neighbour"] in facts["reached"]
    wrong = [f"it reaches another lab at {facts['neighbour']}"] if reached else []
    return wrong, _FIREWALL


def token(facts: Facts) -> tuple[list[str], str]:
    """The lab's token opens nothing of others."""
    open_ = [path for path, status in facts["statuses"].items() if status not in (403, 404)]
    return [f"with its token the hub answers to {', '.join(open_)}"] if open_ else [], _HUB


def files(facts: Facts) -> tuple[list[str], str]:
    """Nothing of the host is there, and the system can't be changed."""
    wrong = []
    if facts["sockets"] or facts["mounts"]:
        wrong.append(f"it sees {', '.join([*facts['sockets'], *facts['mounts']])} of its host")
    if facts["writable"]:
        wrong.append(f"it can write to {', '.join(facts['writable'])}")
    if len(facts["own"]) < 2:
        wrong.append("it can't write to its home and /tmp")
    return wrong, _RIGHTS


def rights(facts: Facts) -> tuple[list[str], str]:
    """An ordinary user without capabilities, who can't get any."""
    status, wrong = facts["status"], []
    users = {int(number) for number in status["Uid"].split()}
    if min(users) < NOBODYS or len(users) > 1:
        wrong.append(f"it runs as user {status['Uid'].split()[0]}")
    kinds = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    if any(int(status[kind], 16) for kind in kinds):
        wrong.append("it has capabilities")
    if status["NoNewPrivs"] != "1":
        wrong.append("it can get new rights (no-new-privileges is off)")
    if status["Seccomp"] != "2":
        wrong.append("no system call is filtered (seccomp is off)")
    return wrong, _RIGHTS


def limits(facts: Facts) -> tuple[list[str], str]:
    """Memory, processes and processors are limited."""
    found = facts["limits"]
    wanted = found["wanted memory"]
    missing = [
        name for name in ("memory", "processes", "processors")
        if not found.get(name, "").isdigit() or int(found[name]) >= LARGEST
    ]  # fmt: skip
    wrong = [f"no limit for {', '.join(missing)}"] if missing else []
    if "memory" not in missing and found["memory"] != wanted:
        wrong.append(f"{found['memory']} bytes of memory instead of {wanted or 'any limit'}")
    return wrong, "see that the machine's kernel has these control groups, and hub.json's `lab`"


def secrets(facts: Facts) -> tuple[list[str], str]:
    """No secret but its own token is in its environment."""
    wrong = [f"its environment has {', '.join(facts['secrets'])}"] if facts["secrets"] else []
    return wrong, "take them out of the image and the hub's settings"


JUDGES = {
    "network": network, "no other lab": neighbours, "token": token, "files": files,
    "rights": rights, "limits": limits, "secrets": secrets,
}  # fmt: skip
