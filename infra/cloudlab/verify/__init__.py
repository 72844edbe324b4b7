"""Tries a running course as a participant would, and tells what isn't as it should be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from secrets import token_hex

from cloudlab.verify import isolation, tls
from cloudlab.verify.findings import Failure, Finding, Findings, require
from cloudlab.verify.solved import Part, Release, run_tools, submit
from cloudlab.verify.visitor import Person, Visitor
from cloudlab.verify.wire import Wire

__all__ = ["Finding", "Person", "require", "verify"]

Address = tuple[str, int]


def verify(
    address: str,
    people: tuple[Person, Person],
    release_folder: Path,
    *,
    ca: Path | None = None,
    at: str | None = None,
    closed: Iterable[Address] = (),
    spared: Collection[int] = (),
    tell: Callable[[str], None] = lambda what: None,
) -> list[Finding]:
    """Website, logins, labs, tools, an exercise, isolation and HTTPS: what was found.

    `address` is the course's URL, `people` are two accounts for trying: one of them submits an
    exercise, and the labs of both are stopped. `ca` has the authorities (PEM) to believe in place
    of this machine's; `at` is the machine to connect to in place of what the DNS says; no lab may
    reach `closed`, but ports `spared` of the machine with the hub. `tell` hears what is being
    tried. Raises UserError for a damaged release.
    """
    release, findings = Release(release_folder), Findings(tell)
    wire = Wire(address.rstrip("/"), ca, at)
    if wire.secure and not tls.check(wire, findings):
        findings.attempt("participants", _not_tried, "nobody's passphrase goes over such a line")
    else:
        findings.attempt("website", _website, wire, release)
        findings.attempt("a wrong passphrase is refused", _wrong_passphrase, wire, people[0])
        _participate(
            [Visitor(wire, person) for person in people], release, closed, spared, findings
        )
    if wire.secure:
        findings.attempt("TLS: grade", tls.grade, findings.all)
    return findings.all


def _participate(
    visitors: list[Visitor],
    release: Release,
    closed: Iterable[Address],
    spared: Collection[int],
    findings: Findings,
) -> None:
    """All that it takes an account for."""
    with ThreadPoolExecutor(2 * len(visitors)) as pool:
        try:
            opened = list(pool.map(partial(_enter, release, findings), visitors))
            labs = [v for v, is_open in zip(visitors, opened, strict=True) if is_open]
            working = _work(pool, labs, release, findings)
            if len(labs) == len(visitors):
                isolation.check(labs[0], labs[1], closed, spared, findings)
            else:
                findings.attempt("isolation", _not_tried, "it takes two labs to try it")
            for each in working:
                each.result()
            if visitors[0].wire.secure and visitors[0].is_in:
                findings.attempt(tls.COOKIES, tls.cookies, visitors[0].http)
        finally:
            list(pool.map(partial(_leave, findings), visitors))


def _enter(release: Release, findings: Findings, visitor: Visitor) -> bool:
    """Log in, start the lab and open it; whether it is open."""
    files, lab = {f"{name}.ipynb" for name in release.tutorials}, f"{visitor.name}'s lab"
    return (
        findings.attempt(f"{visitor.name} logs in", visitor.log_in)
        and findings.attempt(f"{lab} starts", visitor.start_lab)
        and findings.attempt(f"{lab} opens", visitor.open_lab, files)
    )


def _leave(findings: Findings, visitor: Visitor) -> None:
    if visitor.is_in:
        findings.attempt(f"{visitor.name}'s lab stops", visitor.stop_lab)
        findings.attempt(f"{visitor.name} logs out", visitor.log_out)


def _work(
    pool: ThreadPoolExecutor, labs: list[Visitor], release: Release, findings: Findings
) -> list[Future[bool]]:
    """Run what shows that the course's tools work, and an exercise, in whichever lab is free."""
    free: SimpleQueue[Visitor] = SimpleQueue()
    for lab in labs:
        free.put(lab)

    def do(name: str, job: Callable[[Visitor, Part], object], part: Part) -> bool:
        lab = free.get()
        try:
            return findings.attempt(name, job, lab, part)
        finally:
            free.put(lab)

    jobs: list[tuple[str, Callable[[Visitor, Part], object], Part]]
    jobs = [(f"tools of {part.tutorial}", run_tools, part) for part in release.tools()]
    if exercise := release.exercise():
        jobs.insert(0, (f"exercise {exercise.exercise}", submit, exercise))
    return [pool.submit(do, *job) for job in jobs if labs]


def _website(wire: Wire, release: Release) -> None:
    """The home page is the release's."""
    page = wire.session().get(f"{wire.address}/")
    page.raise_for_status()
    if page.content != release.home:
        what = "its home page isn't this release's"
        raise Failure(what, "see that this release is the one that runs")


def _wrong_passphrase(wire: Wire, person: Person) -> None:
    """One that is nobody's is refused."""
    page = Visitor(wire, Person(person.username, token_hex())).submit_form()
    if page.status_code != 403:
        what = f"the hub answers with status {page.status_code}"
        raise Failure(what, "see which authenticator the hub runs with")


def _not_tried(why: str) -> None:
    raise Failure(f"not tried: {why}", "mend what is said above")
