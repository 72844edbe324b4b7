"""The proxy role on a machine: TLS by an authority, by an own certificate, and by Caddy itself."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
import websocket
from deploy.machines import Machine, Machines
from deploy.playbook import Played, play_roles

DOMAIN = "course.test"
STAND_IN = Path(__file__).parent / "hub_stand_in.py"
PEBBLE = {
    "pebble": {
        "listenAddress": "0.0.0.0:14000",
        "managementListenAddress": "0.0.0.0:15000",
        "certificate": "/root/pebble/server.pem",
        "privateKey": "/root/pebble/server.key",
        "httpPort": 80,
        "tlsPort": 443,
    }
}
MAKE_CERTIFICATE = (
    "mkdir -p {folder} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    " -days 30 -subj /CN={name} -addext subjectAltName=DNS:{name}"
    " -keyout {folder}/server.key -out {folder}/server.pem"
)


@dataclass
class Authority:
    """An authority that speaks ACME, on a machine that is a visitor's as well."""

    machine: Machine
    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        """What hosts.yml says of it."""
        ca = self.folder / "server.pem"
        ca.write_text(self.machine.run("cat /root/pebble/server.pem"))
        return {
            "directory": "https://authority:14000/dir",
            "ca": str(ca),
            "email": "somebody@course.test",
        }

    def visit(self, options: str, address: str = f"https://{DOMAIN}/") -> Any:
        """curl, trusting what the authority issues; its exit code and what it printed."""
        command = (
            f"curl --silent --max-time 90 --cacert /root/pebble/issued.pem {options} {address}"
        )
        return self.machine.ssh(command)


@pytest.fixture(scope="module")
def authority(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    machine = machines.start("authority")
    machine.run(MAKE_CERTIFICATE.format(folder="/root/pebble", name="authority"))
    machine.write("/root/pebble/pebble.json", json.dumps(PEBBLE))
    machine.run(
        "systemd-run --quiet --unit pebble --setenv PEBBLE_VA_NOSLEEP=1"
        " pebble -config /root/pebble/pebble.json"
    )
    machine.run(
        "curl --silent --insecure --retry 50 --retry-delay 1 --retry-connrefused"
        " https://127.0.0.1:15000/roots/0 >/root/pebble/issued.pem"
    )
    return Authority(machine, tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def manager(machines: Machines) -> Machine:
    machine = machines.start("course", domains=[DOMAIN])
    machine.write("/root/stand_in.py", STAND_IN.read_text())
    start_stand_in(machine)
    return machine


def start_stand_in(machine: Machine) -> None:
    machine.run("systemd-run --quiet --unit stand-in python3 /root/stand_in.py")
    machine.run("curl --silent --retry 50 --retry-delay 1 --retry-connrefused 127.0.0.1:8000")


@dataclass
class Deployer:
    """Runs the role."""

    machines: Machines
    manager: Machine

    def __call__(self, certificate: str, domain: str = DOMAIN, **more: Any) -> Played:
        variables = {
            "syllab_domain": domain,
            "syllab_certificate": certificate,
            "syllab_own": {},
            "syllab_acme": {"directory": None, "ca": None, "email": None},
            **more,
        }
        inventory = self.machines.inventory(manager=[self.manager])
        return play_roles(["syllab_proxy"], inventory, variables)


@pytest.fixture(scope="module")
def deploy(machines: Machines, manager: Machine) -> Deployer:
    return Deployer(machines, manager)


@pytest.fixture(scope="module")
def served(deploy: Deployer, authority: Authority) -> Deployer:
    """The course's name, with a certificate of the authority."""
    played = deploy("acme", syllab_acme=authority.settings)
    assert played.succeeded, played.output
    return deploy


def test_visitors_get_a_certificate_of_the_authority(served: Deployer, authority: Authority):
    visit = authority.visit("--write-out '%{http_code}' --output /dev/null")
    assert (visit.returncode, visit.stdout) == (0, "200"), visit


def test_http_leads_to_https_for_good(served: Deployer, authority: Authority):
    told = authority.visit("--head", f"http://{DOMAIN}/hub/login?next=x").stdout
    assert "308 Permanent Redirect" in told
    assert f"Location: https://{DOMAIN}/hub/login?next=x" in told
    secure = authority.visit("--head").stdout.lower()
    assert "strict-transport-security: max-age=31536000" in secure


def test_the_hub_learns_who_visits_and_nobody_can_pose_as_another(
    served: Deployer, authority: Authority
):
    seen = json.loads(authority.visit("-H 'X-Forwarded-For: 1.2.3.4'").stdout)
    assert seen["X-Forwarded-For"] == authority.machine.address
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["Host"] == DOMAIN


def test_old_tls_is_refused(served: Deployer, authority: Authority):
    old = "--tlsv1.1 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0"
    assert authority.visit(old).returncode == 35  # the handshake failed
    assert authority.visit("--tlsv1.2 --tls-max 1.2").returncode == 0


def test_websockets_pass(served: Deployer, manager: Machine, authority: Authority):
    issued = authority.folder / "issued.pem"
    issued.write_text(authority.machine.run("cat /root/pebble/issued.pem"))
    trusted = {"server_hostname": DOMAIN, "ca_certs": str(issued)}
    with closing(
        websocket.create_connection(
            f"wss://{manager.address}/user/ada/api", host=DOMAIN, sslopt=trusted, timeout=20
        )
    ) as socket:
        socket.send("ping")
        assert socket.recv() == "ping"


def test_visitors_wait_while_the_hub_is_exchanged(
    served: Deployer, manager: Machine, authority: Authority
):
    manager.run("systemctl stop stand-in")
    visitor = ["ssh", *authority.machine.ssh_options, f"root@{authority.machine.address}"]
    visit = f"curl --silent --cacert /root/pebble/issued.pem https://{DOMAIN}/later"
    with subprocess.Popen([*visitor, visit], stdout=subprocess.PIPE, text=True) as waiting:
        connected = "ss -Htn state established '( sport = :443 )' | grep -q"
        wait = f"until {connected} {authority.machine.address}; do sleep 0.1; done"
        manager.run(f'timeout 30 sh -c "{wait}"')
        start_stand_in(manager)
        answer, _ = waiting.communicate(timeout=60)
    assert json.loads(answer)["path"] == "/later"


def test_it_is_there_again_after_a_reboot_and_a_second_run_changes_nothing(
    served: Deployer, manager: Machine, authority: Authority
):
    manager.reboot()
    start_stand_in(manager)
    assert authority.visit("").returncode == 0
    again = served("acme", syllab_acme=authority.settings)
    assert (again.succeeded, again.changed) == (True, 0), again.output


def test_nothing_but_ssh_and_the_web_can_be_reached(served: Deployer, manager: Machine):
    host = testinfra.get_host(
        f"ssh://root@{manager.address}",
        ssh_identity_file=str(manager.key),
        ssh_extra_args=f"-o UserKnownHostsFile={manager.known_hosts}",
    )
    everywhere = {s for s in host.socket.get_listening_sockets() if "127.0.0.1" not in s}
    assert {s.rpartition(":")[2] for s in everywhere if s.startswith("tcp")} == {"22", "80", "443"}
    assert host.service("caddy").is_enabled


def test_a_refused_certificate_is_told_in_the_authoritys_words(
    served: Deployer, authority: Authority
):
    played = served("acme", domain="elsewhere.test", syllab_acme=authority.settings)
    assert not played.succeeded
    assert "There is no certificate for elsewhere.test" in played.output
    assert "elsewhere.test" in played.output.partition("Caddy says")[2]


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """A certificate that the organiser made, here."""
    command = MAKE_CERTIFICATE.format(folder=tmp_path, name=DOMAIN)
    subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602
    return {"file": str(tmp_path / "server.pem"), "key": str(tmp_path / "server.key")}


def test_an_own_certificate_is_served_and_a_wrong_key_changes_nothing(
    served: Deployer, manager: Machine, own: dict[str, str], tmp_path: Path
):
    played = served("own", syllab_own=own)
    assert played.succeeded, played.output
    visit = f"curl --silent --cacert {own['file']} --resolve {DOMAIN}:443:{manager.address}"
    command = [*visit.split(), f"https://{DOMAIN}/"]
    assert subprocess.run(command).returncode == 0
    other = tmp_path / "other.key"
    subprocess.run(["openssl", "genrsa", "-out", other], check=True, capture_output=True)
    played = served("own", syllab_own=own | {"key": str(other)})
    assert not played.succeeded
    assert "private key type does not match" in played.output, played.output
    manager.run("systemctl restart caddy")
    assert subprocess.run(command).returncode == 0


def test_a_bare_address_gets_a_certificate_of_caddys_own(served: Deployer, manager: Machine):
    played = served("internal", domain=manager.address)
    assert played.succeeded, played.output
    root = manager.run("cat /var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt")
    assert "BEGIN CERTIFICATE" in root
