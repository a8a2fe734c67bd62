"""Pages about what studies share: people, organisations, taxa, methods, publications, and every other term.

Such a thing has an IRI of its own elsewhere (ORCID, ROR, NCBITaxon, FBbi, a DOI). `/about/NCBITaxon:9606` says what
is known of it here and lists its studies; `/about?iri=` leads there for any IRI.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter
from rembigraph.app.negotiation import HTML, JSON, negotiate
from rembigraph.app.pages.absent import UnknownStudyError
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.app.pages.record import raw_path
from rembigraph.app.pages.rendering import Render
from rembigraph.app.pages.site import Site
from rembigraph.app.pages.terms import about_path, term_name
from rembigraph.catalogue.recordview import natural_key
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import expand_curie, is_web_address
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.studylist import StudyItem

_MAX_IRI: Final = 1000
_MAX_SHOWN: Final = 200
_HOUR: Final = "public, max-age=3600"
_KINDS: Final = {
    "ORCID": "person",
    "ROR": "organisation",
    "NCBITaxon": "taxon",
    "FBbi": "imaging method",
    "DOI": "publication",
}
_FACETS: Final = {"NCBITaxon": "organism", "FBbi": "method"}


@dataclass(frozen=True)
class Found:
    """The studies that name a thing.

    Attributes:
        studies: their cards.
        total: how many there are; at least so many when not `complete`.
        complete: whether everything that names it was looked at.
        more: path of the list with all of them, or empty.
    """

    studies: tuple[StudyItem, ...]
    total: int
    complete: bool = True
    more: str = ""


def about_router(reader: Reader, *, public_url: str, data_base: str, render: Render) -> APIRouter:
    """Return the routes of the pages about people, organisations, taxa, methods, publications and terms."""
    pages = _AboutPages(reader, Site.of(public_url, data_base), render)
    router = APIRouter()

    @router.api_route("/about", methods=["GET", "HEAD"], summary="What is known of an IRI (`?iri=`)")
    async def of_iri(request: Request) -> Response:
        return pages.redirect(request.query_params.get("iri", ""))

    @router.api_route(
        "/about/{name:path}",
        methods=["GET", "HEAD"],
        summary="A person, organisation, taxon, method or publication",
    )
    async def about(request: Request, name: str) -> Response:
        return await run_in_threadpool(pages.answer, request)

    return router


@dataclass(frozen=True)
class _AboutPages:
    reader: Reader
    site: Site
    render: Render

    def redirect(self, iri: str) -> Response:
        if not 0 < len(iri) <= _MAX_IRI or not is_web_address(iri):
            raise UsageError("?iri= holds no http(s) address", fix="ask for /about?iri=https://orcid.org/...")
        return RedirectResponse(self.site.path(about_path(iri)), 303, {"Cache-Control": _HOUR})

    def answer(self, request: Request) -> Response:
        name = unquote(raw_path(request).removeprefix("about/"))
        iri = expand_curie(name) if len(name) <= _MAX_IRI else ""
        if not is_web_address(iri):
            raise UnknownStudyError("there is no such page here")
        if term_name(iri) != name:
            return RedirectResponse(self.site.path(about_path(iri)), 301, {"Cache-Control": _HOUR})
        media_type = negotiate(request.headers.get("accept"), [HTML, JSON])
        with self.reader.snapshot() as snapshot:
            values = self._values(snapshot, iri, name)
        if media_type == JSON:
            headers = {"Vary": "Accept", **OPEN}
            return answer(request, Body.of(_as_json(values, self.site)), JSON, headers)
        page = self.render("about.html", values).encode()
        return answer(request, Body.of(page), HTML, {"Vary": "Accept"})

    def _values(self, snapshot: Snapshot, iri: str, name: str) -> dict[str, Any]:
        found = self._found(snapshot, iri, name)
        if not found.total:
            raise UnknownStudyError(f"no study here names {name[:200]}")
        prefix = name.partition(":")[0]
        return {
            "iri": iri,
            "name": name,
            "kind": _KINDS.get(prefix, "term"),
            "label": snapshot.label(iri) or name,
            "found": found,
            "canonical": self.site.url(about_path(iri)),
            "query": self.site.query(studies_query(iri)),
        }

    def _found(self, snapshot: Snapshot, iri: str, name: str) -> Found:
        prefix = name.partition(":")[0]
        facet = _FACETS.get(prefix)
        if facet:
            own = {facet: (iri,)}
            page = snapshot.search.studies(
                organism=own.get("organism", ()), method=own.get("method", ()), per_page=_MAX_SHOWN
            )
            if page.total:
                more = f"/studies?{facet}={quote(name)}" if page.total > _MAX_SHOWN else ""
                return Found(tuple(page.items), page.total, more=more and self.site.path(more))
        named, complete = snapshot.named_by(iri)
        if prefix == "DOI":
            described = snapshot.search.describing(unquote(iri).lower())
            named = sorted({*named, *snapshot.publications(iri), *described}, key=natural_key)
        cards = snapshot.search.cards(named)
        held = [cards[each] for each in named if each in cards]
        return Found(tuple(held[:_MAX_SHOWN]), len(held), complete)


def studies_query(iri: str) -> str:
    """Return a query that lists the studies of which some thing names an IRI."""
    return (
        "PREFIX rembi: <https://w3id.org/rembigraph/ns#>\nPREFIX dcterms: <http://purl.org/dc/terms/>\n"
        "SELECT DISTINCT ?study ?title WHERE {\n"
        f"  ?thing ?property <{iri}> .\n"
        "  ?study a rembi:Study ; dcterms:title ?title .\n"
        "  FILTER(?thing = ?study || STRSTARTS(STR(?thing), CONCAT(STR(?study), '/')))\n"
        "}\nORDER BY ?study\nLIMIT 200"
    )


def _as_json(values: dict[str, Any], site: Site) -> bytes:
    found: Found = values["found"]
    document = {
        "version": 1,
        "iri": values["iri"],
        "label": values["label"],
        "kind": values["kind"],
        "total": found.total,
        "complete": found.complete,
        "studies": list(_studies(found.studies, site)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _studies(items: Iterable[StudyItem], site: Site) -> Iterable[dict[str, str]]:
    for item in items:
        yield {"accession": item.accession, "title": item.title, "url": site.url(f"/{item.accession}")}
