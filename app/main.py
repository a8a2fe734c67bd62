"""Puts the server together: pages, SPARQL, health and status, with the headers that every answer carries."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from rembigraph.app.description import describe
from rembigraph.app.feeds import Repository, feeds_router
from rembigraph.app.feeds.index_ping import IndexPing
from rembigraph.app.pages.kept import KeptAnswers
from rembigraph.app.pages.places import places_router
from rembigraph.app.pages.rendering import Render, content_policy, make_renderer, secure
from rembigraph.app.pages.router import pages_router, static_router
from rembigraph.app.pages.site import Site, local_link
from rembigraph.app.pages.vocabulary import vocabulary_router
from rembigraph.app.pages.workers import MadeByWorkers, PageWorkers, workers_route
from rembigraph.app.problems import install
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.peers import NO_PEERS, Peers
from rembigraph.app.sparql.routes import sparql_router
from rembigraph.app.sparql.service import QueryService
from rembigraph.app.status import status_router
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.generations import META_FILE, Generation
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.queries import STAND_IN, named_queries
from rembigraph.ontology.errors import CatalogueError
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOK_SECONDS = 10.0
"""How often a server looks whether what it serves is still as it was published."""


def create_app(
    home: Home,
    public_url: str,
    limits: QueryLimits,
    *,
    persistent_iris: bool = False,
    page_workers: int = 0,
    repository: Repository | None = None,
    peers: Peers = NO_PEERS,
    picture_hosts: tuple[str, ...] = (),
    reader: Reader | None = None,
) -> FastAPI:
    """Return the server of a catalogue.

    Args:
        home: the catalogue; the server follows its newest generation.
        public_url: address that people reach it at, without a slash at the end.
        limits: bounds of SPARQL queries.
        persistent_iris: whether IRIs of the data base lead to the landing pages.
        page_workers: processes that make the pages; 0: this one does.
        repository: who offers the records, as harvesters are told.
        peers: endpoints that SERVICE may ask.
        picture_hosts: origins whose pictures pages show at once.
        reader: what gives requests their generation; one that follows the newest when not given.
    """
    reader = reader or Reader(home)
    render = make_renderer(public_url, home.data_base, picture_hosts)
    service = QueryService(
        lambda: _location(reader), limits, base_iri=home.data_base, examine=reader.suspect, peers=peers
    )
    workers = PageWorkers.of(
        str(home.path), public_url, page_workers, registered=persistent_iris, picture_hosts=picture_hosts
    )
    site = Site.of(public_url, home.data_base, registered=persistent_iris)
    ping = IndexPing(repository.indexes if repository else (), site.url("/fdp"))
    app = _bare_app(service, render, reader, workers, picture_hosts, ping)
    app.include_router(_sparql(service, public_url, home.data_base, render))
    app.include_router(
        vocabulary_router(service, reader, public_url=public_url, data_base=home.data_base, render=render)
    )
    app.include_router(status_router(reader, service, render, workers, ping, site))
    app.include_router(feeds_router(reader, site, render, repository))
    app.include_router(places_router(reader, site, render))
    pages = pages_router(
        reader,
        public_url=public_url,
        data_base=home.data_base,
        render=render,
        registered=persistent_iris,
    )
    if page_workers:
        app.router.routes.append(workers_route(MadeByWorkers(workers, reader, pages)))
    app.include_router(pages)  # also describes them
    describe(app, public_url)
    app.add_middleware(KeptAnswers, generation=reader.served)
    return app


def create_sparql_app(
    location: StoreLocation, public_url: str, limits: QueryLimits, peers: Peers = NO_PEERS
) -> FastAPI:
    """Return a server of one store's `/sparql` and `/health`, as conformance and hostile suites use it."""
    service = QueryService(lambda: location, limits, base_iri=f"{public_url}/sparql", peers=peers)
    render = make_renderer(public_url, DEFAULT_DATA_BASE)
    app = _bare_app(service, render)
    app.include_router(_sparql(service, public_url, DEFAULT_DATA_BASE, render))
    app.include_router(static_router())
    return app


def _location(reader: Reader) -> StoreLocation:
    with reader.snapshot() as snapshot:
        return _store_location(snapshot.path, snapshot.generation)


@lru_cache(maxsize=4)
def _store_location(path: Path, generation: int) -> StoreLocation:
    """The same object for the same generation, because locations are compared again and again for each query."""
    store = Generation(generation, path).store_path
    return StoreLocation(store, str(generation), lease=path / META_FILE)


def _sparql(service: QueryService, public_url: str, data_base: str, render: Render) -> APIRouter:
    return sparql_router(
        service,
        public_url=public_url,
        render=render,
        examples=[
            replace(query, text=query.text.replace(STAND_IN, f"{public_url}/sparql"))
            for query in named_queries().values()
        ],
        local_link=lambda iri: local_link(iri, data_base),
    )


def _bare_app(
    service: QueryService,
    render: Render,
    reader: Reader | None = None,
    workers: PageWorkers | None = None,
    picture_hosts: tuple[str, ...] = (),
    ping: IndexPing | None = None,
) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        if workers:  # last: until they are ready, this process makes the pages
            workers.start()
        if ping:
            ping.start()
        looking = asyncio.create_task(_keep_looking(reader)) if reader else None
        try:
            yield
        finally:
            if ping:
                ping.stop()
            if looking:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
            await service.stop()
            if workers:
                await workers.stop()
            if reader:
                reader.close()

    app = FastAPI(
        title="Rembigraph",
        version=version("rembigraph"),
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(_SecurityHeaders, picture_hosts=picture_hosts)
    install(app, render)

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health() -> JSONResponse:
        """Say that the process answers. `/status` asks a real query."""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    return app


async def _keep_looking(reader: Reader) -> None:
    """Look again and again whether what is served is still sound, so that damage is known before it is met.

    A new generation's correlation graph is prepared here, so that nobody waits for it.
    """
    while True:
        await asyncio.to_thread(prepare_places, reader)
        await asyncio.sleep(LOOK_SECONDS)
        await asyncio.to_thread(reader.suspect)


def prepare_places(reader: Reader) -> None:
    """Make the graph of places of a new generation.

    Of millions of objects that stay until the next one, no garbage is looked for meanwhile: each time took a second in
    which nobody was answered. What is left of the generation before is looked for now.
    """
    with contextlib.suppress(CatalogueError), reader.snapshot() as snapshot:
        if snapshot.prepare():
            gc.unfreeze()
            gc.collect()
            gc.freeze()


class _SecurityHeaders:
    """Adds the security headers to every answer; plain ASGI, because a wrapper would hide disconnects from streams."""

    def __init__(self, app: ASGIApp, picture_hosts: tuple[str, ...] = ()) -> None:
        self.app = app
        self.policy = content_policy(picture_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                secure(headers)
                headers["Content-Security-Policy"] = self.policy
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
