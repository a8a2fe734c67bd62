"""Which addresses may be asked: those of the configured sources and what belongs to the same site.

A link or redirect in an answer is foreign text. It must not make this program ask another host, another port, or a
machine inside the network that it runs in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]{2,45}"
)  # other characters are read differently
_LONGEST = 4000


class AddressRefused(ValueError):
    """An address may not be asked; the message is the end of a sentence that begins with the host that gave it."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as `localhost`.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("localhost.example.org")
    (True, True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public network.

    >>> is_public("193.62.193.80"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
    (True, False, False, False)
    """
    parsed = ip_address(address)
    inner = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    meant = inner or parsed
    return meant.is_global and not meant.is_multicast


@dataclass(frozen=True)
class _Site:
    """The host of a configured source and the hosts below it; `www.` counts for nothing."""

    scheme: str
    host: str
    port: int

    def holds(self, host: str, port: int) -> bool:
        is_name = not self.host[-1].isdigit() and ":" not in self.host
        below = is_name and host.endswith(f".{self.host}")
        return port == self.port and (host == self.host or below)


class Sites:
    """The sites of the configured sources.

    Args:
        bases: their base addresses.
    """

    def __init__(self, bases: tuple[str, ...]) -> None:
        self._sites = tuple(_site(base) for base in bases)

    @property
    def are_loopback(self) -> bool:
        """Whether all sources are on this machine."""
        return all(is_loopback(site.host) for site in self._sites)

    def admitted(self, url: str) -> str:
        """Return the address to ask; where a site is configured with https, nothing of it is asked without.

        Raises:
            AddressRefused: it is no http(s) address, or belongs to no configured site.

        >>> Sites(("https://www.ebi.ac.uk/empiar",)).admitted("http://ftp.ebi.ac.uk/a.json")
        'https://ftp.ebi.ac.uk/a.json'
        """
        parts, host, port = _parts(url)
        for site in self._sites:
            scheme, wanted = parts.scheme, port
            if site.scheme == "https" and (scheme, port) == ("http", 80):
                scheme, wanted = "https", 443
            if site.holds(host, wanted) and scheme == site.scheme:
                netloc = f"[{host}]" if ":" in host else host
                netloc += "" if wanted == _PORTS[scheme] else f":{wanted}"
                return urlunsplit((scheme, netloc, parts.path or "/", parts.query, ""))
        raise AddressRefused(f"refers to another host ({host[:80]}), which is not asked")


def _site(base: str) -> _Site:
    parts, host, port = _parts(base)
    return _Site(parts.scheme, host.removeprefix("www."), port)


def _parts(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise AddressRefused("refers to an address that can't be read") from None
    if (
        parts.scheme not in _PORTS
        or not _HOST.fullmatch(host)
        or parts.username is not None
        or len(url) > _LONGEST
    ):
        raise AddressRefused("refers to an address that is not plain http or https")
    return parts, host, port or _PORTS[parts.scheme]
