"""Routes of the feeds. All of them only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from rembigraph.app.feeds.change_list import change_list
from rembigraph.app.feeds.dcat import DcatFeed
from rembigraph.app.feeds.dump_answers import dump_file, dump_list, void_description
from rembigraph.app.feeds.entrance import entrance
from rembigraph.app.feeds.gide import crate_archive, crate_list
from rembigraph.app.feeds.oai import OaiServer
from rembigraph.app.feeds.repository import Repository
from rembigraph.app.feeds.sitemap import robots, sitemap
from rembigraph.app.negotiation import HTML, negotiate
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.app.pages.rendering import Render
from rembigraph.app.pages.site import Site
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader

XML: Final = "text/xml"
_METHODS: Final = ["GET", "HEAD"]
_MAX_FORM: Final = 65_536


def feeds_router(
    reader: Reader, site: Site, render: Render, repository: Repository | None = None
) -> APIRouter:
    """Return the routes of the feeds.

    Args:
        reader: the catalogue.
        site: its addresses.
        render: renders templates.
        repository: who offers the records.
    """
    router = APIRouter()
    repository = repository or Repository()
    server = OaiServer(reader, site, repository)

    def harvested(request: Request, query: bytes) -> Response:
        return answer(request, Body.of(server.answer(query)), XML, OPEN)

    # One route, so that what it allows is told in full (RFC 9110, section 15.5.6).
    @router.api_route(
        "/oai", methods=[*_METHODS, "POST"], summary="OAI-PMH 2.0, arguments in the query or a form"
    )
    async def oai(request: Request) -> Response:
        query = await _form(request) if request.method == "POST" else request.scope["query_string"]
        return await run_in_threadpool(harvested, request, query)

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

    _describe_catalogue(router, DcatFeed(reader, site, repository))
    _offer_files(router, reader, site)

    def shown(request: Request) -> Response:
        negotiate(request.headers.get("accept"), [HTML])
        with reader.snapshot() as snapshot:
            content = render("data.html", entrance(snapshot, site, repository))
        return answer(request, Body.of(content.encode()), HTML, {"Vary": "Accept"})

    @router.api_route("/data", methods=_METHODS, summary="Every feed, with commands to copy")
    async def data(request: Request) -> Response:
        return await run_in_threadpool(shown, request)

    return router


def _describe_catalogue(router: APIRouter, feed: DcatFeed) -> None:
    """Add the routes of DCAT-AP and of the FAIR Data Point."""

    @router.api_route("/dcat", methods=_METHODS, summary="DCAT-AP 3 catalogue, page by page")
    async def dcat(request: Request) -> Response:
        return await run_in_threadpool(feed.catalogue, request)

    @router.api_route("/fdp", methods=_METHODS, summary="FAIR Data Point")
    async def fdp(request: Request) -> Response:
        return await run_in_threadpool(feed.point, request)

    @router.api_route(
        "/fdp/shapes", methods=_METHODS, summary="Profiles of the FAIR Data Point and their shapes"
    )
    async def fdp_shapes(request: Request) -> Response:
        return await run_in_threadpool(feed.shapes, request)

    @router.api_route("/fdp/dataset/{accession}", methods=_METHODS, summary="A study in the FAIR Data Point")
    async def fdp_dataset(request: Request, accession: str) -> Response:
        return await run_in_threadpool(feed.dataset, request, accession)


def _offer_files(router: APIRouter, reader: Reader, site: Site) -> None:
    """Add the routes of the GIDE feed and of dumps."""

    @router.api_route(
        "/feeds/gide", methods=_METHODS, summary="RO-Crates in the GIDE profile, as a list of changes"
    )
    async def gide(request: Request) -> Response:
        return await run_in_threadpool(crate_list, request, reader, site)

    @router.api_route(
        "/feeds/gide.zip", methods=_METHODS, summary="RO-Crates in the GIDE profile, in one file"
    )
    async def gide_zip(request: Request) -> Response:
        return await run_in_threadpool(crate_archive, request, reader, site)

    @router.api_route("/dumps", methods=_METHODS, summary="Dumps of the newest generation")
    async def dumps(request: Request) -> Response:
        return await run_in_threadpool(dump_list, request, reader, site)

    @router.api_route("/dumps/void.ttl", methods=_METHODS, summary="Where all of the data lie, in VoID")
    async def dumps_described(request: Request) -> Response:
        return await run_in_threadpool(void_description, request, reader, site)

    @router.api_route(
        "/dumps/{generation}", methods=_METHODS, summary="Dumps of a generation, or of the latest"
    )
    async def dumps_of_one(request: Request, generation: str) -> Response:
        return await run_in_threadpool(dump_list, request, reader, site, generation)

    @router.api_route("/dumps/{generation}/{name}", methods=_METHODS, summary="A dump")
    async def dump(request: Request, generation: str, name: str) -> Response:
        return await run_in_threadpool(dump_file, request, reader, site, generation, name)


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
