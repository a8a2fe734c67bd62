"""Routes of the feeds. All of them only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from rembigraph.app.feeds.change_list import change_list
from rembigraph.app.feeds.oai import OaiServer
from rembigraph.app.feeds.repository import Repository
from rembigraph.app.feeds.sitemap import robots, sitemap
from rembigraph.app.pages.answers import Body, answer
from rembigraph.app.pages.rendering import Site
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader

XML: Final = "text/xml"
_METHODS: Final = ["GET", "HEAD"]
_MAX_FORM: Final = 65_536


def feeds_router(reader: Reader, site: Site, repository: Repository | None = None) -> APIRouter:
    """Return the routes of the feeds.

    Args:
        reader: the catalogue.
        site: its addresses.
        repository: who offers the records.
    """
    router = APIRouter()
    server = OaiServer(reader, site, repository or Repository())

    def harvested(request: Request, query: bytes) -> Response:
        return answer(request, Body.of(server.answer(query)), XML, {"Access-Control-Allow-Origin": "*"})

    @router.api_route("/oai", methods=_METHODS, summary="OAI-PMH 2.0")
    async def oai(request: Request) -> Response:
        return await run_in_threadpool(harvested, request, request.scope["query_string"])

    @router.post("/oai", summary="OAI-PMH 2.0, arguments in a form")
    async def oai_form(request: Request) -> Response:
        return await run_in_threadpool(harvested, request, await _form(request))

    @router.api_route(
        "/changes", methods=_METHODS, summary="What was created, changed, withdrawn, reinstated"
    )
    async def changes(request: Request) -> Response:
        return await run_in_threadpool(change_list, request, reader, site)

    @router.api_route("/sitemap.xml", methods=_METHODS, summary="Sitemap, or the index of sitemaps")
    async def whole_sitemap(request: Request) -> Response:
        return await run_in_threadpool(sitemap, request, reader, site)

    @router.api_route("/sitemap-{number}.xml", methods=_METHODS, summary="One sitemap of several")
    async def one_sitemap(request: Request, number: str) -> Response:
        return await run_in_threadpool(sitemap, request, reader, site, number)

    @router.api_route("/robots.txt", methods=_METHODS, summary="What robots may read")
    async def robots_txt(request: Request) -> Response:
        return robots(request, site)

    return router


async def _form(request: Request) -> bytes:
    """Return the form in a request; raises HTTPException for one that is too long. No form is an empty one."""
    if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        return b""
    form = bytearray()
    async for piece in request.stream():
        form += piece
        if len(form) > _MAX_FORM:
            raise HTTPException(413, f"a form of OAI-PMH has at most {_MAX_FORM} bytes")
    return bytes(form)
