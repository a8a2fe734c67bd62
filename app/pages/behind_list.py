"""The queries behind the list of studies and behind the counts of its filters.

Words are found by the index, which no query can ask. Behind a list that words narrow stands a query for the studies
that the page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.behind import believed, listed, named, with_prefixes
from rembigraph.catalogue.criteria import KINDS
from rembigraph.catalogue.rdf import quoted
from rembigraph.catalogue.recordview import field_iri
from rembigraph.ontology.identifiers import Iris, is_iri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.studylist import Facet, StudyPage

_FIELDS: Final = {"organism": "organism", "method": "imaging_method"}
_TRIMMED: Final = r'REPLACE(STR(?value), "^\\s+|\\s+$", "")'
_YEAR: Final = '  BIND(SUBSTR(STR(?value), 1, 4) AS ?year)\n  FILTER(REGEX(?year, "^[0-9]+$"))\n'


def list_queries(page: StudyPage, site: Site) -> dict[str, str]:
    """Return the paths of the queries behind a page of the list (`studies`) and behind the counts of its filters."""
    texts = _of_shown(page, site) if page.criteria.q else _of_filters(page, site)
    return {name: site.query(with_prefixes(text)) for name, text in texts.items()}


def _of_shown(page: StudyPage, site: Site) -> dict[str, str]:
    iris = " ".join(f"<{Iris(site.data_base).study(item.accession)}>" for item in page.items)
    return {"studies": _studies([f"  VALUES ?study {{ {iris} }}\n"])} if iris else {}


def _of_filters(page: StudyPage, site: Site) -> dict[str, str]:
    criteria = page.criteria
    filters = {
        facet.kind: _filter(facet)
        for facet in page.facets
        if facet.kind in KINDS and criteria.values(facet.kind)
    }
    if criteria.correlative is not None:
        absent = "" if criteria.correlative else "NOT "
        filters["correlative"] = f"  FILTER {absent}EXISTS {{ {_elsewhere(site)} }}\n"
    texts = {"studies": _studies(filters.values())}
    for kind in KINDS:
        others = "".join(text for name, text in filters.items() if name != kind)
        texts[kind] = (
            f"SELECT ?{kind} (COUNT(DISTINCT ?study) AS ?studies) WHERE {{\n  ?study a rembi:Study .\n"
            f"{others}{_having(kind)}}}\nGROUP BY ?{kind}\nORDER BY DESC(?studies) ?{kind}"
        )
    return texts


def _studies(patterns: Iterable[str]) -> str:
    return listed(f"  ?study a rembi:Study .\n{''.join(patterns)}", "study")


def _filter(facet: Facet) -> str:
    """Return the pattern of the studies that have one of the chosen values; none of them where nothing has."""
    values = " ".join(_term(facet.kind, each.term.value) for each in facet.values if each.selected)
    return f"  VALUES ?{facet.kind} {{ {values} }}\n{_having(facet.kind)}"


def _term(kind: str, value: str) -> str:
    if kind == "archive":
        return f"rembi:{value}"
    return f"<{value}>" if is_iri(value) else quoted(value)


def _having(kind: str) -> str:
    """Return a pattern that binds the variable of this name to what the list shows of `?study`."""
    if kind == "archive":
        return "  ?study rembi:archive ?archive .\n"
    if kind == "year":
        return _selected(kind, believed("issued", "?study") + _YEAR)
    field = _FIELDS[kind]
    texts = f"{believed(f'{field}_text', '?study')}  FILTER NOT EXISTS {{ ?study {named(field_iri(field))} ?term }}\n"
    return _selected(
        kind,
        f"  {{\n{believed(field, '?study')}  BIND(?value AS ?{kind})\n  }} UNION {{\n{texts}"
        f"  BIND({_TRIMMED} AS ?{kind})\n  }}\n",
    )


def _selected(kind: str, pattern: str) -> str:
    return f"  {{ SELECT DISTINCT ?study ?{kind} WHERE {{\n{pattern}  }} }}\n"


def _elsewhere(site: Site) -> str:
    return f"GRAPH <{Iris(site.data_base).graph('inferred')}> {{ ?study rembi:correlatedWith ?part }}"
