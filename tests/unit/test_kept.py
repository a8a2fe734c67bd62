"""Kept answers: the same bytes and headers as when they were made, of the generation that is served, in bounds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest
from rembigraph.app.pages.answers import Body, answer
from rembigraph.app.pages.kept import KeptAnswers
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


@dataclass
class Made:
    """A server whose pages say in which generation they were made, and how often they were."""

    generation: int | None = 1
    times: int = 0
    moves_on: bool = False
    size: int = 10
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        routes = [Route(f"/{name}", getattr(self, name)) for name in ("page", "plain", "stream", "missing")]
        self.app = Starlette(routes=routes)

    def page(self, request):
        self.times += 1
        text = f"{self.generation} {request.headers.get('accept')} {request.url.query} {'x' * self.size}"
        if self.moves_on:
            self.generation = (self.generation or 0) + 1
        return answer(request, Body.of(text.encode()), "text/html", {"Vary": "Accept", "Link": "<a>; rel=b"})

    def plain(self, request):
        self.times += 1
        return Response("time", headers={"ETag": '"a"'})

    def stream(self, request):
        self.times += 1
        request.scope["rembigraph.keep"] = True
        return StreamingResponse(iter([b"a", b"b"]), headers={"ETag": '"a"'})

    def missing(self, request):
        self.times += 1
        return answer(request, Body.of(b"no"), "text/html", status=404)


def ask(kept: KeptAnswers, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=kept)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            names = {"accept-encoding": "identity"}  # tests/http/test_coding.py has what is gzipped
            names |= {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=names)

    return asyncio.run(asked())


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def kept(made: Made) -> KeptAnswers:
    return KeptAnswers(made.app, lambda: made.generation, limit=16000)


def test_the_second_answer_is_the_first_and_costs_nothing(made, kept):
    first, second = ask(kept, "/page"), ask(kept, "/page")
    assert (first.content, first.headers) == (second.content, second.headers)
    assert made.times == 1


def test_head_and_304_come_from_what_is_kept(made, kept):
    whole = ask(kept, "/page")
    head = ask(kept, "/page", "HEAD")
    assert (head.content, head.headers) == (b"", whole.headers)
    same = ask(kept, "/page", if_none_match=whole.headers["etag"])
    assert (same.status_code, same.content) == (304, b"")
    fresh = ask(made.app, "/page", if_none_match=whole.headers["etag"])
    assert fresh.headers.items() <= same.headers.items()
    assert made.times == 2


def test_a_head_request_fills_nothing(made, kept):
    ask(kept, "/page", "HEAD")
    assert ask(kept, "/page").content


@pytest.mark.parametrize("other", [{"accept": "text/turtle"}, {"accept_profile": "<urn:a>"}])
def test_what_is_negotiated_is_kept_apart(made, kept, other):
    ask(kept, "/page")
    ask(kept, "/page", **other)
    ask(kept, "/page?_profile=dcat")
    assert made.times == 3


def test_another_generation_is_asked_for(made, kept):
    ask(kept, "/page")
    made.generation = 2
    assert ask(kept, "/page").text.startswith("2 ")
    made.generation = None  # it is being looked at
    ask(kept, "/page")
    ask(kept, "/page")
    assert made.times == 4


def test_what_was_made_while_the_generation_changed_is_not_kept(made, kept):
    made.moves_on = True
    assert ask(kept, "/page").text.startswith("1 ")
    made.moves_on, made.generation = False, 1
    ask(kept, "/page")
    assert made.times == 2


@pytest.mark.parametrize("path", ["/plain", "/stream", "/missing"])
def test_what_is_no_whole_marked_answer_of_status_200_is_not_kept(made, kept, path):
    assert ask(kept, path).content == ask(kept, path).content
    assert made.times == 2


def test_the_least_used_leave_first(made, kept):
    made.size = 1400
    for number in range(15):
        ask(kept, f"/page?{number}")
        ask(kept, "/page?0")
    assert made.times == 15, "the one that is used stayed"
    ask(kept, "/page?1")
    assert made.times == 16, "an old one left"
    assert kept._bytes <= 16000


def test_what_is_too_large_or_asked_for_at_length_is_not_kept(made, kept):
    made.size = 5000
    ask(kept, "/page")
    made.size = 1
    ask(kept, "/page?" + "a" * 3000)
    assert not kept._held
