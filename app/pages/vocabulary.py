"""Routes of the vocabulary: `/ns` and its terms and changes, `/shapes`, `/context.jsonld`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from rembigraph.app.negotiation import HTML, JSON, negotiate
from rembigraph.app.pages.answers import Body, BodyCache, answer
from rembigraph.app.pages.rendering import Render
from rembigraph.app.pages.site import Site
from rembigraph.app.pages.vocabulary_changes import as_json
from rembigraph.app.pages.vocabulary_forms import (
    FORMS_OFFERED,
    context_document,
    ontology_form,
    shapes_form,
)
from rembigraph.app.pages.vocabulary_terms import Term, header, terms
from rembigraph.app.pages.vocabulary_usage import Usage, UsageReader
from rembigraph.app.pages.vocabulary_views import changes_view, ontology_view, shapes_view, term_view
from rembigraph.ontology.errors import UnknownTerm
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from rembigraph.app.sparql.service import QueryService
    from rembigraph.catalogue.following import Reader

_METHODS: Final = ["GET", "HEAD"]
_SUFFIXES: Final[Mapping[str, str]] = {"html": "html", **{f.suffix: f.name for f in FORMS_OFFERED.values()}}
_TYPES: Final[Mapping[str, str]] = {"html": HTML, **{f.name: f.media_type for f in FORMS_OFFERED.values()}}
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Content-Location, ETag",
}


def vocabulary_router(
    service: QueryService, reader: Reader, *, public_url: str, data_base: str, render: Render
) -> APIRouter:
    """Return the routes of the vocabulary. Include it before the pages, which answer every other path.

    Args:
        service: answers the queries for the uses of a term.
        reader: knows the newest generation, for which those answers hold.
        public_url: address that people reach the server at.
        data_base: data base IRI of the catalogue.
        render: renders templates.
    """
    site = Site.of(public_url, data_base)
    pages = _Vocabulary(site, render, UsageReader(service, reader))
    router = APIRouter(tags=["vocabulary"])
    _ontology_routes(router, pages)

    @router.api_route("/shapes", methods=_METHODS, summary="What records must satisfy, as SHACL")
    @router.api_route("/shapes.{suffix}", methods=_METHODS, include_in_schema=False)
    async def shapes(request: Request, suffix: str = "") -> Response:
        return await run_in_threadpool(pages.shapes, request, suffix)

    @router.api_route("/context.jsonld", methods=_METHODS, summary="The JSON-LD context of records")
    async def context(request: Request) -> Response:
        headers = {**_OPEN, "Link": f'<{site.url("/ns")}>; rel="describedby"'}
        return answer(request, Body.of(context_document()), "application/ld+json", headers)

    return router


def _ontology_routes(router: APIRouter, pages: _Vocabulary) -> None:
    @router.api_route("/ns", methods=_METHODS, summary="The ontology: a page, or RDF")
    @router.api_route("/ns.{suffix}", methods=_METHODS, include_in_schema=False)
    async def ontology(request: Request, suffix: str = "") -> Response:
        return await run_in_threadpool(pages.ontology, request, suffix)

    @router.api_route("/ns/changes", methods=_METHODS, summary="Which version brought which term")
    async def changes(request: Request) -> Response:
        return await run_in_threadpool(pages.changes, request)

    @router.api_route("/ns/term/{name}", methods=_METHODS, summary="One term, its rules and its uses")
    async def term(request: Request, name: str) -> Response:
        found = known_term(name)
        return await run_in_threadpool(pages.term, request, found, await pages.usage.of(found))

    @router.api_route("/ns/{version}", methods=_METHODS, summary="One version of the ontology")
    async def version(request: Request, version: str) -> Response:
        if version in terms():
            return RedirectResponse(pages.site.url(f"/ns/term/{version}"), status_code=303)
        return await run_in_threadpool(pages.version, request, version)


def known_term(name: str) -> Term:
    """Return the term of a local name.

    Raises:
        UnknownTerm: there is none; the error names those that are spelt like it.
    """
    found = terms().get(name)
    if found:
        return found
    folded = {each.casefold(): each for each in terms()}
    near = difflib.get_close_matches(name[:80].casefold(), list(folded), n=3)
    fix = f"near it: {', '.join(folded[each] for each in near)}" if near else "all terms are listed at /ns"
    raise UnknownTerm(f"the vocabulary has no term {name[:80]!r}", fix=fix)


@dataclass(frozen=True)
class _Page:
    """A page that is rendered when it is called."""

    render: Render
    template: str
    values: Callable[[], Mapping[str, Any]]

    def __call__(self) -> bytes:
        return self.render(self.template, self.values()).encode("utf-8")


@dataclass(frozen=True)
class _Document:
    """Something with a page and RDF forms.

    Attributes:
        path: its path, without a suffix.
        default: the form that whoever accepts anything gets.
        page: renders its page.
        form: makes a form of RDF.
        links: further `Link` values.
    """

    path: str
    default: str
    page: _Page
    form: Callable[[str], bytes]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Vocabulary:
    """What the routes do, in threads."""

    site: Site
    render: Render
    usage: UsageReader
    bodies: BodyCache = field(default_factory=BodyCache)

    def ontology(self, request: Request, suffix: str) -> Response:
        return self._negotiated(request, self._ontology_document("/ns"), suffix)

    def version(self, request: Request, version: str) -> Response:
        """Answer for `0.1.0` and `0.1.0.ttl`."""
        known = header().version
        stem, _, suffix = version.rpartition(".")
        wanted, suffix = (stem, suffix) if suffix in _SUFFIXES else (version, "")
        if wanted != known:
            message = f"there is no term or version {wanted[:40]!r} of the vocabulary"
            raise UnknownTerm(message, fix=f"all terms are listed at /ns; known versions: {known}")
        return self._negotiated(request, self._ontology_document(f"/ns/{known}"), suffix)

    def shapes(self, request: Request, suffix: str) -> Response:
        page = _Page(self.render, "shapes.html", lambda: shapes_view(self.site))
        return self._negotiated(request, _Document("/shapes", "turtle", page, shapes_form), suffix)

    def changes(self, request: Request) -> Response:
        media_type = negotiate(request.headers.get("accept"), [HTML, JSON])
        headers = {"Vary": "Accept", "Link": f'<{self.site.url("/ns/changes")}>; rel="canonical"'}
        if media_type == HTML:
            page = _Page(self.render, "changes.html", lambda: changes_view(self.site))
            return answer(request, self.bodies.get(page.template, page), HTML, headers)
        content = json.dumps(as_json(), ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
        return answer(request, Body.of(content), JSON, {**headers, **_OPEN})

    def term(self, request: Request, term: Term, usage: Usage) -> Response:
        negotiate(request.headers.get("accept"), [HTML])
        key = ("term", term.name, usage)
        body = self.bodies.get(
            key, _Page(self.render, "term.html", lambda: term_view(term, usage, self.site))
        )
        page, whole = self.site.url(f"/ns/term/{term.name}"), self.site.url("/ns")
        links = [f'<{page}>; rel="canonical"', f'<{whole}>; rel="collection"']
        links += [
            f'<{whole}.{f.suffix}>; rel="describedby"; type="{f.media_type}"' for f in FORMS_OFFERED.values()
        ]
        return answer(request, body, HTML, {"Vary": "Accept", "Link": ", ".join(links)})

    def _ontology_document(self, path: str) -> _Document:
        history = f'<{self.site.url("/ns/changes")}>; rel="version-history"'
        page = _Page(self.render, "ns.html", lambda: ontology_view(self.site))
        return _Document(path, "html", page, ontology_form, (history,))

    def _negotiated(self, request: Request, document: _Document, suffix: str) -> Response:
        name = _form_wanted(request, document.default, suffix)
        if name == "html":
            body = self.bodies.get(document.page.template, document.page)
        else:
            body = self.bodies.get((document.form.__name__, name), lambda: document.form(name))
        return answer(request, body, _TYPES[name], self._headers(document, name))

    def _headers(self, document: _Document, name: str) -> dict[str, str]:
        address = self.site.url(document.path)
        links = [f'<{address}>; rel="canonical"']
        links += [
            f'<{address}.{suffix}>; rel="alternate"; type="{_TYPES[form]}"'
            for suffix, form in _SUFFIXES.items()
            if form != name
        ]
        suffix = next(suffix for suffix, form in _SUFFIXES.items() if form == name)
        return {
            "Vary": "Accept",
            "Content-Location": f"{address}.{suffix}",
            "Link": ", ".join([*links, *document.links]),
            **_OPEN,
        }


def _form_wanted(request: Request, default: str, suffix: str) -> str:
    """Return the name of the form that a suffix names, or that an `Accept` header likes best."""
    if suffix:
        if suffix not in _SUFFIXES:
            known = ", ".join(f".{each}" for each in _SUFFIXES)
            raise UnknownTerm(f"there is no form {suffix[:40]!r}", fix=f"known: {known}")
        return _SUFFIXES[suffix]
    offered = {_TYPES[default]: default, **{media_type: name for name, media_type in _TYPES.items()}}
    return offered[negotiate(request.headers.get("accept"), list(offered))]
