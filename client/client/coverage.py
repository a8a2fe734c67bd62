"""How many studies fill each field of a study."""

from __future__ import annotations

from typing import Final

from rembigraph.client.table import Table
from rembigraph.ontology.fields import classes

_STUDY: Final = "<https://w3id.org/rembigraph/ns#Study>"

COUNT: Final = f"SELECT (COUNT(DISTINCT ?study) AS ?studies) WHERE {{ ?study a {_STUDY} }}"
FILLED: Final = f"""SELECT ?property (COUNT(DISTINCT ?study) AS ?studies) WHERE {{
  ?study a {_STUDY} ; ?property ?value
}} GROUP BY ?property"""


def coverage_of(filled: Table, total: int) -> Table:
    """Return a row for each field of a study, in the order of the record model.

    Args:
        filled: property IRI and number of studies that have it (`FILLED`).
        total: number of studies (`COUNT`).
    """
    counted = {row["property"]: row["studies"] for row in filled}
    fields = classes()["Study"].fields.values()
    rows = [(each, counted.get(each.iri, 0)) for each in fields]
    return Table(
        ("field", "level", "studies", "total", "rate"),
        [(each.name, each.level or None, n, total, n / total if total else None) for each, n in rows],
    )
