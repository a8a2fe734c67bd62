"""Routes about correlations and transformations. The arithmetic behind them (numpy) is loaded by the first request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, HTTPException
from rembigraph.app.negotiation import JSON
from rembigraph.app.pages.answers import OPEN
from rembigraph.app.pages.place_question import MOST_BYTES
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from rembigraph.app.pages.correlations import CorrelationPages
    from rembigraph.app.pages.rendering import Render
    from rembigraph.app.pages.site import Site
    from rembigraph.app.pages.transforming import TransformPages
    from rembigraph.catalogue.following import Reader

_METHODS: Final = ["GET", "HEAD"]
_FROM_ANY_PAGE: Final = {
    **OPEN,
    "Allow": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Content-Type",
}


def places_router(reader: Reader, site: Site, render: Render) -> APIRouter:
    """Return the routes about correlations and transformations."""

    @cache
    def pages() -> CorrelationPages:
        from rembigraph.app.pages.correlations import CorrelationPages

        return CorrelationPages(reader, site, render)

    @cache
    def transforming() -> TransformPages:
        from rembigraph.app.pages.transforming import TransformPages

        return TransformPages(reader, site, render)

    router = APIRouter()

    @router.api_route("/transform", methods=_METHODS, summary="Where a place of one image lies in another")
    async def transform(request: Request) -> Response:
        return await run_in_threadpool(lambda: transforming().transform(request))

    @router.post("/transform", summary="Where many places of one image lie in another")
    async def transform_many(request: Request) -> Response:
        body = await _json_body(request)
        return await run_in_threadpool(lambda: transforming().transform_many(request, body))

    @router.options("/transform", include_in_schema=False)
    async def may_ask() -> Response:
        return Response(status_code=204, headers=_FROM_ANY_PAGE)

    @router.api_route("/correlations", methods=_METHODS, summary="Image correlations over all archives")
    async def correlations(request: Request) -> Response:
        return await run_in_threadpool(lambda: pages().listing(request))

    @router.api_route(
        "/correlations/health", methods=_METHODS, summary="How many correlative studies can be computed"
    )
    async def health(request: Request) -> Response:
        return await run_in_threadpool(lambda: pages().health(request))

    @router.api_route("/correlations/covering", methods=_METHODS, summary="Images that cover a place")
    async def covering(request: Request) -> Response:
        return await run_in_threadpool(lambda: pages().covering(request))

    return router


async def _json_body(request: Request) -> bytes:
    """Return the JSON in a request; raises HTTPException for what is none, or too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise HTTPException(415, f"what is asked is sent as {JSON}")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"a question about places has at most {MOST_BYTES} bytes")
    return bytes(body)
