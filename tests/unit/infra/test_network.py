"""The labs' firewall, as text: what `make up` and machines put up alike."""

from __future__ import annotations

import re

import pytest
from cloudlab.network import FORBIDDEN, LabNetwork


@pytest.fixture
def rules():
    return LabNetwork(None, "quick").rules("172.16.4.1", [8003, 8004], ["10.0.0.2"]).splitlines()


def chain(rules, start):
    """The rules of one of the two chains."""
    found = [rule for rule in rules if rule.startswith(f"-A SYLLAB-{start}")]
    return [re.sub(r"^-A \S+ ", "", rule) for rule in found]


def test_of_the_host_labs_reach_two_ports_alone(rules):
    found = chain(rules, "HOST")
    accepted = [rule for rule in found if rule.endswith("ACCEPT") and "ESTABLISHED" not in rule]
    assert accepted == [f"-d 172.16.4.1 -p tcp --dport {p} -j ACCEPT" for p in (8003, 8004)]
    assert found[-1] == "-j DROP"


def test_no_lab_takes_up_all_connections(rules):
    found = chain(rules, "HOST")
    for port in (8003, 8004):
        limit = next(i for i, rule in enumerate(found) if f"{port} -m connlimit" in rule)
        assert limit < found.index(f"-d 172.16.4.1 -p tcp --dport {port} -j ACCEPT")


def test_beyond_no_private_network_but_the_name_servers(rules):
    found = chain(rules, "OUT")
    assert found[:2] == [f"-d 10.0.0.2 -p {p} --dport 53 -j RETURN" for p in ("udp", "tcp")]
    assert found[2:] == [f"-d {block} -j DROP" for block in FORBIDDEN]


def test_chains_are_made_anew_as_a_whole(rules):
    assert rules[0] == "*filter"
    assert rules[1].startswith(":SYLLAB-HOST-")
    assert rules[2].startswith(":SYLLAB-OUT-")
    assert rules[-1] == "COMMIT"
