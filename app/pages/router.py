"""Routes of the pages: home, list of studies, study, its things, static files. All of them only read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from rembigraph.app.negotiation import (
    HTML,
    JSON,
    NotAcceptableError,
    negotiate,
)
from rembigraph.app.pages.about import about_router
from rembigraph.app.pages.absent import UnknownStudyError
from rembigraph.app.pages.answers import Body, answer
from rembigraph.app.pages.home import home
from rembigraph.app.pages.links import links_router
from rembigraph.app.pages.listing import CSV, as_csv, as_json, criteria_of, listing
from rembigraph.app.pages.record import Records
from rembigraph.app.pages.rendering import STATIC_FILES, Render, fingerprint, make_renderer, static_file
from rembigraph.app.pages.site import Site
from rembigraph.catalogue.reader import EmptyCatalogueError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader

_METHODS: Final = ["GET", "HEAD"]
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
    reader: Reader,
    *,
    public_url: str,
    data_base: str,
    render: Render | None = None,
    registered: bool = False,
) -> APIRouter:
    """Return the routes of all pages. Include it last: it answers every path that nobody else does.

    Args:
        reader: gives the newest generation.
        public_url: address that people reach the server at; every absolute address is made from it.
        data_base: data base IRI of the catalogue.
        render: renders templates; made for the public address when not given.
        registered: whether IRIs of the data base lead to the pages here.
    """
    render = render or make_renderer(public_url, data_base)
    site = Site.of(public_url, data_base, registered=registered)
    pages = _Pages(reader, site, render)
    records = Records(reader, site, render)
    router = static_router()
    router.include_router(links_router(reader, public_url=public_url, data_base=data_base, render=render))

    router.include_router(about_router(reader, public_url=public_url, data_base=data_base, render=render))

    @router.api_route("/", methods=_METHODS, include_in_schema=False)
    async def home_page(request: Request) -> Response:
        return await run_in_threadpool(pages.home, request)

    @router.api_route("/studies", methods=_METHODS, summary="List, search and filter studies")
    async def studies(request: Request) -> Response:
        return await run_in_threadpool(pages.studies, request)

    @router.api_route("/{path:path}", methods=_METHODS, summary="A study, or one thing of it")
    async def record(request: Request, path: str) -> Response:
        return await run_in_threadpool(records.answer, request)

    return router


@dataclass(frozen=True)
class _Pages:
    """What the routes do, in threads: the store and the index block."""

    reader: Reader
    site: Site
    render: Render

    def home(self, request: Request) -> Response:
        negotiate(request.headers.get("accept"), [HTML])
        try:
            with self.reader.snapshot() as snapshot:
                content = self._html("home.html", home(snapshot, self.site))
        except EmptyCatalogueError:
            content = self._html("home.html", {"counts": None})
        return answer(request, Body.of(content), HTML, {"Vary": "Accept"})

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

    def _html(self, template: str, values: Mapping[str, Any]) -> bytes:
        return self.render(template, values).encode("utf-8")
