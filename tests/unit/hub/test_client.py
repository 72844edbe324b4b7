import pytest
from labhub import client

OURS = {"127.0.0.1", "172.30.0.1", "192.0.2.2"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("172.30.0.1", "203.0.113.5", 1, "203.0.113.5"),
        # The client sent the first itself; the proxy appended what it saw.
        ("172.30.0.1", "9.9.9.9,203.0.113.5", 1, "203.0.113.5"),
        ("192.0.2.2", "9.9.9.9, 127.0.0.1", 1, "127.0.0.1"),
        ("172.30.0.1", "9.9.9.9,203.0.113.5,127.0.0.1", 2, "203.0.113.5"),
        ("172.30.0.1", "203.0.113.5", 2, "203.0.113.5"),
        ("172.30.0.1", "::ffff:203.0.113.5", 1, "203.0.113.5"),
        ("172.30.0.1", "nonsense", 1, "172.30.0.1"),
        ("172.30.0.1", "", 1, "172.30.0.1"),
        # A lab that reaches the hub directly can claim what it likes.
        ("172.30.0.17", "203.0.113.5", 1, "172.30.0.17"),
    ],
)
def test_the_address_cannot_be_chosen(peer, forwarded, proxies, expected):
    headers = {"X-Forwarded-For": forwarded, "X-Real-Ip": "198.51.100.1"}
    assert client.behind(peer, headers, proxies, OURS.__contains__) == expected


def test_this_machines_own_addresses():
    assert client.is_ours("127.0.0.1")
    assert not client.is_ours("203.0.113.5")  # documentation addresses are nobody's
    assert not client.is_ours("")


def test_of_ipv6_the_network_counts():
    assert client._network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert client._network("203.0.113.5") == "203.0.113.5"
