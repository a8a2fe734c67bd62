"""The routes of the SPARQL endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from rembigraph.app.sparql.endpoint import SparqlEndpoint
from rembigraph.app.sparql.page import Example
from rembigraph.app.sparql.service import QueryService


def _itself(iri: str) -> str:
    return iri


def sparql_router(
    service: QueryService,
    *,
    public_url: str,
    render: Callable[[str, dict[str, Any]], str],
    examples: Sequence[Example],
    local_link: Callable[[str], str] = _itself,
) -> APIRouter:
    """Make the routes of `/sparql`.

    Args:
        service: evaluates the queries; whoever serves starts and stops it.
        public_url: the base URL under which the world sees this server.
        render: makes HTML of a template's name and its context, escaping values.
        examples: queries to offer on the page.
        local_link: gives the address here (`/…`) of an IRI of this catalogue; empty, or the IRI itself, for any
            other.
    """
    endpoint = SparqlEndpoint(
        service, public_url=public_url, render=render, examples=examples, local_link=local_link
    )
    router = APIRouter(tags=["SPARQL"])

    # In this order: routes are tried one after another.
    @router.get("/sparql", summary="SPARQL query, service description or query form")
    async def get(request: Request) -> Response:
        return await endpoint.get(request)

    @router.head("/sparql", include_in_schema=False)
    async def head(request: Request) -> Response:
        return await endpoint.get(request)

    @router.post("/sparql", summary="SPARQL query")
    async def post(request: Request) -> Response:
        return await endpoint.post(request)

    @router.options("/sparql", include_in_schema=False)
    async def options() -> Response:
        return endpoint.options()

    for path, answer, summary in (
        ("/.well-known/void", endpoint.void, "What the data hold, in VoID"),
        ("/.well-known/sparql-examples", endpoint.sparql_examples, "The example queries, as data"),
        ("/graphs", endpoint.graph, "One graph, whole (SPARQL 1.1 Graph Store Protocol, reading only)"),
    ):
        router.add_api_route(path, answer, methods=["GET"], summary=summary, response_class=Response)
        router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False, response_class=Response)

    return router
