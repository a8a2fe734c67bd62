"""Routes about correlations and transformations. The arithmetic behind them (numpy) is loaded by the first request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from rembigraph.app.pages.correlations import CorrelationPages
    from rembigraph.app.pages.rendering import Render, Site
    from rembigraph.app.pages.transforming import TransformPages
    from rembigraph.catalogue.following import Reader

_METHODS: Final = ["GET", "HEAD"]


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
