"""Turns templates into pages: escaping is on, and foreign text is made harmless on its way out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from rembigraph.app.pages import text, words
from rembigraph.app.pages.compiled import compiled_templates
from rembigraph.app.pages.marks import Marks
from rembigraph.app.pages.site import Site, origin, web_address
from rembigraph.app.pages.terms import about_path
from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import is_accession


def content_policy(picture_hosts: Sequence[str] = ()) -> str:
    """Return the content security policy of every page: nothing from elsewhere but pictures of these origins.

    Pages have no scripts but those of `/static/`, and are whole without them; `connect-src` lets tools in a browser
    (Lighthouse) read `/robots.txt`.
    """
    pictures = " ".join(["'self'", "data:", *picture_hosts])
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


HTML_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Headers that every HTML answer carries."""

STATIC_FILES: Final[Mapping[str, str]] = {
    "rembigraph.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "fields.js": "text/javascript; charset=utf-8",
}
"""Files that are served under `/static/`, with their media types. Nothing else is."""

Render = Callable[..., str]


def secure(headers: Any) -> None:
    """Set the headers that every HTML answer carries on a mutable mapping of headers."""
    for name, value in HTML_HEADERS.items():
        headers[name] = value


@cache
def static_file(name: str) -> bytes:
    """Return a static file; raises KeyError for a name that is not served."""
    if name not in STATIC_FILES:
        raise KeyError(name)
    return resources.files("rembigraph.app.pages").joinpath("static", name).read_bytes()


@cache
def fingerprint(name: str) -> str:
    """Return a short hash of a static file's content."""
    return hashlib.sha256(static_file(name)).hexdigest()[:16]


def make_renderer(public_url: str, data_base: str, picture_hosts: tuple[str, ...] = ()) -> Render:
    """Return a function that renders a template with values: `render("home.html", {...})`.

    Every value is escaped, and characters that hide or reorder text are replaced, whatever the template does.
    """
    site = Site.of(public_url, data_base, picture_hosts=picture_hosts)
    environment = Environment(
        loader=PackageLoader("rembigraph.app.pages"),
        bytecode_cache=compiled_templates(),
        auto_reload=False,
        autoescape=True,
        finalize=text.shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        cut=text.cut,
        paragraphs=text.paragraphs,
        number=text.number,
        size=text.size,
        when=text.when,
        joined=text.joined,
        capitalised=text.capitalised,
        spelt=text.spelt,
        web=web_address,
        origin=origin,
        pieces=_pieces,
    )
    environment.globals.update(
        site=site,
        marks=Marks(site),
        words=words,
        plural=text.plural,
        asset=lambda name: site.path(f"/static/{name}?v={fingerprint(name)}"),
        short_term=short_iri,
        about=lambda iri: site.path(about_path(iri)) if about_path(iri) else "",
        successor_path=lambda text: site.path(f"/{text}") if is_accession(text) else "",
    )

    def render(name: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
        return environment.get_template(name).render({**(values or {}), **more})

    return render


def _pieces(pieces: tuple[tuple[str, bool], ...]) -> Markup:
    """Return what matched as HTML: every piece escaped, what matched in `<mark>`."""
    parts = ((Markup.escape(text.clean(piece)), hit) for piece, hit in pieces)
    return Markup("").join(Markup("<mark>{}</mark>").format(piece) if hit else piece for piece, hit in parts)
