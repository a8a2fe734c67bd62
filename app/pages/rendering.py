"""Turns templates into pages: escaping is on, and foreign text is made harmless on its way out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlsplit

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from rembigraph.app.pages import text, words
from rembigraph.app.pages.compiled import compiled_templates
from rembigraph.app.pages.terms import about_path
from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import Iris, is_accession, is_web_address


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

_ENCODED: Final = str.maketrans({char: quote_plus(char) for char in map(chr, range(128))})
_KEPT_IN_URLS: Final = "%/:?#[]@!$&'()*+,;=~-._"

Render = Callable[..., str]


def secure(headers: Any) -> None:
    """Set the headers that every HTML answer carries on a mutable mapping of headers."""
    for name, value in HTML_HEADERS.items():
        headers[name] = value


@dataclass(frozen=True)
class Site:
    """Where the catalogue is served.

    Attributes:
        public_url: address that people reach it at, without a slash at the end.
        data_base: data base IRI.
        registered: whether IRIs of the data base lead to the pages here, so that a study may be cited by its IRI.
        picture_hosts: origins whose pictures pages show at once; those of others lie behind a link.
    """

    public_url: str
    data_base: str
    registered: bool = False
    picture_hosts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        public_url: str,
        data_base: str,
        *,
        registered: bool = False,
        picture_hosts: tuple[str, ...] = (),
    ) -> Site:
        """Return the site of a public address; a slash at its end does not matter."""
        return cls(public_url.rstrip("/"), data_base, registered, picture_hosts)

    @property
    def prefix(self) -> str:
        """Path below which the catalogue is served; empty at the root of a host."""
        return urlsplit(self.public_url).path.rstrip("/")

    def path(self, path: str) -> str:
        """Return the path of a page as links write it; `path` begins with a slash."""
        return self.prefix + path

    def url(self, path: str) -> str:
        """Return the absolute address of a page; never made from a request's Host."""
        return self.public_url + path

    def link(self, iri: str) -> str:
        """Return the local path of an IRI of this catalogue; empty for any other."""
        local = local_link(iri, self.data_base)
        return self.path(local) if local else ""

    def shows(self, picture: str) -> bool:
        """Whether pages show the picture at an address at once."""
        return bool(self.picture_hosts) and origin(picture) in self.picture_hosts

    def query(self, query: str) -> str:
        """Return the path of the SPARQL page with a query filled in."""
        # A study's page has fourteen queries, and the library takes its time over each of their bytes.
        encoded = query.translate(_ENCODED) if query.isascii() else quote_plus(query)
        return self.path(f"/sparql?query={encoded}")


def local_link(iri: str, data_base: str) -> str:
    """Return the path under which an IRI of the data base is served; empty for any other IRI.

    The first segment must be an accession, so that no IRI can lead to another host or page.
    """
    relative = Iris(data_base).relative(iri)
    if not relative or not is_accession(relative.split("/", 1)[0]):
        return ""
    return "/" + quote(relative, safe=_KEPT_IN_URLS)


def origin(address: str) -> str:
    """Return scheme, host and port of an http(s) address; empty for everything else."""
    if not is_web_address(address):
        return ""
    parts = urlsplit(address)
    with suppress(ValueError):
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme.lower()}://{parts.hostname}{port}"
    return ""


def web_address(iri: str) -> str:
    """Return an http(s) address as a link may carry it; empty for everything else."""
    return quote(iri, safe=_KEPT_IN_URLS) if is_web_address(iri) else ""


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
        autoescape=True,
        finalize=_finalize,
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


def _finalize(value: Any) -> Any:
    """Clean what a template prints; markup was made by macros, out of values that were cleaned."""
    if value is None:
        return ""
    return text.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _pieces(pieces: tuple[tuple[str, bool], ...]) -> Markup:
    """Return what matched as HTML: every piece escaped, what matched in `<mark>`."""
    parts = ((Markup.escape(text.clean(piece)), hit) for piece, hit in pieces)
    return Markup("").join(Markup("<mark>{}</mark>").format(piece) if hit else piece for piece, hit in parts)
