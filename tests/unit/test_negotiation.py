"""Content negotiation against the rules of RFC 9110, section 12."""

import pytest
from rembigraph.app.negotiation import (
    RECORD_TYPES,
    NotAcceptableError,
    negotiate,
    split_suffix,
    wants_html,
)

OFFERED = list(RECORD_TYPES)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
COMUNICA = (
    "application/n-quads,application/trig;q=0.95,application/ld+json;q=0.9,application/n-triples;q=0.8,"
    "text/turtle;q=0.6"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/html"),
        ("", "text/html"),
        ("*/*", "text/html"),
        (BROWSER, "text/html"),
        ("text/turtle", "text/turtle"),
        ("TEXT/TURTLE", "text/turtle"),
        ("application/json", "application/json"),
        (COMUNICA, "application/n-quads"),
        ("text/turtle;q=0.5, application/ld+json;q=0.9", "application/ld+json"),
        ("text/html;q=0, */*", "text/turtle"),
        ("text/*;q=0.3, text/turtle;q=0.2, application/trig;q=0.25", "text/html"),
        ("application/*", "application/ld+json"),
        ("application/xhtml+xml, text/turtle;q=0.1", "text/turtle"),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "application/ld+json"),
        ("text/turtle;q=1.5, application/trig;q=0.1", "application/trig"),
        ("text/turtle;q=x, application/trig;q=0.1", "application/trig"),
        ("nonsense", "text/html"),
        ("*/turtle, text/turtle;q=0.001", "text/turtle"),
        (",".join(["a/b"] * 500) + ",text/turtle", None),
    ],
)
def test_the_best_offered_type_is_chosen(accept, expected):
    if expected is None:
        with pytest.raises(NotAcceptableError):
            negotiate(accept, OFFERED)
    else:
        assert negotiate(accept, OFFERED) == expected


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html;q=0", "*/*;q=0", "text/html;q=0.0, application/pdf"]
)
def test_what_excludes_everything_is_refused_with_the_offer(accept):
    with pytest.raises(NotAcceptableError) as caught:
        negotiate(accept, ["text/html"])
    assert caught.value.offered == ("text/html",)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("EMPIAR-10310", ("EMPIAR-10310", "")),
        ("EMPIAR-10310.ttl", ("EMPIAR-10310", "turtle")),
        ("EMPIAR-10310.JSONLD", ("EMPIAR-10310", "jsonld")),
        ("EMPIAR-10310.html", ("EMPIAR-10310", "html")),
        ("EMPIAR-10310.exe", ("EMPIAR-10310.exe", "")),
        (".ttl", (".ttl", "")),
        ("a.ttl/b", ("a.ttl/b", "")),
    ],
)
def test_suffixes_name_forms(path, expected):
    assert split_suffix(path) == expected


def test_errors_are_pages_for_browsers_only():
    assert wants_html(BROWSER)
    assert wants_html("text/html")
    assert not wants_html(None)
    assert not wants_html("*/*")
    assert not wants_html("application/json, text/html;q=0.5")
    assert not wants_html("text/turtle")
