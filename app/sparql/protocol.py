"""The SPARQL 1.1 Protocol: what a request asks for."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.problems import ProtocolError
from rembigraph.app.sparql.service import RequestDataset

FORM: Final = "application/x-www-form-urlencoded"
DIRECT: Final = "application/sparql-query"
METHODS: Final = "GET, HEAD, POST, OPTIONS"

_IRI: Final = re.compile(r"""[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>"{}|^`\\]*""")
_QUERY_ONLY: Final = ("default-graph-uri", "named-graph-uri", "timeout")
_ONCE: Final = ("query", "timeout", "format", "example")
_MAX_FIELDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ProtocolRequest:
    """What a request asks for.

    Attributes:
        query: the query text; None when there is none.
        dataset: the dataset that the request names; None when it names none.
        timeout_seconds: the deadline that it asks for.
        format: the short name or media type of the answer; empty leaves it to `Accept`.
        example: the name of the example to show in the form.
    """

    query: str | None
    dataset: RequestDataset | None = None
    timeout_seconds: float | None = None
    format: str = ""
    example: str = ""


def read_get(query_string: bytes) -> ProtocolRequest:
    """Read a request from its URL.

    Raises:
        ProtocolError: it is not of the protocol; 400.
    """
    fields = _fields(query_string)
    if "query" not in fields:
        if "update" in fields:
            raise ProtocolError(400, "There is no update here: this endpoint is read-only.")
        if any(name in fields for name in _QUERY_ONLY):
            raise ProtocolError(400, "The parameter “query” is missing.")
    return _request(fields)


def read_format(query_string: bytes) -> ProtocolRequest:
    """Read which format a document of the endpoint is wanted in.

    Raises:
        ProtocolError: the parameters cannot be read; 400.
    """
    return ProtocolRequest(query=None, format=_fields(query_string).get("format", [""])[0])


def read_graph_name(query_string: bytes) -> tuple[str, ...]:
    """Read which graph a request to the Graph Store Protocol is about (section 4.2 of its Recommendation).

    Returns:
        Its IRI; nothing for the default graph.

    Raises:
        ProtocolError: it names none, several, or no IRI; 400.
    """
    fields = _fields(query_string)
    graphs = fields.get("graph", [])
    if ("default" in fields) == bool(graphs) or len(graphs) > 1:
        raise ProtocolError(400, "Name one graph: ?default, or ?graph= and its IRI.")
    if graphs and not _IRI.fullmatch(graphs[0]):
        raise ProtocolError(400, f"“{graphs[0][:200]}” is no absolute IRI of a graph.")
    return tuple(graphs)


async def read_post(
    query_string: bytes, headers: Mapping[str, str], body: AsyncIterable[bytes], limits: QueryLimits
) -> ProtocolRequest:
    """Read a request from its body, and from its URL what the body may leave to it.

    Raises:
        ProtocolError: it is not of the protocol; 400, 413 or 415.
    """
    media_type = _content_type(headers)
    text = await _read_body(headers, body, limits.max_body_bytes)
    fields = _fields(query_string)
    given = {"query": [_decode(text)]} if media_type == DIRECT else _fields(text)
    for name, values in given.items():
        fields.setdefault(name, []).extend(values)
    if "update" in fields:
        raise ProtocolError(400, "There is no update here: this endpoint is read-only.")
    if "query" not in fields:
        raise ProtocolError(400, "The parameter “query” is missing.")
    return _request(fields)


def _content_type(headers: Mapping[str, str]) -> str:
    media_type, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    if media_type not in (FORM, DIRECT):
        message = f"A query is sent as {DIRECT} or {FORM}, not as “{media_type[:80]}”."
        if media_type == "application/sparql-update":
            message = "This endpoint is read-only: it takes no updates."
        raise ProtocolError(415, message, headers={"Accept-Post": f"{DIRECT}, {FORM}"})
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise ProtocolError(415, "The body must be in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ProtocolError(415, "A compressed body is not taken.", headers={"Accept-Encoding": "identity"})
    return media_type


async def _read_body(headers: Mapping[str, str], body: AsyncIterable[bytes], limit: int) -> bytes:
    too_long = ProtocolError(413, f"The body may have at most {limit} bytes.")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_long
    data = bytearray()
    async for part in body:
        data += part
        if len(data) > limit:
            raise too_long
    return bytes(data)


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolError(400, "The query is not in UTF-8.") from None


def _fields(encoded: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise ProtocolError(400, "The parameters are not in UTF-8.") from None
    except ValueError:
        raise ProtocolError(400, f"There are more than {_MAX_FIELDS} parameters.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _request(fields: Mapping[str, list[str]]) -> ProtocolRequest:
    for name in _ONCE:
        if len(fields.get(name, [])) > 1:
            raise ProtocolError(400, f"The parameter “{name}” is given more than once.")
    query = fields.get("query", [None])[0]
    return ProtocolRequest(
        query=query.removeprefix("\ufeff") if query is not None else None,
        dataset=_dataset(fields),
        timeout_seconds=_timeout(fields.get("timeout", [""])[0]),
        format=fields.get("format", [""])[0],
        example=fields.get("example", [""])[0],
    )


def _dataset(fields: Mapping[str, list[str]]) -> RequestDataset | None:
    default_graphs = fields.get("default-graph-uri", [])
    named_graphs = fields.get("named-graph-uri", [])
    for iri in (*default_graphs, *named_graphs):
        if not _IRI.fullmatch(iri):
            raise ProtocolError(400, f"“{iri[:200]}” is no absolute IRI of a graph.")
    if not default_graphs and not named_graphs:
        return None
    return RequestDataset(tuple(default_graphs), tuple(named_graphs))


def _timeout(value: str) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds <= 0:
        raise ProtocolError(400, "The parameter “timeout” is a number of seconds above 0.")
    return seconds
