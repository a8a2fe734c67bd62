"""Routes of the pages: home, list of studies, study, its things, static files. All of them only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter
from rembigraph.app.negotiation import (
    HTML,
    JSON,
    RECORD_TYPES,
    SUFFIXES,
    NotAcceptableError,
    form_of,
    negotiate,
    split_suffix,
)
from rembigraph.app.pages.absent import UnknownStudyError, WithdrawnStudyError
from rembigraph.app.pages.answers import Body, BodyCache, answer
from rembigraph.app.pages.home import home
from rembigraph.app.pages.landing import landing
from rembigraph.app.pages.links import external_redirect, links_router
from rembigraph.app.pages.listing import CSV, as_csv, as_json, criteria_of, listing
from rembigraph.app.pages.rendering import STATIC_FILES, Render, Site, fingerprint, make_renderer, static_file
from rembigraph.app.pages.thing import thing
from rembigraph.catalogue.reader import EmptyCatalogueError
from rembigraph.catalogue.serialisation import Form, forms_of
from rembigraph.ontology.identifiers import Accession, NotAnAccession, parse_accession
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.recordview import RecordView

_METHODS: Final = ["GET", "HEAD"]
_MAX_PATH: Final = 2000
_KEY_SAFE: Final = "-._~:@+,="
_LIST_TYPES: Final = {"html": HTML, "json": JSON, "csv": CSV}
_YEAR: Final = "public, max-age=31536000, immutable"
_HOUR: Final = "public, max-age=3600"


def static_router() -> APIRouter:
    """Return the routes of the static files alone, for servers without a catalogue."""
    router = APIRouter()

    @router.api_route("/static/{name}", methods=_METHODS, include_in_schema=False)
    async def static(request: Request, name: str) -> Response:
        if name not in STATIC_FILES:
            raise UnknownStudyError("there is no such file")
        fresh = request.query_params.get("v") == fingerprint(name)
        headers = {"Cache-Control": _YEAR if fresh else _HOUR, "X-Content-Type-Options": "nosniff"}
        return answer(request, Body.of(static_file(name)), STATIC_FILES[name], headers)

    return router


def pages_router(
    reader: Reader, *, public_url: str, data_base: str, render: Render | None = None
) -> APIRouter:
    """Return the routes of all pages. Include it last: it answers every path that nobody else does.

    Args:
        reader: gives the newest generation.
        public_url: address that people reach the server at; every absolute address is made from it.
        data_base: data base IRI of the catalogue.
        render: renders templates; made for the public address when not given.
    """
    render = render or make_renderer(public_url, data_base)
    pages = _Pages(reader, Site.of(public_url, data_base), render, BodyCache())
    router = static_router()
    router.include_router(links_router(reader, public_url=public_url, data_base=data_base, render=render))

    @router.api_route("/", methods=_METHODS, include_in_schema=False)
    async def home_page(request: Request) -> Response:
        return await run_in_threadpool(pages.home, request)

    @router.api_route("/studies", methods=_METHODS, summary="List, search and filter studies")
    async def studies(request: Request) -> Response:
        return await run_in_threadpool(pages.studies, request)

    @router.api_route("/{path:path}", methods=_METHODS, summary="A study, or one thing of it")
    async def record(request: Request, path: str) -> Response:
        return await run_in_threadpool(pages.record, request)

    return router


@dataclass(frozen=True)
class _Address:
    """The path of a record, read.

    Attributes:
        accession: the study.
        rest: path below the study in canonical spelling, or empty.
        form: form that a suffix of the accession names, or empty.
        asked: the path as it was asked for, without its first slash.
    """

    accession: Accession
    rest: str
    form: str
    asked: str

    @classmethod
    def of(cls, raw: str) -> _Address | None:
        """Read a percent-encoded path; None when it is no record's."""
        first, _, rest = raw.partition("/")
        stem, form = (first, "") if rest else split_suffix(first)
        try:
            accession = parse_accession(unquote(stem))
        except NotAnAccession:
            return None
        segments = (quote(unquote(segment), safe=_KEY_SAFE) for segment in rest.strip("/").split("/"))
        return cls(accession, "/".join(segments), form, raw)

    @property
    def canonical(self) -> str:
        """The path in canonical spelling, without its first slash."""
        suffix = next((s for s, name in SUFFIXES.items() if name == self.form), "")
        tail = f"/{self.rest}" if self.rest else f".{suffix}" if suffix else ""
        return f"{self.accession}{tail}"

    @cached_property
    def needs_redirect(self) -> bool:
        """Whether the study is spelt in another way than the canonical one."""
        first = self.asked.split("/", 1)[0]
        return first != self.canonical.split("/", 1)[0] or self.asked.endswith("/")


@dataclass(frozen=True)
class _Pages:
    """What the routes do, in threads: the store and the index block."""

    reader: Reader
    site: Site
    render: Render
    bodies: BodyCache

    def home(self, request: Request) -> Response:
        negotiate(request.headers.get("accept"), [HTML])
        try:
            with self.reader.snapshot() as snapshot:
                key = (snapshot.generation, "home")
                body = self.bodies.get(key, lambda: self._html("home.html", home(snapshot, self.site)))
        except EmptyCatalogueError:
            body = Body.of(self._html("home.html", {"counts": None}))
        return answer(request, body, HTML, {"Vary": "Accept"})

    def studies(self, request: Request) -> Response:
        wanted = request.query_params.get("format", "")
        if wanted and wanted not in _LIST_TYPES:
            raise NotAcceptableError(f"there is no format {wanted[:40]!r}", offered=list(_LIST_TYPES))
        media_type = _LIST_TYPES.get(wanted) or negotiate(
            request.headers.get("accept"), list(_LIST_TYPES.values())
        )
        criteria = criteria_of(request.query_params, download=media_type == CSV)
        with self.reader.snapshot() as snapshot:
            page = snapshot.search.page(criteria)
        headers = {"Vary": "Accept"}
        if media_type == HTML:
            return answer(
                request, Body.of(self._html("studies.html", listing(page, self.site))), HTML, headers
            )
        headers["Access-Control-Allow-Origin"] = "*"
        if media_type == JSON:
            return answer(request, Body.of(as_json(page, self.site)), JSON, headers)
        headers["Content-Disposition"] = 'attachment; filename="studies.csv"'
        return answer(
            request, Body.of(as_csv(page, self.site)), f"{CSV}; charset=utf-8; header=present", headers
        )

    def record(self, request: Request) -> Response:
        raw = _raw_path(request)
        address = _Address.of(raw) if len(raw) <= _MAX_PATH else None
        if address is None:
            elsewhere = external_redirect(self.site, raw)
            if elsewhere:
                return elsewhere
            raise UnknownStudyError("there is no such page here")
        if address.needs_redirect:
            # Built from the parsed accession alone, so it can lead nowhere else.
            location = self.site.path("/" + address.canonical)
            return RedirectResponse(location, 301, {"Cache-Control": _HOUR})
        with self.reader.snapshot() as snapshot:
            view = snapshot.record(str(address.accession))
            if view is None and _is_linked_set(snapshot, address.accession):
                return RedirectResponse(self.site.path(f"/links/{address.accession}"), 303)
            if view is None:
                raise self._absent(snapshot, address.accession)
            return self._answer(request, snapshot, view, address)

    def _answer(self, request: Request, snapshot: Snapshot, view: RecordView, address: _Address) -> Response:
        path, form = _locate(view, address)
        offered = [HTML, *(each.media_type for each in forms_of(view))]
        name = form or RECORD_TYPES[negotiate(request.headers.get("accept"), offered)]
        iri = self.site.data_base + path
        key = (snapshot.generation, path, name)
        if name == "html":
            body = self.bodies.get(key, lambda: self._page(snapshot, view, iri))
        else:
            child = iri if iri != view.iri else ""
            body = self.bodies.get(key, lambda: snapshot.serialise(view.accession, name, child))
        media_type = HTML if name == "html" else form_of(name).media_type
        return answer(request, body, media_type, self._links(path, name, forms_of(view)))

    def _page(self, snapshot: Snapshot, view: RecordView, iri: str) -> bytes:
        if iri == view.iri:
            return self._html("study.html", landing(snapshot, view, self.site))
        node = view.node(iri)
        return self._html("thing.html", thing(view, node, self.site)) if node else b""

    def _links(self, path: str, name: str, forms: Sequence[Form]) -> dict[str, str]:
        suffix = "html" if name == "html" else form_of(name).suffix
        page = self.site.url(f"/{path}")
        links = [f'<{page}>; rel="canonical"']
        links += (
            f'<{page}.{form.suffix}>; rel="alternate"; type="{form.media_type}"'
            for form in forms
            if form.name != name
        )
        if name != "html":
            links.append(f'<{page}.html>; rel="alternate"; type="{HTML}"')
        return {
            "Vary": "Accept",
            "Content-Location": f"{page}.{suffix}",
            "Link": ", ".join(links),
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Link, Content-Location, ETag",
        }

    def _absent(self, snapshot: Snapshot, accession: Accession) -> Exception:
        name = str(accession)
        gone = self.reader.withdrawn(name)
        if gone:
            return WithdrawnStudyError(
                f"{name} was withdrawn from this catalogue",
                accession=name,
                reason=gone.reason,
                date=gone.time[:10],
                successor=gone.successor,
                archive_page=accession.landing_page,
            )
        named_by = tuple(part.accession for part in snapshot.parts(name) if part.held)
        return UnknownStudyError(
            f"{name} is not in this catalogue",
            accession=name,
            archive=accession.archive.label,
            archive_page=accession.landing_page,
            nearest=tuple(snapshot.search.nearest(name)),
            named_by=named_by[:20],
        )

    def _html(self, template: str, values: Mapping[str, Any]) -> bytes:
        return self.render(template, values).encode("utf-8")


def _is_linked_set(snapshot: Snapshot, accession: Accession) -> bool:
    """Whether this is a set of links that is here: its page is that of its links."""
    return accession.archive.is_of_statements and bool(snapshot.search.links(str(accession)))


def _raw_path(request: Request) -> str:
    """Return the path as it was sent, percent-encoded, without its first slash."""
    raw = request.scope.get("raw_path") or quote(request.url.path).encode("ascii")
    return raw.decode("latin-1").split("?", 1)[0].removeprefix("/")


def _locate(view: RecordView, address: _Address) -> tuple[str, str]:
    """Return the path of the thing that an address names, and the form that its suffix asks for.

    A key may end like a suffix (`image/a.json`): a thing of exactly that name comes first.

    Raises:
        UnknownStudyError: the study has no such thing.
    """
    if not address.rest:
        return view.accession, address.form
    path = f"{view.accession}/{address.rest}"
    base = view.iri.removesuffix(view.accession)
    stem, form = split_suffix(path)
    for candidate, name in ((path, ""), (stem, form)):
        if view.node(base + candidate):
            return candidate, name
    raise UnknownStudyError(
        f"{view.accession} has nothing of this name: {unquote(address.rest)[:200]}", accession=view.accession
    )
