"""The frames between the service and its workers: a kind, a length, a payload.

The service writes JSON payloads of kind `JOB`. A worker writes, once, `READY`; then for every job
`HEADER`, any number of `DATA`, perhaps a `LAST` one, and `END`, or at any point `ERROR` instead. `END` comes
with `LAST` in one piece, so whoever has the one need not wait for the other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    import asyncio  # a worker starts in half the time without it

JOB: Final = b"J"
READY: Final = b"R"
HEADER: Final = b"H"
DATA: Final = b"D"
LAST: Final = b"L"
END: Final = b"E"
ERROR: Final = b"X"

MAX_PAYLOAD: Final = 4 * 1024 * 1024
"""Bytes; a longer payload means that the stream is out of step."""

_HEAD: Final = struct.Struct(">cI")


class Frame(NamedTuple):
    """One frame: its kind and its payload."""

    kind: bytes
    payload: bytes

    def document(self) -> dict[str, Any]:
        """Return the payload as a JSON object."""
        document = json.loads(self.payload)
        if not isinstance(document, dict):
            raise ValueError("a frame's JSON payload is an object")  # noqa: TRY004 - a fault of the stream
        return document


def encode(kind: bytes, payload: bytes | Mapping[str, Any]) -> bytes:
    """Write a frame; a mapping becomes JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return _HEAD.pack(kind, len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Frame | None:
    """Read the next frame, or None at the end of the stream.

    Raises:
        ValueError: the stream is out of step.
    """
    try:
        kind, size = _unpack(await reader.readexactly(_HEAD.size))
        return Frame(kind, await reader.readexactly(size))
    except (EOFError, ConnectionError):
        return None


def receive_blocking(stream: BinaryIO) -> Frame | None:
    """Read the next frame, or None at the end of the stream."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, size = _unpack(head)
    payload = stream.read(size)
    return Frame(kind, payload) if len(payload) == size else None


def _unpack(head: bytes) -> tuple[bytes, int]:
    kind, size = _HEAD.unpack(head)
    if size > MAX_PAYLOAD:
        raise ValueError(f"a frame of {size} bytes")
    return kind, size
