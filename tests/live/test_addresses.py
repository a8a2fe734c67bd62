"""Which addresses may be asked."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from rembigraph.loaders.fetch import Client, Failed, Manners, Why
from rembigraph.loaders.live_addresses import AddressRefused, Sites, is_public

EBI = Sites(("https://www.ebi.ac.uk/biostudies", "https://www.ebi.ac.uk/empiar"))


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://www.ebi.ac.uk/biostudies/files/a b", "https://www.ebi.ac.uk/biostudies/files/a b"),
        ("https://ftp.ebi.ac.uk:443/x?y=1#z", "https://ftp.ebi.ac.uk/x?y=1"),
        ("http://ftp.ebi.ac.uk/x", "https://ftp.ebi.ac.uk/x"),
        ("HTTPS://WWW.EBI.AC.UK.", "https://www.ebi.ac.uk/"),
    ],
)
def test_addresses_of_the_site_are_asked(url: str, asked: str) -> None:
    assert EBI.admitted(url) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://ebi.ac.uk.example.org/",
        "https://notebi.ac.uk/",
        "https://ac.uk/",
        "https://example.org/",
        "https://www.ebi.ac.uk@example.org/",
        "https://a:b@www.ebi.ac.uk/",
        "https://www.ebi.ac.uk:8443/",
        "http://www.ebi.ac.uk:8080/",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "file:///etc/passwd",
        "gopher://www.ebi.ac.uk/",
        "//www.ebi.ac.uk/",
        "https://",
        "https://example.org\\.ebi.ac.uk/",
        "https://www.ebi.ac.uk\\@example.org/",
        "https://example.org%2f.ebi.ac.uk/",
        "https://example.org%00.ebi.ac.uk/",
        "https://[fe80::1%25eth0]/",
        "https://www.ebi.ac.uk:99999/",
        "https://[/",
        "",
    ],
)
def test_others_are_not(url: str) -> None:
    with pytest.raises(AddressRefused):
        EBI.admitted(url)


def test_a_source_on_this_machine_is_its_host_and_port_only() -> None:
    here = Sites(("http://127.0.0.1:8123/biostudies", "http://127.0.0.1:8123/empiar"))
    assert here.are_loopback
    assert here.admitted("http://127.0.0.1:8123/x") == "http://127.0.0.1:8123/x"
    for url in (
        "http://127.0.0.1:8124/x",
        "http://a.127.0.0.1:8123/",
        "http://localhost:8123/",
        "http://127.0.0.2:8123/",
    ):
        with pytest.raises(AddressRefused):
            here.admitted(url)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_told_apart(address: str) -> None:
    assert not is_public(address)


def test_a_public_name_that_leads_to_a_private_address_is_not_asked(
    replay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is looked at after connecting, so that a name cannot change between the look and the request."""
    port = int(replay.address.rpartition(":")[2])
    known = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        return known("127.0.0.1" if host == "rebound.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    base = f"http://rebound.example:{port}/biostudies"
    client = Client(Manners("test"), Sites((base,)))
    with pytest.raises(Failed) as refused:
        client.get(f"{base}/x", None, until=float("1e9"))
    client.close()
    assert refused.value.why == Why.REFUSED
    assert "not public" in refused.value.message
    assert replay.asked == []
