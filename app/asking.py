"""Asks an application in this process as a client asks it over HTTP, without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rembigraph.app.pages.worker import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message


@dataclass
class Answered:
    """What came back, but for the content.

    Attributes:
        status: HTTP status.
        headers: by name in lower case; of one that is repeated the last.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        """Media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


async def ask(app: ASGIApp, address: str, accept: str, write: Callable[[bytes], object]) -> Answered:
    """Send GET and pass the content on as it comes.

    Args:
        app: an ASGI application.
        address: path, percent-encoded, with a query perhaps.
        accept: value of the header `Accept`.
        write: takes the pieces of the content.
    """
    answered = Answered()
    waiting: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await _never()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        elif content := message.get("body", b""):
            write(content)

    path, _, query = address.partition("?")
    asked = Asked("GET", unquote(path), path, query, [["host", "localhost"], ["accept", accept]])
    await app(asked.scope(), receive, send)
    return answered


async def _never() -> Message:
    """Wait for a client that does not leave; who waits is cancelled at the end of the answer."""
    await asyncio.Event().wait()
    raise AssertionError
