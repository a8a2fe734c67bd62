"""Asks an application in this process as a client asks it over HTTP, without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Scope

_HOST: Final = "localhost"


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

    await app(_scope(address, accept), receive, send)
    return answered


async def _never() -> Message:
    """Wait for a client that does not leave; who waits is cancelled at the end of the answer."""
    await asyncio.Event().wait()
    raise AssertionError


def _scope(address: str, accept: str) -> Scope:
    path, _, query = address.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", _HOST.encode()), (b"accept", accept.encode("ascii"))],
        "client": (_HOST, 0),
        "server": (_HOST, 80),
    }
