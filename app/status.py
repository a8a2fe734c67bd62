"""`/status`: what is served and whether it works, measured now: a real query, through the real workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from rembigraph.app.feeds.index_ping import IndexPing
from rembigraph.app.negotiation import wants_html
from rembigraph.app.pages.behind import status_queries
from rembigraph.app.pages.site import Site
from rembigraph.app.pages.workers import PageWorkers
from rembigraph.app.sparql.service import QueryService
from rembigraph.catalogue.following import Reader
from rembigraph.ontology.errors import CatalogueError, StoreDamaged

PROBE = "PREFIX rembi: <https://w3id.org/rembigraph/ns#> SELECT (COUNT(*) AS ?studies) WHERE { ?study a rembi:Study }"
PROBE_SECONDS = 5.0


def status_router(
    reader: Reader,
    service: QueryService,
    render: Callable[[str, dict[str, Any]], str],
    workers: PageWorkers,
    ping: IndexPing,
    site: Site,
) -> APIRouter:
    """Make the route of `/status`, for people as a page and for programs as JSON."""
    router = APIRouter(tags=["service"])
    probe = _Probe(service)
    queries = status_queries(site)
    started = time.monotonic()

    @router.api_route("/status", methods=["GET", "HEAD"], summary="What is served, and whether queries work")
    async def status(request: Request) -> Response:
        found: dict[str, Any] = {
            **_soundness(reader, _holdings(reader)),
            **(await probe.measure()),
            "uptime_seconds": round(time.monotonic() - started),
        }
        found["service"] = _service(service)
        found["pages"] = {"workers": workers.alive, "wanted": workers.count, "replaced": workers.replaced}
        found["indexes"] = [asdict(told) for told in ping.told]
        code = 200 if found["query"]["ok"] else 503
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        if wants_html(request.headers.get("accept")):
            return HTMLResponse(render("status.html", {"status": found, "queries": queries}), code, headers)
        return JSONResponse(found, code, headers)

    return router


class _Probe:
    """Asks one real query; many who look at the status at once share one measurement."""

    def __init__(self, service: QueryService) -> None:
        self._service = service
        self._running: asyncio.Task[dict[str, Any]] | None = None

    async def measure(self) -> dict[str, Any]:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._ask())
        return await asyncio.shield(self._running)

    async def _ask(self) -> dict[str, Any]:
        begun = time.perf_counter()
        try:
            answer = await self._service.answer(
                self._service.admit(PROBE), "text/csv", timeout_seconds=PROBE_SECONDS, client="status"
            )
            try:
                text = b"".join([data async for data in answer]).decode()
            finally:
                answer.close()
        except CatalogueError as error:
            return {"query": {"ok": False, "problem": error.message}}
        milliseconds = round(1000 * (time.perf_counter() - begun), 1)
        return {
            "query": {
                "ok": True,
                "milliseconds": milliseconds,
                "studies": int(text.split()[1]),
                "text": PROBE,
            }
        }


def _soundness(reader: Reader, holdings: dict[str, Any]) -> dict[str, Any]:
    """Say whether the newest generation is served, and if not, why."""
    try:
        current = reader.home.current_number()
    except StoreDamaged:
        current = 0
    problems = [asdict(damage) for damage in reader.damages]
    return {**holdings, "current": current, "sound": not problems, "problems": problems}


def _holdings(reader: Reader) -> dict[str, Any]:
    try:
        return _holdings_of(reader)
    except StoreDamaged:
        return {"version": version("rembigraph"), "generation": 0}


def _holdings_of(reader: Reader) -> dict[str, Any]:
    with reader.snapshot() as snapshot:
        meta = snapshot.meta
        return {
            "version": version("rembigraph"),
            "generation": snapshot.generation,
            "published": meta.get("time"),
            "records": meta.get("records"),
            "quads": meta.get("quads"),
            "counts": dict(snapshot.counts),
        }


def _service(service: QueryService) -> dict[str, Any]:
    limits = service.limits
    return {
        "sandboxed": service.sandboxed,
        "workers": service.workers_alive,
        "queries_served": service.queries_served,
        "workers_killed": service.workers_killed,
        "deadline_seconds": limits.deadline_seconds,
        "max_result_bytes": limits.max_result_bytes,
        "limits": asdict(limits),
    }
