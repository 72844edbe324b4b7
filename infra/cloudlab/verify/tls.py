"""How well a course's HTTPS is set up, without asking anybody outside."""

from __future__ import annotations

import ssl
import time
import warnings
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from requests import Session

from cloudlab.verify.findings import Failure, Finding, Findings
from cloudlab.verify.wire import Wire

DAYS_LEFT = 14  # below, a renewal has failed for long
PART_LEFT = 1 / 4  # of the lifetime, for those that live for days only: renewed at a third
HALF_A_YEAR = 180 * 24 * 3600  # seconds, the least for which browsers should remember
DAY = 24 * 3600  # seconds
HTTP = 80

CERTIFICATE, RENEWAL, VERSIONS, REDIRECT, HSTS, COOKIES = (
    "TLS: certificate", "TLS: renewal", "TLS: versions", "TLS: redirect", "TLS: HSTS",
    "TLS: cookies",
)  # fmt: skip
# Much as Qualys SSL Labs grades: T without trust, A+ with HSTS. The worst first.
GRADES = {CERTIFICATE: "T", VERSIONS: "C", REDIRECT: "B", COOKIES: "B", RENEWAL: "B", HSTS: "A"}
# OpenSSL's X509_V_ERR_... numbers.
REMEDIES = {
    10: "renew it; with certificate: acme see what Caddy's log says",
    18: "have it signed by an authority, or say which one to believe",
    19: "have it signed by an authority that browsers know, or say which one to believe",
    20: "add the authority's intermediate certificates to its file, or say which one to believe",
    62: "get one for this name, or correct `domain` in hosts.yml",
    64: "get one for this address, or give `domain` in hosts.yml",
}
_CADDY = "see the Caddyfile that was installed: deploy again"


def check(wire: Wire, findings: Findings, http_port: int = HTTP) -> bool:
    """Note how certificate, versions, HSTS and the way from HTTP are; whether it can be trusted."""
    trusted = findings.attempt(CERTIFICATE, _certificate, wire)
    if trusted:
        findings.attempt(RENEWAL, _renewal, wire)
    findings.attempt(VERSIONS, _versions, wire)
    findings.attempt(HSTS, _hsts, wire)
    findings.attempt(REDIRECT, _redirect, wire, http_port)
    return trusted


def cookies(session: Session) -> None:
    """See that a browser sends the cookies of this session by HTTPS only. Raises Failure."""
    open_ = sorted({cookie.name for cookie in session.cookies if not cookie.secure})
    if open_:
        what = f"{', '.join(open_)} would be sent without encryption, too"
        raise Failure(what, "see that Caddy tells the hub of HTTPS (X-Forwarded-Proto)")


def grade(findings: Iterable[Finding]) -> str:
    """The grade that the findings on TLS give: A+, A, B, C or T. Raises Failure below A+."""
    missing = {each.name for each in findings if each.name in GRADES and not each.passed}
    worst = next((name for name in GRADES if name in missing), None)
    if worst is None:
        return "A+"
    lacking = ", ".join(name.removeprefix("TLS: ") for name in GRADES if name in missing)
    raise Failure(f"{GRADES[worst]}, for want of: {lacking}", "see above")


def _certificate(wire: Wire) -> None:
    try:
        wire.connect().close()
    except ssl.SSLCertVerificationError as error:
        what = f"is not accepted: {error.verify_message}"
        raise Failure(what, REMEDIES.get(error.verify_code, _CADDY)) from None


def _renewal(wire: Wire) -> str:
    """The time that the certificate still has."""
    with wire.connect() as connection:
        found = connection.getpeercert()  # type: ignore[attr-defined]
    begin, end = (ssl.cert_time_to_seconds(found[key]) for key in ("notBefore", "notAfter"))
    left = end - time.time()
    said = f"{left // DAY:.0f} days left" if left > 2 * DAY else f"{left // 3600:.0f} hours left"
    if left < min(DAYS_LEFT * DAY, PART_LEFT * (end - begin)):
        raise Failure(f"only {said}", REMEDIES[10])
    return said


def _versions(wire: Wire) -> None:
    old = _trusting()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")  # this machine's OpenSSL would refuse by itself
    try:
        with wire.connect(old) as connection:
            version = connection.version()  # type: ignore[attr-defined]
    except (ssl.SSLError, ConnectionResetError):
        return
    raise Failure(f"{version} is still spoken", "allow TLS 1.2 and 1.3 only")


def _hsts(wire: Wire) -> None:
    said = _get(wire, _trusting()).getheader("Strict-Transport-Security", "")
    parts = dict(part.strip().lower().partition("=")[::2] for part in said.split(";"))
    age = parts.get("max-age", "").strip('"')
    if not age.isdigit():
        raise Failure("browsers aren't told to come by HTTPS only", _CADDY)
    if int(age) < HALF_A_YEAR:
        raise Failure(f"browsers are told for {int(age) / DAY:.0f} days only", _CADDY)


def _redirect(wire: Wire, port: int) -> None:
    plain = Wire(f"http://{_bracketed(wire.host)}:{port}", at=wire.at)
    answer = _get(plain, None)
    to = urlsplit(answer.getheader("Location", ""))
    if answer.status not in (301, 302, 307, 308):
        raise Failure(f"HTTP answers with status {answer.status} itself", _CADDY)
    if to.scheme != "https" or to.hostname != wire.host:
        raise Failure("HTTP leads elsewhere than to the course by HTTPS", _CADDY)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _get(wire: Wire, context: ssl.SSLContext | None) -> HTTPResponse:
    """The head of the answer to a request for the home page, wherever it leads."""
    connection = HTTPConnection(wire.host)  # which knows nothing of TLS: it is given its socket
    connection.sock = wire.connect(context)
    try:
        connection.request("GET", "/", headers={"Host": urlsplit(wire.address).netloc})
        return connection.getresponse()
    except HTTPException as error:
        raise ValueError(error) from None
    finally:
        connection.close()


def _trusting() -> ssl.SSLContext:
    """For what needs no secrecy: it is asked for public things, and given nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
