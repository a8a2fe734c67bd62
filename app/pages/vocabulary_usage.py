"""How often a term is used in the catalogue, and where: live queries, kept for as long as a generation lasts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.pages.vocabulary_terms import CLASS, PROPERTIES, SCHEME, Term, concepts_of
from rembigraph.ontology.errors import CatalogueError
from rembigraph.ontology.identifiers import VOCABULARY

if TYPE_CHECKING:
    from rembigraph.app.sparql.service import QueryService
    from rembigraph.catalogue.following import Reader

SECONDS: Final = 4.0
EXAMPLES: Final = 5
_JSON: Final = "application/sparql-results+json"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROLOGUE: Final = f"PREFIX rembi: <{VOCABULARY}>\nPREFIX dcterms: <http://purl.org/dc/terms/>\n"


@dataclass(frozen=True)
class Example:
    """A thing that uses a term: its IRI, its title where it has one, and the value where there is one."""

    iri: str
    title: str
    value: str
    value_is_iri: bool


@dataclass(frozen=True)
class Usage:
    """How a term is used.

    Attributes:
        count_query: the query that counts.
        example_query: the query that finds examples.
        uses: things of a class, or statements with a term; None when it is not known.
        things: different things that use it; None when it is not known.
        examples: some of them.
        problem: why something is not known, in words.
    """

    count_query: str
    example_query: str
    uses: int | None = None
    things: int | None = None
    examples: tuple[Example, ...] = ()
    problem: str = ""


class UsageReader:
    """Asks how terms are used, once for each term and generation.

    Args:
        service: evaluates the queries.
        reader: knows the newest generation.
    """

    def __init__(self, service: QueryService, reader: Reader) -> None:
        self._service = service
        self._reader = reader
        self._generation: object = None
        self._held: dict[str, Usage] = {}

    async def of(self, term: Term) -> Usage:
        """Return how a term is used. What cannot be found out is said in words, and asked again next time."""
        empty = Usage(count_query(term), example_query(term))
        try:
            generation = self._forget_older()
            if term.name in self._held:
                return self._held[term.name]
            usage = await self._ask(empty)
        except CatalogueError as error:
            return Usage(empty.count_query, empty.example_query, problem=error.message)
        if generation == self._newest():
            self._held[term.name] = usage
        return usage

    async def _ask(self, empty: Usage) -> Usage:
        counted = next(await self._rows(empty.count_query))
        uses, things = (int(counted[name]["value"]) for name in ("uses", "things"))
        examples = [_example(row) for row in await self._rows(empty.example_query)] if uses else []
        return Usage(empty.count_query, empty.example_query, uses, things, tuple(examples))

    async def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        answer = await self._service.answer(
            self._service.admit(query), _JSON, timeout_seconds=SECONDS, client="vocabulary"
        )
        try:
            body = b"".join([data async for data in answer])
        finally:
            answer.close()
        return iter(json.loads(body)["results"]["bindings"])

    def _forget_older(self) -> object:
        newest = self._newest()
        if newest != self._generation:
            self._generation, self._held = newest, {}
        return newest

    def _newest(self) -> object:
        with self._reader.snapshot() as snapshot:
            return snapshot.generation


def count_query(term: Term) -> str:
    """Return the query that counts the uses of a term and the things that use it."""
    return (
        f"{_PROLOGUE}SELECT (COUNT(*) AS ?uses) (COUNT(DISTINCT ?thing) AS ?things) WHERE {{\n"
        f"  {_pattern(term)}\n}}"
    )


def example_query(term: Term) -> str:
    """Return the query for a few things that use a term, with a title and a value of each."""
    return (
        f"{_PROLOGUE}SELECT ?thing (SAMPLE(?named) AS ?title) (SAMPLE(?found) AS ?value) WHERE {{\n"
        f"  {{ SELECT DISTINCT ?thing WHERE {{ {_pattern(term)} }} LIMIT {EXAMPLES} }}\n"
        f"  OPTIONAL {{ ?thing dcterms:title ?named }}\n"
        f"{_value_pattern(term)}}}\nGROUP BY ?thing"
    )


def _pattern(term: Term) -> str:
    if term.kind == CLASS:
        return f"?thing a {_written(term)} ."
    if term.kind in PROPERTIES:
        return f"?thing {_written(term)} ?value ."
    if term.kind == SCHEME:
        concepts = " ".join(_written(each) for each in concepts_of(term))
        return f"VALUES ?concept {{ {concepts} }} ?thing ?property ?concept ."
    return f"?thing ?property {_written(term)} ."


def _value_pattern(term: Term) -> str:
    return f"  OPTIONAL {{ ?thing {_written(term)} ?found }}\n" if term.kind in PROPERTIES else ""


def _written(term: Term) -> str:
    return f"rembi:{term.name}" if _NAME.fullmatch(term.name) else f"<{term.iri}>"


def _example(row: dict[str, Any]) -> Example:
    value = row.get("value", {})
    return Example(
        iri=row["thing"]["value"] if row["thing"]["type"] == "uri" else "",
        title=row.get("title", {}).get("value", ""),
        value=value.get("value", ""),
        value_is_iri=value.get("type") == "uri",
    )
