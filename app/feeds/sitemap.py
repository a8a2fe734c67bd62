"""Sitemaps and robots.txt: the studies that are served, each with the time when its page last changed.

See https://www.sitemaps.org/protocol.html: at most 50,000 addresses in a file; more are cut into files that an index
names. A file is cut by accession, so that a study that comes or goes moves others as little as possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.xml import DECLARATION, around, element
from rembigraph.app.pages.absent import UnknownStudyError
from rembigraph.app.pages.answers import Body, answer
from rembigraph.catalogue.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from starlette.requests import Request
    from starlette.responses import Response

MOST: Final = 50_000
"""Most addresses in one file."""
XML: Final = "application/xml"
TEXT: Final = "text/plain"
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(request: Request, reader: Reader, site: Site, number: str = "", most: int = MOST) -> Response:
    """Answer with the sitemap, the index of sitemaps, or one of these.

    Args:
        request: the request.
        reader: the catalogue.
        site: its addresses.
        number: which one, from 1; empty for the one that robots.txt names.
        most: most addresses in one.

    Raises:
        UnknownStudyError: there is no such sitemap.
    """
    with reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
        parts = changes.parts(most)
        if not number and len(parts) > 1:
            return _answer(request, _index(parts, site))
        place = int(number) if number.isdecimal() and len(number) < 6 else 0
        if number and not (0 < place <= len(parts) and str(place) == number):
            raise UnknownStudyError("there is no such sitemap")
        after = parts[max(place - 1, 0)][0] if parts else ""
        return _answer(request, around("urlset", _entries(changes, after, site, most), xmlns=_NAMESPACE))


def robots(request: Request, site: Site) -> Response:
    """Answer with robots.txt (RFC 9309): pages may be read, endless combinations of filters and queries not."""
    lines = [
        "User-agent: *",
        f"Disallow: {site.path('/sparql?')}",
        f"Disallow: {site.path('/studies?')}",
        f"Disallow: {site.path('/oai?')}",
        "",
        f"Sitemap: {site.url('/sitemap.xml')}",
        "",
    ]
    return answer(request, Body.of("\n".join(lines).encode()), TEXT)


def _entries(changes: Changes, after: str, site: Site, most: int) -> Iterator[str]:
    for accession, time in changes.held(after, most):
        yield around("url", [element("loc", site.url(f"/{accession}")), element("lastmod", time)])


def _index(parts: list[tuple[str, str]], site: Site) -> str:
    entries = (
        around("sitemap", [element("loc", site.url(f"/sitemap-{number}.xml")), element("lastmod", time)])
        for number, (_, time) in enumerate(parts, start=1)
    )
    return around("sitemapindex", entries, xmlns=_NAMESPACE)


def _answer(request: Request, content: str) -> Response:
    return answer(request, Body.of((DECLARATION + content + "\n").encode()), XML)
