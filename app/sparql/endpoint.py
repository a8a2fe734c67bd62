"""The endpoint: from a request to a response."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pyoxigraph import NamedNode, Triple
from rembigraph.app.negotiation import LEAST_CODED_BYTES
from rembigraph.app.pages.answers import holds
from rembigraph.app.sparql.answer import Answer
from rembigraph.app.sparql.coding import choose_coding, encode, encoded
from rembigraph.app.sparql.description import PREFIXES as DESCRIPTION_PREFIXES
from rembigraph.app.sparql.description import describe_service, write
from rembigraph.app.sparql.executable import PREFIXES as EXAMPLE_PREFIXES
from rembigraph.app.sparql.executable import describe_examples
from rembigraph.app.sparql.federation import Failure
from rembigraph.app.sparql.formats import (
    GRAPH_FORMATS,
    HTML,
    RESULT_FORMATS,
    Format,
    choose_by_accept,
    choose_by_name,
    formats_of,
)
from rembigraph.app.sparql.gate import Admitted
from rembigraph.app.sparql.kept_results import KeptResults, Question, is_lasting, keeping
from rembigraph.app.sparql.page import TEMPLATE, Example, form_context, problem_context, result_context
from rembigraph.app.sparql.problems import (
    PROBLEM_JSON,
    ProtocolError,
    choose_problem_format,
    plain_text,
    problem_of,
)
from rembigraph.app.sparql.protocol import (
    METHODS,
    ProtocolRequest,
    read_format,
    read_get,
    read_graph_name,
    read_post,
)
from rembigraph.app.sparql.remote import HOPS
from rembigraph.app.sparql.service import QueryService, RequestDataset
from rembigraph.app.sparql.void import VOID, Contents, ContentsCounter
from rembigraph.ontology.errors import Busy, CatalogueError, QueryError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Render = Callable[[str, dict[str, Any]], str]
_T = TypeVar("_T")

FAILED_SERVICE: Final = "Rembigraph-Failed-Service"
"""Header that names an endpoint of SERVICE SILENT that gave no answer, and says why; one for each."""

_CLIENT_GONE: Final = 499
_BRIEF_SECONDS: Final = 2.0
_SHORT_CHARACTERS: Final = 4_096
_COMMON: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": f"Link, Content-Location, ETag, Retry-After, {FAILED_SERVICE}",
    "Vary": "Accept, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
# A browser renders RDF/XML and XML results as documents, and their text is the asker's: no scripts.
_DATA: Final = {
    **_COMMON,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_PREFLIGHT: Final = {
    **_COMMON,
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Accept, Content-Type",
    "Access-Control-Max-Age": "86400",
}


class AnswerCutError(Exception):
    """An answer broke off after its first bytes were sent; the server closes the connection."""


class _AnswerResponse(StreamingResponse):
    """Streams an answer, and gives its worker back however the request ends.

    When the answer breaks off, the exception goes on to the server, which closes the connection without
    the final chunk: the client cannot take the part for the whole.
    """

    def __init__(self, answer: Answer, parts: AsyncIterable[bytes], headers: dict[str, str]) -> None:
        super().__init__(parts, headers=headers)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except CatalogueError as error:
            # No error handler may take it: the response has begun.
            raise AnswerCutError(str(error)) from None
        finally:
            self._answer.close()


class SparqlEndpoint:
    """Answers requests to `/sparql`.

    Args:
        service: evaluates the queries.
        public_url: the base URL under which the world sees this server.
        render: makes HTML of a template's name and its context.
        examples: queries to offer on the page.
        local_link: gives the address here of an IRI of this catalogue; empty, or the IRI itself, for any other.
    """

    def __init__(
        self,
        service: QueryService,
        *,
        public_url: str,
        render: Render,
        examples: Sequence[Example],
        local_link: Callable[[str], str],
    ) -> None:
        self._service = service
        self._public = public_url.rstrip("/")
        self._endpoint = f"{self._public}/sparql"
        self.counter = ContentsCounter(service)
        self._render = render
        self._examples = examples
        self._local_link = local_link
        self._kept = KeptResults(service.limits.kept_bytes)

    async def get(self, request: Request) -> Response:
        """Answer a GET or a HEAD."""
        asked = None
        try:
            asked = read_get(request.scope["query_string"])
            return await self._respond(request, asked)
        except (CatalogueError, ProtocolError) as error:
            return await self._explain(request, asked, error)

    async def post(self, request: Request) -> Response:
        """Answer a POST."""
        asked = None
        try:
            asked = await self._read_post(request)
            return await self._respond(request, asked)
        except (CatalogueError, ProtocolError) as error:
            return await self._explain(request, asked, error)

    async def _read_post(self, request: Request) -> ProtocolRequest:
        limits = self._service.limits
        try:
            async with asyncio.timeout(limits.deadline_seconds):
                return await read_post(
                    request.scope["query_string"], request.headers, request.stream(), limits
                )
        except TimeoutError:
            raise ProtocolError(408, "The body did not arrive in time.") from None

    def options(self) -> Response:
        """Answer an OPTIONS, which a browser sends before it lets a script ask."""
        return Response(status_code=204, headers=_PREFLIGHT)

    async def _respond(self, request: Request, asked: ProtocolRequest) -> Response:
        if asked.query is None:
            return await self._introduce(request, asked)
        query = await self._admit(asked.query)
        chosen = _choose(request, asked, (*formats_of(query.form), HTML))
        if query.services:
            return await self._respond_with_peers(request, asked, query, chosen)
        return await self._respond_alone(request, asked, query, chosen)

    async def _respond_with_peers(
        self, request: Request, asked: ProtocolRequest, query: Admitted, chosen: Format
    ) -> Response:
        """Ask the other endpoints that the query names, then our own data; say which gave nothing."""
        work = self._service.resolve(
            query,
            dataset=asked.dataset,
            timeout_seconds=asked.timeout_seconds,
            client=request.client.host if request.client else "",
            hops=_hops(request),
        )
        resolved = await _unless_gone(request, work)
        if resolved is None:
            return Response(status_code=_CLIENT_GONE)
        local, failures = resolved
        response = await self._respond_alone(request, asked, local, chosen, shown=query, failures=failures)
        for failure in failures:
            # RFC 8941 string: printable ASCII only.
            text = f"{failure.endpoint} {failure.reason}".encode("ascii", "replace").decode()
            response.headers.append(FAILED_SERVICE, '"' + re.sub(r'[^ -~]|["\\]', "?", text)[:300] + '"')
        return response

    async def _respond_alone(
        self,
        request: Request,
        asked: ProtocolRequest,
        query: Admitted,
        chosen: Format,
        *,
        shown: Admitted | None = None,
        failures: Sequence[Failure] = (),
    ) -> Response:
        """Answer from our own data; `shown` is the query before other endpoints were asked."""
        if chosen is HTML:
            return await self._answer_page(request, asked, query, shown or query, failures)
        question = None if shown else self._question(asked, query, chosen)
        if question and (known := self._known(request, question, chosen)):
            return known
        answer = await _unless_gone(request, self._ask(request, asked, query, chosen.media_type))
        if answer is None:
            return Response(status_code=_CLIENT_GONE)
        if question:
            question = replace(question, generation=answer.generation)
        return await self._send(request, answer, question, chosen)

    def _question(self, asked: ProtocolRequest, query: Admitted, chosen: Format) -> Question | None:
        """What decides the answer; None when the same question may have another answer the next time."""
        if not is_lasting(query):
            return None
        dataset = asked.dataset or RequestDataset()
        return Question(query.normal, dataset, chosen.media_type, self._service.generation)

    def _known(self, request: Request, question: Question, chosen: Format) -> Response | None:
        """Answer without a worker, if the client or this server has the answer already."""
        headers = {**_DATA, "ETag": question.etag}
        held = request.headers.get("if-none-match", "").strip()
        may_hold = request.method in ("GET", "HEAD") and held not in ("", "*")
        if may_hold and holds(held, question.etag.removeprefix("W/")):
            return Response(status_code=304, headers=headers)
        body = self._kept.get(question)
        return (
            None if body is None else _whole(request, body, {**headers, "Content-Type": chosen.content_type})
        )

    async def _send(
        self, request: Request, answer: Answer, question: Question | None, chosen: Format
    ) -> Response:
        headers = {**_DATA, "Content-Type": chosen.content_type}
        parts: AsyncIterable[bytes] = answer
        if question:
            headers["ETag"] = question.etag
            parts = keeping(answer, question, self._kept)
        if (body := answer.whole()) is not None:
            if question:
                self._kept.put(question, body)
            return _whole(request, body, headers)
        # HTTP/1.0 has no chunks: there, only a length tells a part from the whole.
        if request.method == "HEAD" or request.scope["http_version"] == "1.0":
            return await _collected(request, answer, parts, headers)
        coding = choose_coding(request.headers.get("accept-encoding", ""))
        if coding:
            parts = encoded(parts, coding)
            headers["Content-Encoding"] = coding
        return _AnswerResponse(answer, parts, headers)

    async def _admit(self, text: str) -> Admitted:
        """Apply the gate; a long text is read in a thread, so that other requests need not wait for it."""
        if len(text) <= _SHORT_CHARACTERS:
            return self._service.admit(text)
        return await run_in_threadpool(self._service.admit, text)

    def _ask(
        self,
        request: Request,
        asked: ProtocolRequest,
        query: Admitted,
        media_type: str,
        *,
        preview: bool = False,
    ) -> Awaitable[Answer]:
        return self._service.answer(
            query,
            media_type,
            dataset=asked.dataset,
            timeout_seconds=asked.timeout_seconds,
            preview=preview,
            client=request.client.host if request.client else "",
        )

    async def _introduce(self, request: Request, asked: ProtocolRequest) -> Response:
        """Answer a request without a query: the service description, or the form."""
        chosen = _choose(request, asked, (*GRAPH_FORMATS, HTML))
        if chosen is HTML:
            return await self._page(self._form(asked))
        triples = describe_service(
            self._endpoint,
            self._service.limits,
            union_default_graph=self._service.union_default_graph,
            contents=await self._contents(_BRIEF_SECONDS, needed=False),
            peers=tuple(self._service.federation.peers),
        )
        return self._described(request, triples, chosen, DESCRIPTION_PREFIXES)

    async def _contents(self, seconds: float, *, needed: bool) -> Contents | None:
        """What the store holds; None where that is not known in time and not needed."""
        try:
            return await self.counter.contents(seconds)
        except (QueryError, Busy):
            if needed:
                raise
            return None

    def _described(
        self, request: Request, triples: Iterable[Triple], chosen: Format, prefixes: dict[str, str]
    ) -> Response:
        document = write(triples, chosen, prefixes)
        etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
        headers = {**_DATA, "ETag": etag, "Content-Type": chosen.content_type}
        if holds(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        return Response(document, headers=headers)

    async def void(self, request: Request) -> Response:
        """Answer a request for the description of the data in VoID."""
        return await self._answered(request, self._void)

    async def _void(self, request: Request, asked: ProtocolRequest) -> Response:
        chosen = _choose(request, asked, GRAPH_FORMATS)
        contents = await self._contents(self._service.limits.deadline_seconds, needed=True)
        assert contents is not None
        dataset = NamedNode(f"{self._public}/.well-known/void#dataset")
        triples = (
            *contents.describe(dataset),
            Triple(dataset, NamedNode(f"{VOID}sparqlEndpoint"), NamedNode(self._endpoint)),
        )
        return self._described(request, triples, chosen, DESCRIPTION_PREFIXES)

    async def sparql_examples(self, request: Request) -> Response:
        """Answer a request for the example queries as data."""
        return await self._answered(request, self._sparql_examples)

    async def _sparql_examples(self, request: Request, asked: ProtocolRequest) -> Response:
        chosen = _choose(request, asked, GRAPH_FORMATS)
        base = f"{self._public}/.well-known/sparql-examples#"
        triples = describe_examples(self._examples, base, self._endpoint)
        return self._described(request, triples, chosen, EXAMPLE_PREFIXES)

    async def graph(self, request: Request) -> Response:
        """Answer a request to the Graph Store Protocol: one graph, whole."""
        return await self._answered(request, self._graph)

    async def _graph(self, request: Request, asked: ProtocolRequest) -> Response:
        iris = read_graph_name(request.scope["query_string"])
        named = RequestDataset(iris) if iris else None
        _choose(request, asked, GRAPH_FORMATS)
        if iris:
            is_there = await self._service.answer(
                self._service.admit("ASK { ?s ?p ?o }"), RESULT_FORMATS[0].media_type, dataset=named
            )
            if b"true" not in await _read(is_there):
                raise ProtocolError(404, f"There is no graph <{iris[0]}> here.")
        every = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
        return await self._respond(request, replace(asked, query=every, dataset=named))

    async def _answered(
        self, request: Request, respond: Callable[[Request, ProtocolRequest], Awaitable[Response]]
    ) -> Response:
        asked = None
        try:
            asked = read_format(request.scope["query_string"])
            return await respond(request, asked)
        except (CatalogueError, ProtocolError) as error:
            return await self._explain(request, asked, error)

    async def _answer_page(
        self,
        request: Request,
        asked: ProtocolRequest,
        query: Admitted,
        shown: Admitted,
        failures: Sequence[Failure],
    ) -> Response:
        started = time.monotonic()
        media_type = formats_of(query.form)[0].media_type

        async def read() -> tuple[bytes, bool]:
            answer = await self._ask(request, asked, query, media_type, preview=True)
            data = await _read(answer)
            return data, answer.cut

        preview = await _unless_gone(request, read())
        if preview is None:
            return Response(status_code=_CLIENT_GONE)
        data, cut = preview
        seconds = time.monotonic() - started
        context = self._form(asked)
        result = await run_in_threadpool(
            result_context, shown, asked, data, seconds, self._local_link, cut=cut
        )
        return await self._page(context | result | {"failures": failures})

    async def _explain(
        self, request: Request, asked: ProtocolRequest | None, error: CatalogueError | ProtocolError
    ) -> Response:
        """Tell the client about an error, in the form that it reads."""
        problem = problem_of(error)
        chosen = choose_problem_format(request.headers.get("accept", ""))
        headers = {**_DATA, **problem.headers, "Content-Type": chosen.content_type}
        if chosen is HTML or (asked is not None and asked.format == HTML.name):
            context = self._form(asked)
            context |= problem_context(problem, context["query"])
            return await self._page(context, problem.status, problem.headers)
        if chosen is PROBLEM_JSON:
            document = json.dumps(problem.body(request.url.path), ensure_ascii=False)
            return Response(document, problem.status, headers)
        return Response(plain_text(problem), problem.status, headers)

    def _form(self, asked: ProtocolRequest | None) -> dict[str, Any]:
        return form_context(asked, self._examples, self._endpoint, self._service)

    async def _page(
        self, context: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        html = await run_in_threadpool(self._render, TEMPLATE, context)
        own = {"Content-Type": HTML.content_type, "Cache-Control": "no-cache"}
        return Response(html, status, {**_COMMON, **own, **(headers or {})})


def _choose(request: Request, asked: ProtocolRequest, offers: Sequence[Format]) -> Format:
    if asked.format:
        chosen = choose_by_name(asked.format, offers)
    else:
        chosen = choose_by_accept(request.headers.get("accept", ""), offers)
    if chosen is None:
        offered = ", ".join(f"{offer.media_type} (format={offer.name})" for offer in offers)
        message = "The answer is offered in none of the formats asked for."
        raise ProtocolError(406, message, fix=f"Offered: {offered}.")
    return chosen


def _hops(request: Request) -> int:
    """How many endpoints have passed the query on; what cannot be read counts as many."""
    said = request.headers.get(HOPS, "0").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 999


def _whole(request: Request, body: bytes, headers: dict[str, str]) -> Response:
    """Send what is complete; its length tells the client so."""
    coding = choose_coding(request.headers.get("accept-encoding", ""))
    if coding and len(body) >= LEAST_CODED_BYTES:
        return Response(encode(body, coding), headers={**headers, "Content-Encoding": coding})
    return Response(body, headers=headers)


async def _collected(
    request: Request, answer: Answer, parts: AsyncIterable[bytes], headers: dict[str, str]
) -> Response:
    data = await _unless_gone(request, _read(answer, parts))
    return Response(status_code=_CLIENT_GONE) if data is None else Response(data, headers=headers)


async def _read(answer: Answer, parts: AsyncIterable[bytes] | None = None) -> bytes:
    try:
        return b"".join([data async for data in parts or answer])
    finally:
        answer.close()


async def _unless_gone(request: Request, work: Awaitable[_T]) -> _T | None:
    """Wait for a result while the client is there; when it leaves, stop the work and return None."""
    waiting = asyncio.current_task()
    assert waiting is not None
    is_working, has_left = True, False

    def leave(gone: asyncio.Task[None]) -> None:
        nonlocal has_left
        if is_working and not gone.cancelled():
            has_left = waiting.cancel()

    gone = asyncio.create_task(_disconnect(request))
    gone.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        if not has_left or waiting.uncancel():
            raise  # somebody else ends this
        return None
    finally:
        is_working = False
        gone.cancel()


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
