"""What a record must satisfy: the base shapes generated from the schema, and the rules written by hand.

Severity: Violation refuses a record (identity, well-typed values, references that lead nowhere, impossible geometry);
Warning is stored with it (what REMBI asks for); both are in `docs/decisions/0004-severity.md`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdflib import Graph

RULES = ("references", "geometry", "links")


def shape_files() -> dict[str, str]:
    """Return the shape files: name -> Turtle text."""
    root = resources.files("rembigraph.shapes")
    files = {"base": root.joinpath("generated", "base.ttl").read_text(encoding="utf-8")}
    files |= {name: root.joinpath("rules", f"{name}.ttl").read_text(encoding="utf-8") for name in RULES}
    return files


@cache
def shapes_graph() -> Graph:
    """Return all shapes as one graph, parsed once a process. It is shared: do not change it."""
    from rdflib import Graph

    graph = Graph()
    for text in shape_files().values():
        graph.parse(data=text, format="turtle")
    return graph
