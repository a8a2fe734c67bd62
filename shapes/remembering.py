"""A graph that remembers what it was asked.

pySHACL asks the shapes for the same few thousand patterns in each run, and rdflib's store takes its time over each.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from rdflib import Graph


class RememberingGraph(Graph):
    """A graph that is read again and again and hardly ever changes; what it remembers is forgotten at a change."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._known: dict[Any, tuple[Any, ...]] = {}

    def triples(self, triple: Any) -> Generator[Any, None, None]:
        """Yield the triples that match a pattern."""
        found = self._known.get(triple)
        if found is None:
            found = self._known[triple] = tuple(super().triples(triple))
        yield from found

    def add(self, triple: Any) -> RememberingGraph:
        """Add a triple. One that is there, such as pySHACL adds before each run, is no change."""
        if triple not in self:
            self._known.clear()
            super().add(triple)
        return self

    def addN(self, quads: Any) -> RememberingGraph:  # noqa: N802 - rdflib's name
        """Add triples, each with the graph that it is for."""
        self._known.clear()
        super().addN(quads)
        return self

    def remove(self, triple: Any) -> RememberingGraph:
        """Remove the triples that match a pattern."""
        self._known.clear()
        super().remove(triple)
        return self
