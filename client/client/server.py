"""A catalogue on a server, over HTTP: the list of studies, the forms of a study, its links, and SPARQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests
from rembigraph.app.sparql.gate import syntax_error
from rembigraph.catalogue.exports import EXPORTS
from rembigraph.catalogue.parts import CORRELATIVE, end_of
from rembigraph.catalogue.serialisation import FORMS, NotRepresentableError
from rembigraph.client.errors import (
    BrokenAnswer,
    CatalogueError,
    NotRembigraph,
    QueryTimeout,
    ServerError,
    ServerTooSlow,
    ServerUnreachable,
    UnknownStudy,
    UsageError,
)
from rembigraph.client.problems import error_of
from rembigraph.client.source import RESULTS, TRIPLES, Item, Joined, Listed, Wanted
from rembigraph.client.values import read_results
from rembigraph.ontology.identifiers import Iris, is_web_address, parse_accession
from urllib3.exceptions import HTTPError, ReadTimeoutError

MAX_ANSWER_BYTES: Final = 512 * 1024 * 1024
"""Longest answer that is taken, in bytes."""

_CONNECT_SECONDS: Final = 10.0
_GRACE_SECONDS: Final = 10.0
_PIECE: Final = 64 * 1024
_REDIRECTS: Final = 5
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_WHOLE: Final = """SELECT DISTINCT ?other ?held WHERE {{
  GRAPH <{base}graph/inferred> {{
    ?set <https://w3id.org/rembigraph/ns#setMember> <{study}>, ?other
    FILTER (?other != <{study}>)
  }}
  BIND (EXISTS {{ ?other a <https://w3id.org/rembigraph/ns#Study> }} AS ?held)
}} ORDER BY ?other"""


class Server:
    """A catalogue on a server.

    Args:
        url: address of the server, without any path of a page.
        seconds: longest wait for a whole answer.

    Raises:
        UsageError: that is no http(s) address.
    """

    page_size = 100

    def __init__(self, url: str, seconds: float) -> None:
        if not is_web_address(url):
            raise UsageError(
                f"{url[:200]!r} is no http(s) address",
                fix="Write https://...; a folder is opened with Catalogue.open(folder).",
            )
        self._base = url.rstrip("/")
        self._seconds = seconds
        self._session = requests.Session()
        self._session.max_redirects = _REDIRECTS
        self._session.headers["User-Agent"] = f"rembigraph/{version('rembigraph')}"

    @property
    def name(self) -> str:
        """The address, without credentials."""
        parts = urlsplit(self._base)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def studies(self, wanted: Wanted, page: int, per_page: int) -> Listed:
        """Return a page of a list of studies."""
        correlative = {None: "", True: "yes", False: "no"}[wanted.correlative]
        asked = {
            "q": wanted.words,
            "archive": wanted.archive,
            "organism": wanted.organism,
            "method": wanted.method,
            "year": wanted.year,
            "correlative": correlative,
            "page": str(page),
            "per_page": str(per_page),
            "format": "json",
        }
        document = self._json("/studies", {name: value for name, value in asked.items() if value})
        try:
            return _listed(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._stranger("its list of studies is none") from error

    def item(self, accession: str) -> Item:
        """Return a study; raises `UnknownStudy` or `WithdrawnStudy` when it is not here."""
        found = self.studies(Wanted(words=accession), 1, 1)
        item = next((item for item in found.items if item.accession == accession), None)
        if item is None:
            self._get(_path(accession, "json"), _JSON)  # says what is the matter
            raise UnknownStudy(accession, archive=parse_accession(accession).archive.label)
        return item

    def joined(self, item: Item) -> list[Joined]:
        """Return the other studies of the whole that a study is a part of, those joined directly first."""
        document = self._json(f"/links/{quote(item.accession, safe='')}", {})
        try:
            close = list(_close(document["links"], item.accession))
        except (KeyError, TypeError) as error:
            raise self._stranger("its links are none") from error
        known = {item.accession, *(other.accession for other in close)}
        return [*close, *(other for other in self._whole(item) if other.accession not in known)]

    def document(self, accession: str, form: str) -> bytes | None:
        """Return a study in a form; None when the study has not what the form needs."""
        export = EXPORTS.get(form)
        media_type = export.media_type if export else FORMS[form].media_type
        try:
            return self._get(_path(accession, form), media_type)
        except NotRepresentableError:
            return None

    def query(self, text: str, seconds: float | None) -> tuple[str, bytes]:
        """Answer a query at the server's SPARQL endpoint.

        Raises:
            QueryError: it is refused, wrong, too slow or too large.
        """
        headers = {
            "Accept": f"{RESULTS}, {TRIPLES};q=0.9",
            "Content-Type": "application/sparql-query",
        }
        asked = {"timeout": f"{seconds:g}"} if seconds is not None else {}
        wait = self._seconds if seconds is None else seconds + _GRACE_SECONDS
        try:
            media_type, data = self._ask("POST", "/sparql", asked, headers, wait, _encoded(text))
        except BrokenAnswer as error:
            fix = "Ask for less: fewer variables, a LIMIT, or a more selective pattern first."
            raise QueryTimeout("the server ended the answer before it was whole", fix=fix) from error
        if media_type not in {RESULTS, TRIPLES}:
            raise self._stranger(f"it answers a query with {media_type[:80] or 'no media type'}")
        return media_type, data

    def _whole(self, item: Item) -> Iterator[Joined]:
        iris = Iris(item.iri.removesuffix(item.accession))
        _, data = self.query(_WHOLE.format(base=iris.data_base, study=item.iri), None)
        found = read_results(data)
        assert not isinstance(found, bool)  # it is a SELECT
        members = [Joined(end_of(iris, str(other)), held is True) for other, held in found[1]]
        yield from sorted(members, key=lambda member: member.accession)

    def _json(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        data = self._get(path, _JSON, asked)
        try:
            document = json.loads(data)
        except ValueError as error:
            raise self._stranger("its answer is no JSON") from error
        if not isinstance(document, dict):
            raise self._stranger("its answer is another JSON")
        return document

    def _get(self, path: str, media_type: str, asked: Mapping[str, Any] | None = None) -> bytes:
        headers = {"Accept": f"{media_type}, {_PROBLEM};q=0.1"}
        found, data = self._ask("GET", path, asked or {}, headers, self._seconds)
        if found != media_type:
            raise self._stranger(f"it answers {path[:80]} with {found[:80] or 'no media type'}")
        return data

    def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any],
        headers: Mapping[str, str],
        seconds: float,
        body: bytes | None = None,
    ) -> tuple[str, bytes]:
        """Return media type and content of an answer; raises the error that the server tells, or `ServerError`."""
        end = time.monotonic() + seconds
        try:
            with self._session.request(
                method,
                self._base + path,
                params=dict(asked),
                headers=dict(headers),
                data=body,
                stream=True,
                timeout=(min(_CONNECT_SECONDS, seconds), seconds),
            ) as answer:
                content = self._read(answer, end, seconds)
                status, said = answer.status_code, answer.headers
        except (requests.RequestException, HTTPError) as error:
            raise self._failure(error, seconds) from error
        media_type = said.get("Content-Type", "").partition(";")[0].strip().lower()
        if status != 200:
            raise self._told(status, media_type, content)
        return media_type, content

    def _read(self, answer: requests.Response, end: float, seconds: float) -> bytes:
        content = bytearray()
        # `read1` gives what is there: a server that drips would hold a read of a whole piece for ever.
        while piece := answer.raw.read1(_PIECE, decode_content=True):
            content += piece
            if len(content) > MAX_ANSWER_BYTES:
                raise BrokenAnswer(
                    f"the answer of {self.name} is longer than {MAX_ANSWER_BYTES} bytes", fix="Ask for less."
                )
            if time.monotonic() > end:
                raise self._too_slow(seconds)
        return bytes(content)

    def _failure(self, error: requests.RequestException | HTTPError, seconds: float) -> ServerError:
        if isinstance(error, requests.ConnectTimeout):
            fix = "Is the address right, and is the server running?"
            return ServerUnreachable(f"{self.name} does not answer", fix=fix)
        if isinstance(error, requests.Timeout | ReadTimeoutError):
            return self._too_slow(seconds)
        if isinstance(error, HTTPError):
            return BrokenAnswer(f"the answer of {self.name} broke off", fix="Try again.")
        if isinstance(error, requests.ConnectionError):
            fix = "Is the address right, and is the server running?"
            return ServerUnreachable(f"{self.name} can't be reached", fix=fix)
        return self._stranger(type(error).__name__)

    def _too_slow(self, seconds: float) -> ServerTooSlow:
        fix = "Try again, or give it longer: timeout=SECONDS."
        return ServerTooSlow(f"{self.name} gave no whole answer in {seconds:g} s", fix=fix)

    def _stranger(self, why: str) -> NotRembigraph:
        fix = "Give the address of the server's home page."
        return NotRembigraph(f"{self.name} is no Rembigraph server: {why}", fix=fix)

    def _told(self, status: int, media_type: str, content: bytes) -> CatalogueError:
        found = error_of(content) if media_type == _PROBLEM else None
        return found or self._stranger(f"status {status}, {media_type[:80] or 'no media type'}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = "The query holds half of a surrogate pair: no character."
        raise syntax_error(text, error.start, message) from None


def _path(accession: str, form: str) -> str:
    export = EXPORTS.get(form)
    tail = export.tail if export else f".{FORMS[form].suffix}"
    return f"/{quote(accession, safe='')}{tail}"


def _close(entries: Iterable[Mapping[str, Any]], accession: str) -> Iterator[Joined]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        other = entry["to"] if entry["from"] == accession else entry["from"]
        found.setdefault(str(other), []).append(entry)
    for other, stated in found.items():
        if any(entry["correlated"] for entry in stated):
            relations = {str(entry["relation"]) for entry in stated}
            ordered = tuple(sorted(relations, key=lambda key: (key not in CORRELATIVE, key)))
            yield Joined(other, bool(stated[0]["held"]), ordered)


def _listed(document: Mapping[str, Any]) -> Listed:
    unknown = (document["advice"] or {}).get("unknown", ())
    return Listed(
        total=int(document["total"]),
        items=tuple(map(_item, document["items"])),
        archives={str(each["value"]): int(each["studies"]) for each in document["facets"]["archive"]},
        unknown=tuple((each["filter"], each["value"], tuple(each["near"])) for each in unknown),
    )


def _item(entry: Mapping[str, Any]) -> Item:
    return Item(
        accession=str(entry["accession"]),
        iri=str(entry["iri"]),
        page=str(entry["url"]),
        archive=str(entry["archive"]),
        title=str(entry["title"]),
        organisms=tuple(str(term["label"]) for term in entry["organisms"]),
        organism_iris=tuple(str(term["iri"]) for term in entry["organisms"] if term["iri"]),
        methods=tuple(str(term["label"]) for term in entry["methods"]),
        method_iris=tuple(str(term["iri"]) for term in entry["methods"] if term["iri"]),
        issued=entry["issued"],
        license=entry["license"],
        bytes=entry["bytes"],
        files=entry["files"],
        images=int(entry["images"]),
        parts=int(entry["parts"]),
    )
