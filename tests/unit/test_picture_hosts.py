"""Which hosts' pictures pages show at once."""

from __future__ import annotations

import pytest
from rembigraph.app.pages.rendering import content_policy
from rembigraph.app.pages.site import Site, origin
from rembigraph.app.settings import load_settings, picture_hosts
from rembigraph.ontology.errors import UsageError

HOSTS = ("https://images.example", "http://127.0.0.1:8080")


def test_none_is_named_by_default() -> None:
    assert picture_hosts(load_settings()) == ()
    assert "img-src 'self' data:;" in content_policy()
    assert not Site.of("https://catalogue.example", "https://d.example/").shows(
        "https://images.example/a.png"
    )


def test_named_hosts_are_in_the_policy() -> None:
    assert picture_hosts(load_settings(picture_hosts=" ".join([*HOSTS, HOSTS[0]]))) == HOSTS
    assert f"img-src 'self' data: {HOSTS[0]} {HOSTS[1]};" in content_policy(HOSTS)


@pytest.mark.parametrize(
    "value",
    ["*", "images.example", "https://*.example", "https://a.example/", "https://a.example/x", "'unsafe-inline'",
     "https://a.example;script-src", "javascript:alert(1)", "data:", "https://u@a.example", "https://a.example:0",
     "https://" + "a." * 500 + ";"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="picture_hosts"):
        picture_hosts(load_settings(picture_hosts=f"https://images.example {value}"))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://images.example/a.png", True),
        ("HTTPS://IMAGES.example/a.png", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://images.example/a.png", False),
        ("https://images.example:8443/a.png", False),
        ("https://images.example.evil.example/a.png", False),
        ("https://images.example@evil.example/a.png", False),
        ("https://evil.example/https://images.example/", False),
        ("https://images.example:99999999/a.png", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_their_pictures_are_shown(address: str, shown: bool) -> None:
    site = Site.of("https://catalogue.example", "https://d.example/", picture_hosts=HOSTS)
    assert site.shows(address) is shown
    assert origin(address) in {*HOSTS, ""} or not shown
