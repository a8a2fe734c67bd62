"""One request to another endpoint, and what its answer says in SPARQL's own words.

The answer is foreign: bytes, rows and each term are checked before a query is made of them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

HOPS: Final = "Rembigraph-Hops"
"""Header that counts how many endpoints have passed a query on, so that a circle of them ends."""

_RESULTS: Final = "application/sparql-results+json"
_IRI: Final = re.compile(r"""[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>"{}|^`\\]*""")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}")
_ESCAPES: Final = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
}  # fmt: skip
_ESCAPED: Final = re.compile(r'[\\"\n\r\t\b\f]')


class PeerFailedError(Exception):
    """Another endpoint gave no answer that can be used; the message is the end of a sentence about it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Solutions as SPARQL terms, as they stand in VALUES; None is unbound.

    Attributes:
        names: of the variables, without their sign.
        rows: one term for each name.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """How another endpoint is asked.

    Attributes:
        address: of the endpoint.
        user_agent: who asks.
        hops: how many endpoints have passed the query on, this one included.
        most_bytes: of one answer.
    """

    address: str
    user_agent: str
    hops: int
    most_bytes: int


def ask_peer(peer: Peer, query: str, until: float) -> dict[str, Any]:
    """Post a query; no redirect is followed, and a name that leads to a private address is not asked.

    Args:
        peer: whom to ask.
        query: the text.
        until: moment (`time.monotonic`) at which to give up.

    Raises:
        PeerFailedError: there is no answer in bounds.
    """
    # Not on start-up: the loaders bring requests and every mapping with them, and most servers ask nobody.
    from rembigraph.loaders.fetch import Client, Failed, Manners
    from rembigraph.loaders.live_addresses import Sites

    manners = Manners(
        peer.user_agent, 0.0, 3.0, max(until - time.monotonic(), 0.1), most_bytes=peer.most_bytes
    )
    client = Client(manners, Sites((peer.address,)))
    headers = {
        "Content-Type": "application/sparql-query; charset=utf-8",
        "Accept": _RESULTS,
        HOPS: str(peer.hops),
    }
    try:
        answer = client.post(peer.address, query.encode(), headers, until)
    except Failed as failed:
        raise PeerFailedError(failed.message) from None
    finally:
        client.close()
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise PeerFailedError("did not answer in SPARQL's JSON") from None
    if not isinstance(document, dict):
        raise PeerFailedError("did not answer in SPARQL's JSON")
    return document


def read_rows(document: Mapping[str, Any], wanted: Iterable[str], most: int, blank: str = "") -> Rows:
    """Read SPARQL's JSON of a SELECT.

    Args:
        document: as parsed.
        wanted: names of the variables to read.
        most: rows.
        blank: what the IRI of a blank node begins with; empty leaves rows with one out.

    Raises:
        PeerFailedError: it is none, has more rows, or a term that RDF does not allow.
    """
    names = tuple(sorted(wanted))
    try:
        bindings = document["results"]["bindings"]
        if len(bindings) > most:
            raise PeerFailedError(f"gave more than {most} rows")
        rows = tuple(_row(each, names, blank) for each in bindings)
    except (KeyError, TypeError, AttributeError):
        raise PeerFailedError("did not answer in SPARQL's JSON") from None
    return Rows(names, tuple(row for row in rows if row is not None))


def _row(binding: Mapping[str, Any], names: Sequence[str], blank: str) -> tuple[str | None, ...] | None:
    row: list[str | None] = []
    for name in names:
        term = binding.get(name)
        if term is None:
            row.append(None)
        elif term["type"] == "bnode" and not blank:
            return None
        else:
            row.append(_term(term, blank))
    return tuple(row)


def _term(term: Mapping[str, Any], blank: str) -> str:
    kind, value = term["type"], term["value"]
    if not isinstance(value, str) or _has_surrogate(value):
        raise PeerFailedError("gave a term that is no text")
    if kind == "uri":
        return f"<{_checked(_IRI, value)}>"
    if kind == "bnode":
        return f"<{_checked(_IRI, blank + value)}>"
    if kind not in ("literal", "typed-literal"):
        raise PeerFailedError(f"gave a term of the kind {str(kind)[:40]!r}")
    text = '"' + _ESCAPED.sub(lambda match: _ESCAPES[match[0]], value) + '"'
    if language := term.get("xml:lang"):
        return f"{text}@{_checked(_LANGUAGE, language)}"
    datatype = term.get("datatype")
    return f"{text}^^<{_checked(_IRI, datatype)}>" if datatype else text


def _checked(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise PeerFailedError(f"gave a term that RDF does not allow: {str(value)[:80]!r}")
    return value


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False


def values_block(rows: Rows) -> str:
    """Write rows as a VALUES block."""
    head = " ".join(f"?{name}" for name in rows.names)
    lines = (f"({' '.join(term or 'UNDEF' for term in row)})" for row in rows.rows)
    return f"VALUES ({head}) {{ {' '.join(lines)} }}"


def blocks(rows: Rows, most_rows: int, most_bytes: int) -> Iterator[Rows]:
    """Split rows into blocks of bounded size."""
    block: list[tuple[str | None, ...]] = []
    size = 0
    for row in rows.rows:
        length = sum(len((term or "UNDEF").encode()) + 1 for term in row) + 2
        if block and (len(block) >= most_rows or size + length > most_bytes):
            yield Rows(rows.names, tuple(block))
            block, size = [], 0
        block.append(row)
        size += length
    if block:
        yield Rows(rows.names, tuple(block))
