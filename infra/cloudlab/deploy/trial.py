"""Tries what was deployed: a candidate as a participant would, the live course from outside."""

from __future__ import annotations

from pathlib import Path

from cloudlab import verify
from cloudlab.deploy import settings
from cloudlab.deploy.deployment import Deployment
from cloudlab.progress import step
from cloudlab.verify import tls
from cloudlab.verify.findings import Findings
from cloudlab.verify.wire import Wire

# Caddy's, of the service as Debian packages it.
AUTHORITY = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"


def of_candidate(deployment: Deployment, release: Path, people: dict[str, str]) -> None:
    """Try the candidate with its test users. Raises UserError with all that failed."""
    one, other = (verify.Person(name, phrase) for name, phrase in people.items())
    port = settings.PORT["candidate"]
    closed = [(str(m.private or m.address), m.port) for m in deployment.machines]
    # In a swarm the live hub and the candidate's are at the same address.
    firsts = settings.PORT.values() if deployment.homes else ()
    spared = {first + offset for first in firsts for offset in (3, 4)}
    with (
        step("Verify") as current,
        deployment.ssh.reached(deployment.manager, port) as here,
    ):
        address = f"http://127.0.0.1:{here}"
        findings = verify.verify(
            address, (one, other), release, closed=closed, spared=spared, tell=current.doing
        )
        verify.require(findings)
        current.outcome = f"{len(findings)} things tried, all as they should be"


def from_outside(deployment: Deployment) -> None:
    """See that website and hub answer by HTTPS as they should. Raises UserError."""
    with step("Course answers") as current:
        wire = Wire(deployment.address, authority(deployment), at=deployment.manager.address)
        findings = Findings(current.doing)
        if tls.check(wire, findings):
            findings.attempt("website", _page, wire, "/")
            findings.attempt("hub", _page, wire, "/hub/login")
        findings.attempt("TLS: grade", tls.grade, findings.all)
        verify.require(findings.all)
        current.outcome = f"{deployment.address}/, TLS grade {findings.all[-1].what}"


def authority(deployment: Deployment) -> Path | None:
    """The certificate of the manager's own authority, fetched; None where browsers know it."""
    if deployment.hosts.certificate != "internal":
        return None
    path = deployment.folder / "authority.pem"
    path.write_text(deployment.read(AUTHORITY))
    return path


def _page(wire: Wire, path: str) -> None:
    wire.session().get(f"{wire.address}{path}").raise_for_status()
