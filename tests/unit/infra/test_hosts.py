"""hosts.yml: what it may say, and what is told of mistakes."""

from __future__ import annotations

import pytest
from cloudlab import hosts
from courseware.errors import CourseError

MACHINE = "machines: [{name: hub, address: 192.0.2.1}]\n"


@pytest.fixture
def loaded(tmp_path):
    def loaded(text):
        (tmp_path / "hosts.yml").write_text(text)
        return hosts.load(tmp_path / "hosts.yml")

    return loaded


def test_a_machine_and_a_name_are_enough(loaded):
    found = loaded(f"provider: ssh\ndomain: course.example.org\n{MACHINE}")
    assert found.machines[0].user == "root"
    assert found.certificate == "acme"


def test_paths_are_relative_to_the_file(loaded, tmp_path):
    found = loaded(f"provider: ssh\ncertificate: internal\nkey: keys/mine\n{MACHINE}")
    assert found.key == tmp_path / "keys" / "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("provider: azure\n", "hosts.yml:1: provider: 'azure' is not one of"),
        (f"provider: ssh\ncertificate: internal\n{MACHINE}hostz: 1\n",
         "hosts.yml:4: hostz: is not a key that belongs here -> did you mean 'homes'?"),
        ("provider: ssh\ncertificate: internal\n", "needs 'machines'"),
        ("provider: openstack\ncertificate: internal\n", "needs the key 'openstack'"),
        (f"provider: ssh\n{MACHINE}", "without: certificate: internal"),
        (f"provider: ssh\ncertificate: own\n{MACHINE}", "needs the key 'own'"),
        ("provider: ssh\ncertificate: internal\nmachines:\n- {name: a, address: b, port: ssh}\n",
         "hosts.yml:4: machines[0].port: 'ssh' should be a valid integer"),
        ("- ssh\n", "must be a group of keys"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(loaded, text, says):
    with pytest.raises(CourseError) as error:
        loaded(text)
    assert says in str(error.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"hosts\.yml: can't be read"):
        hosts.load(tmp_path / "hosts.yml")
