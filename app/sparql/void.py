"""What a store holds, in VoID (W3C Interest Group Note, 3 March 2011): counted by the workers, once per generation."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from rembigraph.app.sparql.service import JSON, QueryService
from rembigraph.ontology.errors import Busy, CatalogueError, QueryError

VOID: Final = "http://rdfs.org/ns/void#"
_INTEGER: Final = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_CLASSES: Final = "SELECT ?part (COUNT(DISTINCT ?s) AS ?n) { ?s a ?part } GROUP BY ?part"
_PROPERTIES: Final = "SELECT ?part (COUNT(*) AS ?n) { ?s ?part ?o } GROUP BY ?part"
_CLIENT: Final = "void"
_RETRY_SECONDS: Final = 5
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contents:
    """Counts of one generation's default graph.

    Attributes:
        generation: which one.
        classes: class IRI → its instances.
        properties: property IRI → triples with it.
    """

    generation: str
    classes: dict[str, int]
    properties: dict[str, int]

    @property
    def triples(self) -> int:
        """All triples."""
        return sum(self.properties.values())

    def describe(self, dataset: ox.NamedNode | ox.BlankNode) -> Iterator[ox.Triple]:
        """Write them as statements about a data set."""
        yield ox.Triple(dataset, _TYPE, _void("Dataset"))
        yield ox.Triple(dataset, _void("triples"), _number(self.triples))
        yield ox.Triple(dataset, _void("classes"), _number(len(self.classes)))
        yield ox.Triple(dataset, _void("properties"), _number(len(self.properties)))
        for namespace in sorted({_namespace(iri) for iri in (*self.classes, *self.properties)}):
            yield ox.Triple(dataset, _void("vocabulary"), ox.NamedNode(namespace))
        yield from _partitions(dataset, "class", "entities", self.classes)
        yield from _partitions(dataset, "property", "triples", self.properties)


class ContentsCounter:
    """Counts what the published generation holds, when somebody asks, once.

    Args:
        service: evaluates the counting queries, within the limits of every query.
    """

    def __init__(self, service: QueryService) -> None:
        self._service = service
        self._known: Contents | None = None
        self._counting: asyncio.Task[Contents] | None = None

    def known(self) -> Contents | None:
        """The counts of the published generation, if they are there already; else counting begins."""
        generation = self._service.generation
        if self._known and self._known.generation == generation:
            return self._known
        if self._counting is None:
            self._counting = asyncio.create_task(self._count(generation))
            self._counting.add_done_callback(self._counted)
        return None

    async def contents(self, seconds: float) -> Contents:
        """The counts of the published generation.

        Args:
            seconds: how long to wait for them.

        Raises:
            Busy: they are not there yet.
            QueryError: they cannot be had within the limits of a query.
        """
        known = self.known()
        if known or self._counting is None:
            return known or await self.contents(seconds)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._counting)
        except TimeoutError:
            raise Busy("The statements are being counted.", retry_after=_RETRY_SECONDS) from None

    async def _count(self, generation: str) -> Contents:
        return Contents(generation, await self._parts(_CLASSES), await self._parts(_PROPERTIES))

    async def _parts(self, text: str) -> dict[str, int]:
        answer = await self._service.answer(self._service.admit(text), JSON, client=_CLIENT)
        try:
            document = json.loads(b"".join([data async for data in answer]))
        finally:
            answer.close()
        return {
            row["part"]["value"]: int(row["n"]["value"])
            for row in document["results"]["bindings"]
            if row["part"]["type"] == "uri"
        }

    def _counted(self, task: asyncio.Task[Contents]) -> None:
        self._counting = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._known = task.result()
        elif isinstance(error, (CatalogueError, QueryError)):
            _LOG.warning("the statements cannot be counted: %s", error)


def _partitions(
    dataset: ox.NamedNode | ox.BlankNode, kind: str, counted: str, parts: dict[str, int]
) -> Iterator[ox.Triple]:
    for number, (iri, count) in enumerate(sorted(parts.items())):
        part = ox.BlankNode(f"{kind}{number}")
        yield ox.Triple(dataset, _void(f"{kind}Partition"), part)
        yield ox.Triple(part, _void(kind), ox.NamedNode(iri))
        yield ox.Triple(part, _void(counted), _number(count))


def _namespace(iri: str) -> str:
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] or iri


def _number(value: int) -> ox.Literal:
    return ox.Literal(str(value), datatype=_INTEGER)


def _void(name: str) -> ox.NamedNode:
    return ox.NamedNode(VOID + name)
