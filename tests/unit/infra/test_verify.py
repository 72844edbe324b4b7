"""What verifying finds in a lab, in a release, and in how HTTPS is set up."""

from __future__ import annotations

import http.server
import ipaddress
import shutil
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cloudlab import release
from cloudlab.verify import Person, isolation, require, tls, verify
from cloudlab.verify.findings import Failure, Findings
from cloudlab.verify.solved import Release
from cloudlab.verify.wire import Wire
from cloudlab.workspace import REPOSITORY, Workspace
from courseware import course as courses
from courseware import notebooks
from courseware.errors import UserError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "course.test"
HERE = "127.0.0.1"
YEAR = "max-age=31536000; includeSubDomains"
PEOPLE = (Person("one", "first words"), Person("two", "second words"))
GOOD = {
    "silent": [],
    "reached": [],
    "ipv6": [],
    "neighbour": "172.18.0.3:8888",
    "statuses": {"/users": 403, "/users/two": 404},
    "mounts": [],
    "sockets": [],
    "writable": [],
    "own": ["/home/lab", "/tmp"],
    "status": {
        "Uid": "70123\t70123\t70123\t70123",
        "NoNewPrivs": "1",
        "Seccomp": "2",
        **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
    },
    "limits": {
        "memory": "1073741824",
        "wanted memory": "1073741824",
        "processes": "512",
        "processors": "100000",
    },
    "secrets": [],
}


def wrong(facts):
    """What the judges say, by their names; who has nothing to say is left out."""
    said = {name: judge(facts)[0] for name, judge in isolation.JUDGES.items()}
    return {name: "; ".join(what) for name, what in said.items() if what}


def test_a_lab_that_is_locked_in_passes():
    assert wrong(GOOD) == {}


@pytest.mark.parametrize(
    ("change", "judge", "said"),
    [
        ({"reached": ["172.18.0.1:22", "10.0.0.1:80"]}, "network", "172.18.0.1:22, 10.0.0.1:80"),
        ({"silent": ["grader"]}, "network", "the grader doesn't answer"),
        ({"ipv6": ["eth0"]}, "network", "IPv6 on eth0"),
        ({"reached": ["172.18.0.3:8888"]}, "no other lab", "172.18.0.3:8888"),
        ({"statuses": {"/users": 200}}, "token", "/users"),
        ({"statuses": {"/users": 0}}, "token", "/users"),
        ({"mounts": ["/srv/syllab"]}, "files", "/srv/syllab"),
        ({"sockets": ["/run/docker.sock"]}, "files", "/run/docker.sock"),
        ({"writable": ["/etc"]}, "files", "/etc"),
        ({"own": ["/tmp"]}, "files", "home"),
        ({"secrets": ["AWS_SECRET_ACCESS_KEY"]}, "secrets", "AWS_SECRET_ACCESS_KEY"),
        ({"status": GOOD["status"] | {"Uid": "0 0 0 0"}}, "rights", "user 0"),
        ({"status": GOOD["status"] | {"CapBnd": "00000000a80425fb"}}, "rights", "capabilities"),
        ({"status": GOOD["status"] | {"NoNewPrivs": "0"}}, "rights", "no-new-privileges"),
        ({"status": GOOD["status"] | {"Seccomp": "0"}}, "rights", "seccomp"),
        ({"limits": GOOD["limits"] | {"memory": "max"}}, "limits", "no limit for memory"),
        ({"limits": GOOD["limits"] | {"memory": str(2**63 - 4096)}}, "limits", "memory"),
        ({"limits": GOOD["limits"] | {"memory": str(2**31)}}, "limits", "instead of 1073741824"),
        ({"limits": GOOD["limits"] | {"processes": "max"}}, "limits", "processes"),
        ({"limits": GOOD["limits"] | {"processors": "-1"}}, "limits", "processors"),
    ],
)
def test_what_a_lab_must_not_have_is_told(change, judge, said):
    found = wrong(GOOD | change)
    assert set(found) == {judge}
    assert said in found[judge]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """The flagship's release, with a website of one page."""
    var = tmp_path_factory.mktemp("var")
    workspace = Workspace(course=REPOSITORY / "course" / "cns2024", var=var)
    course = courses.load(workspace.course)
    notebooks.build(course, workspace.notebooks)
    workspace.site.mkdir()
    (workspace.site / "index.html").write_text("The course")
    return release.freeze(course, workspace, "sha256:" + "0" * 64, "syllab/x:1")


@pytest.fixture
def flagship(frozen, tmp_path):
    """A copy of it, for this test alone."""
    return shutil.copytree(frozen, tmp_path / frozen.name)


def test_tools_are_set_up_and_what_was_built_into_the_image(flagship):
    parts = {part.tutorial: part for part in Release(flagship).tools()}
    assert set(parts) == {"introduction", "eprop", "astrocytes", "sequences", "compartments"}
    script = (flagship / "notebooks" / "prebuild" / "sequences.py").read_text()
    assert "\n\n".join(cell.source for cell in parts["sequences"].cells) + "\n" == script


def test_the_exercise_is_solved_and_the_first_that_is_graded_quickly(flagship):
    part = Release(flagship).exercise()
    assert (part.tutorial, part.exercise) == ("introduction", "rheobase")
    sources = {cell.id: cell.source for cell in part.cells}
    assert any("nest.Simulate" in source for source in sources.values())  # the first steps
    assert "import nest" in part.cells[0].source
    assert "..." not in sources["rheobase-exercise"]


def test_a_course_without_official_checks_has_no_exercise_to_try(flagship):
    for checks in (flagship / "notebooks" / "checks").glob("test_*.py"):
        checks.unlink()
    assert Release(flagship).exercise() is None


def test_a_damaged_release_is_told(flagship):
    (flagship / "notebooks" / "solution" / "eprop.ipynb").unlink()
    with pytest.raises(UserError, match=r"eprop\.ipynb.*-> remove that folder"):
        Release(flagship)


def test_all_that_fails_is_told_and_nothing_secret():
    findings = Findings(lambda what: None)

    def refused():
        raise requests.ConnectionError("http://course.test/hub?token=s3cret")

    def stale():
        raise Failure("is old", "renew it")

    assert findings.attempt("the weather", lambda: "fine")
    assert not findings.attempt("the hub", refused)
    assert not findings.attempt("the card", stale)
    with pytest.raises(UserError) as told:
        require(findings.all)
    assert "the hub: can't be reached" in str(told.value)
    assert "the card: is old -> renew it" in str(told.value)
    assert "weather" not in str(told.value)
    assert "s3cret" not in str(told.value)
    assert "words" not in repr(PEOPLE)


class Server(http.server.BaseHTTPRequestHandler):
    """A course's front door, with that HSTS header; without one, it sends browsers to HTTPS."""

    hsts: str | None = YEAR
    to: str | None = None

    def do_GET(self):
        self.send_response(302 if self.to else 200)
        if self.to:
            self.send_header("Location", self.to)
        if self.hsts:
            self.send_header("Strict-Transport-Security", self.hsts)
        self.end_headers()

    def log_message(self, *what):
        pass


@contextmanager
def serving(context=None, **how):
    """A server on the loopback; its port."""
    server = http.server.ThreadingHTTPServer((HERE, 0), type("Door", (Server,), how))
    if context:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.handle_error = lambda *about: None  # refused handshakes are what is tried
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Authority:
    """One that no browser knows; `ca` is its own certificate."""

    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
        self.ca = folder / "ca.pem"
        made = self._sign(self.name, self.key.public_key(), timedelta(days=-90), timedelta(days=90))
        self.ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def server(self, name=NAME, since=timedelta(days=-10), left=timedelta(days=80)):
        """A server's side of TLS, with a certificate for the name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._sign(subject, key.public_key(), since, left, name)
        file = self.folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(self, subject, public_key, since, left, name=None):
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since)
            .not_valid_after(now + left)
            .add_extension(x509.BasicConstraints(name is None, None), critical=True)
        )
        if name:
            host = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else None
            names = x509.SubjectAlternativeName([host or x509.DNSName(name)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def checked(authority, context, *, believed=True, host=NAME, to="https://{host}/", **how):
    """What is wrong with HTTPS, by the findings' names without "TLS: "; and the grade."""
    findings = Findings(lambda what: None)
    with serving(context, **how) as port, serving(to=to and to.format(host=host)) as http_port:
        wire = Wire(f"https://{host}:{port}", authority.ca if believed else None, HERE)
        trusted = tls.check(wire, findings, http_port)
    failed = {f.name.removeprefix("TLS: "): f.what for f in findings.all if not f.passed}
    assert trusted == ("certificate" not in failed)
    try:
        return failed, tls.grade(findings.all)
    except Failure as failure:
        return failed, failure.what.split(",")[0]


def test_https_as_it_should_be(authority):
    assert checked(authority, authority.server()) == ({}, "A+")


def test_https_at_an_address_without_a_name(authority):
    assert checked(authority, authority.server(HERE), host=HERE) == ({}, "A+")


@pytest.mark.parametrize(
    ("certificate", "said"),
    [({"left": timedelta(days=-1)}, "expired"), ({"name": "other.test"}, "mismatch")],
)
def test_a_certificate_that_will_not_do(authority, certificate, said):
    failed, grade = checked(authority, authority.server(**certificate))
    assert set(failed) == {"certificate"}
    assert said in failed["certificate"]
    assert grade == "T"


@pytest.mark.parametrize(
    ("since", "left", "said"),
    [
        (timedelta(days=-77), timedelta(days=13, hours=23), "only 13 days left"),
        (timedelta(hours=-10), timedelta(minutes=179), "only 2 hours left"),
    ],
)
def test_a_certificate_that_should_have_been_renewed(authority, since, left, said):
    failed, grade = checked(authority, authority.server(since=since, left=left))
    assert failed == {"renewal": said}
    assert grade == "B"


def test_a_certificate_of_hours_is_judged_by_its_lifetime(authority):
    context = authority.server(since=timedelta(hours=-6), left=timedelta(hours=6))
    assert checked(authority, context)[1] == "A+"


def test_an_authority_that_nobody_knows(authority):
    failed, grade = checked(authority, authority.server(), believed=False)
    assert "issuer" in failed["certificate"] or "self-signed" in failed["certificate"]
    assert grade == "T"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_old_version_of_tls(authority):
    context = authority.server()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    failed, grade = checked(authority, context)
    assert failed == {"versions": "TLSv1.1 is still spoken"}
    assert grade == "C"


@pytest.mark.parametrize("to", [None, "http://{host}/", "https://elsewhere.test/"])
def test_no_way_from_http_to_https(authority, to):
    failed, grade = checked(authority, authority.server(), to=to)
    assert set(failed) == {"redirect"}
    assert grade == "B"


@pytest.mark.parametrize("hsts", [None, "max-age=3600", "max-age=soon"])
def test_browsers_that_are_not_told_to_stay_with_https(authority, hsts):
    failed, grade = checked(authority, authority.server(), hsts=hsts)
    assert set(failed) == {"HSTS"}
    assert grade == "A"


def test_cookies_that_go_without_encryption_too():
    session = requests.Session()
    session.cookies.set("safe", "1", secure=True)
    tls.cookies(session)
    session.cookies.set("jupyterhub-hub-login", "1")
    with pytest.raises(Failure, match="jupyterhub-hub-login"):
        tls.cookies(session)


def test_no_passphrase_goes_to_a_server_that_is_not_trusted(authority, flagship):
    asked = []

    class Door(Server):
        def do_POST(self):
            asked.append(self.path)

    with serving(authority.server("other.test"), do_POST=Door.do_POST) as port:
        address = f"https://{NAME}:{port}"
        findings = verify(address, PEOPLE, flagship, ca=authority.ca, at=HERE)
    failed = {each.name: each.what for each in findings if not each.passed}
    assert "passphrase" in failed["participants"]
    assert failed["TLS: grade"].startswith("T,")
    assert not [each for each in findings if "logs in" in each.name]
    assert asked == []


def test_a_course_that_is_not_there_is_told_in_one_piece(flagship):
    with serving() as port:
        pass
    findings = verify(f"http://{HERE}:{port}", PEOPLE, flagship)
    with pytest.raises(UserError, match="website: can't be reached"):
        require(findings)
    assert {"one logs in", "two logs in", "isolation"} <= {each.name for each in findings}
