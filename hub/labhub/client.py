"""Where a request really comes from."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address

from tornado.httputil import HTTPServerRequest


def address(request: HTTPServerRequest, proxies: int) -> str:
    """The client's IP address (of IPv6 its network), which the client cannot choose.

    `proxies`: how many of ours a request passes. See `behind` for the rule.
    """
    context = getattr(request.connection, "context", None)
    peer = getattr(context, "address", None)
    if not isinstance(peer, tuple):  # a Unix socket or a test's stand-in
        return request.remote_ip or "unknown"
    return _network(behind(str(peer[0]), request.headers, proxies, is_ours))


def behind(peer: str, headers: Mapping[str, str], proxies: int, ours: Callable[[str], bool]) -> str:
    """The client's IP address, given the peer's and the request's headers.

    Not tornado's `remote_ip`: that lets an X-Real-Ip header override everything, and our proxy
    passes that header on as the client sent it; and it believes labs, which can reach the hub
    directly, as much as it believes the proxy. Here X-Forwarded-For counts only when the peer is
    this machine, where the proxies run. Each of them appends the address that it saw, so with
    one proxy the last is the client's, with two the last but one; the rest is hearsay.
    """
    peer = _plain(peer)
    if not ours(peer):
        return peer
    hops = headers.get("X-Forwarded-For", "").split(",")
    return _plain(hops[-min(proxies, len(hops))].strip()) or peer


def is_ours(text: str) -> bool:
    """Whether an IP address is one of this machine's own: then a socket can be bound to it.

    A list of addresses in the settings would not do: on its way to the labs' gateway, the
    proxy's connection is masqueraded by the engine's rules, as any of the machine's addresses.
    """
    if not text:  # would be bound to all addresses
        return False
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((text, 0))
    except OSError:
        return False
    return True


def _plain(text: str) -> str:
    """An address in its one canonical form, or "" if it isn't one."""
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found)


def _network(text: str) -> str:
    """What tells clients apart: of IPv6 the first 64 bits, the rest is a machine's to choose."""
    if ":" not in text:
        return text
    return str(IPv6Address(int(IPv6Address(text)) >> 64 << 64))
