"""Content negotiation against the rules of RFC 9110, section 12."""

import pytest
from rembigraph.app.negotiation import HTML, NotAcceptableError, negotiate, profiles_of, wants_html
from rembigraph.app.pages.representations import split_tail
from rembigraph.catalogue.serialisation import FORMS

OFFERED = [HTML, *(form.media_type for form in FORMS.values())]
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
        ("EMPIAR-10310.dcat.ttl", ("EMPIAR-10310", "dcat")),
        ("EMPIAR-10310-ro-crate-metadata.json", ("EMPIAR-10310", "rocrate")),
        ("EMPIAR-10310.bib", ("EMPIAR-10310", "bibtex")),
        (".ttl", (".ttl", "")),
        ("S-BSST1/image/.ttl", ("S-BSST1/image/.ttl", "")),
        ("a.ttl/b", ("a.ttl/b", "")),
    ],
)
def test_suffixes_name_forms(path, expected):
    stem, form = split_tail(path)
    assert (stem, form.name if form else "") == expected


def test_profiles_of_a_media_type_are_read():
    accept = 'application/ld+json;q=0.9;profile="https://w3id.org/ro/crate/1.2", text/turtle;profile="x:y"'
    assert profiles_of(accept, "application/ld+json") == {"https://w3id.org/ro/crate/1.2"}
    assert profiles_of(accept, "text/html") == set()


def test_errors_are_pages_for_browsers_only():
    assert wants_html(BROWSER)
    assert wants_html("text/html")
    assert not wants_html(None)
    assert not wants_html("*/*")
    assert not wants_html("application/json, text/html;q=0.5")
    assert not wants_html("text/turtle")
