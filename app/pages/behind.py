"""The query behind each number and list of the pages: run on `/sparql`, it gives what the page shows.

A study with several sources shows, of each field, the values of those that are believed (`catalogue.precedence`), and
the things that these lead to; the queries say the same in SPARQL, over the named graphs of the sources.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from rembigraph.catalogue.counts import NEWEST
from rembigraph.catalogue.precedence import ALL, MOST, precedence_of
from rembigraph.catalogue.recordview import field_iri
from rembigraph.ontology.fields import classes, enum_iris
from rembigraph.ontology.identifiers import PREFIXES, Iris

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.recordview import RecordView

_PREFIXES: Final = {name: PREFIXES[name] for name in ("rembi", "dcterms", "dcat")}
_THINGS: Final = {
    "components": ("StudyComponent",),
    "samples": ("Biosample", "Specimen"),
    "acquisitions": ("ImageAcquisition",),
    "images": ("Image",),
    "files": ("FileSet",),
    "others": ("AnalyzedData", "Annotation", "AnnotationMethod", "Protocol", "Instrument"),
    "correlations": ("ImageCorrelation",),
    "transformations": ("CoordinateTransformation",),
    "systems": ("CoordinateSystem",),
}
"""Lists of a study's page, and the classes of what they list."""
_ANY: Final = "\0"
"""Stands for the accession in a query that is made once for all studies."""
_FIELDS: Final = {"publications": "publication", "authors": "contribution"}
"""Lists of a study's page that show the values of one field."""


def home_queries(site: Site) -> dict[str, str]:
    """Return the paths of the queries behind the numbers and lists of the home page."""
    inferred = f"<{Iris(site.data_base).graph('inferred')}>"
    members = f"GRAPH {inferred} {{ ?set a rembi:CorrelativeSet ; rembi:setMember ?study }}"
    texts = {
        "studies": "SELECT ?archive (COUNT(?study) AS ?studies) WHERE {\n"
        "  ?study a rembi:Study ; rembi:archive ?archive .\n}\nGROUP BY ?archive\nORDER BY ?archive",
        "correlative": "SELECT (COUNT(DISTINCT ?study) AS ?studies) (COUNT(DISTINCT ?set) AS ?sets) WHERE {\n"
        f"  {members}\n  ?study a rembi:Study .\n}}",
        "across": "SELECT (COUNT(*) AS ?sets) WHERE {\n  SELECT ?set WHERE {\n"
        f"    GRAPH {inferred} {{ ?set a rembi:CorrelativeSet ; rembi:setMember ?held, ?study }}\n"
        "    ?held a rembi:Study .\n"
        "    { ?study a rembi:Study ; rembi:archive ?at } UNION { ?study rembi:externalArchive ?at }\n"
        '    BIND(REPLACE(STR(?at), "^.*#", "") AS ?archive)\n'
        "  } GROUP BY ?set HAVING(COUNT(DISTINCT ?archive) > 1)\n}",
        "joined": f"SELECT (COUNT(DISTINCT ?set) AS ?sets) WHERE {{\n  {members}\n"
        "  ?study a rembi:Study ; rembi:coordinateTransformation ?transformation .\n}",
        "sets": "SELECT ?set ?study ?title WHERE {\n"
        f"  {members}\n  ?study a rembi:Study ; dcterms:title ?title .\n}}\nORDER BY ?set ?study",
        "transformations": "SELECT (COUNT(?transformation) AS ?transformations) WHERE {\n"
        "  ?transformation a rembi:CoordinateTransformation .\n}",
        "images": "SELECT (COUNT(DISTINCT ?value) AS ?images) WHERE {\n" + believed("image", "?study") + "}",
        "bytes": "SELECT (SUM(?value) AS ?bytes) (COUNT(?value) AS ?studies) WHERE {\n"
        "  SELECT DISTINCT ?study ?value WHERE {\n" + believed("byte_size", "?study") + "  }\n}",
        "newest": "SELECT DISTINCT ?study ?value WHERE {\n"
        + believed("issued", "?study")
        + "  ?study rembi:archive ?archive .\n  FILTER(?archive NOT IN (rembi:Example, rembi:Draft))\n}\n"
        + f"ORDER BY DESC(STR(?value)) ?study\nLIMIT {NEWEST}",
    }
    return {name: site.query(with_prefixes(text)) for name, text in texts.items()}


def status_queries(site: Site) -> dict[str, str]:
    """Return the paths of the queries behind the counts of the page about the service."""
    unresolved = named(enum_iris("ResolutionMethod")["unresolved"])
    texts = {
        "kept_values": "SELECT (COUNT(DISTINCT ?value) AS ?values) WHERE {\n  ?value a rembi:KeptValue .\n}",
        "unresolved": "SELECT (COUNT(DISTINCT ?resolution) AS ?texts) WHERE {\n"
        f"  ?resolution rembi:resolutionMethod {unresolved} .\n}}",
    }
    found = {name: site.query(with_prefixes(text)) for name, text in texts.items()}
    return found | {"studies": home_queries(site)["studies"]}


def study_queries(stated: RecordView, shown: RecordView, site: Site) -> dict[str, str]:
    """Return the paths of the queries behind the lists of a study's page.

    Args:
        stated: what all sources of the study say.
        shown: what its page shows of that.
        site: where it is served.
    """
    sources = {name: tuple(_sources(stated, shown, of)) for name, of in _THINGS.items()}
    named = quote_plus(stated.accession)
    return {
        name: _study_query(name, sources.get(name, ()), site).replace(quote_plus(_ANY), named)
        for name in (*_FIELDS, *_THINGS, "parts", "missing")
    }


@lru_cache(maxsize=1024)
def _study_query(name: str, sources: tuple[str, ...], site: Site) -> str:
    """Return the path of a query behind the page of a study with these sources; `_ANY` stands for its accession."""
    graphs = Iris(site.data_base)
    iri = graphs.study(_ANY)
    if name in _FIELDS:
        text = listed(believed(_FIELDS[name], f"<{iri}>"))
    elif name in _THINGS:
        text = listed(_of_classes(_THINGS[name], (graphs.record_graph(_ANY, each) for each in sources)))
    elif name == "parts":
        text = (
            "SELECT ?part ?title WHERE {\n"
            f"  GRAPH <{graphs.graph('inferred')}> {{ <{iri}> rembi:correlatedWith ?part }}\n"
            "  OPTIONAL { ?part dcterms:title ?title }\n}\nORDER BY ?part"
        )
    else:
        text = (
            "PREFIX sh: <http://www.w3.org/ns/shacl#>\nSELECT ?severity ?message ?thing WHERE {\n"
            f"  GRAPH <{graphs.graph('validation')}> {{\n"
            "    ?result sh:resultMessage ?message ; sh:resultSeverity ?severity ; sh:focusNode ?thing\n  }\n"
            f'  FILTER(?thing = <{iri}> || STRSTARTS(STR(?thing), "{iri}/"))\n}}\n'
            "ORDER BY ?severity ?message ?thing"
        )
    return site.query(with_prefixes(text))


def _sources(stated: RecordView, shown: RecordView, names: tuple[str, ...]) -> list[str]:
    """Return the sources whose things of these classes the page shows."""
    every = [node.iri for name in names for node in stated.of_class(name)]
    dropped = {source for iri in every if iri not in shown.facts for source in _said_by(stated, iri)}
    return [source for source in stated.sources if source not in dropped]


def _said_by(stated: RecordView, iri: str) -> Iterable[str]:
    return stated.origins.get(iri, ()) if len(stated.sources) > 1 else stated.sources


def _of_classes(names: tuple[str, ...], graphs: Iterable[str]) -> str:
    """Return a pattern that binds `?value` to the things of some classes that some named graphs describe."""
    of = " ".join(named(classes()[name].iri) for name in names)
    sources = " ".join(f"<{graph}>" for graph in graphs)
    return f"  VALUES ?source {{ {sources} }}\n  VALUES ?class {{ {of} }}\n  GRAPH ?source {{ ?value a ?class }}\n"


def listed(pattern: str, name: str = "value") -> str:
    """Return a query that lists what a pattern binds to the variable of this name, with titles."""
    return (
        f"SELECT ?{name} (SAMPLE(?called) AS ?title) WHERE {{\n{pattern}"
        f"  OPTIONAL {{ ?{name} dcterms:title ?called }}\n}}\nGROUP BY ?{name}\nORDER BY ?{name}"
    )


def believed(field: str, subject: str) -> str:
    """Return a pattern that binds `?value` to what the believed sources of a study say in a field."""
    name, of = named(field_iri(field)), precedence_of(field)
    if of.rule == ALL:
        return f"  {subject} {name} ?value .\n"
    ranks = " ".join(f'("{kind}" {rank})' for kind, rank in of.ranks.items())
    table = f"VALUES (?kind ?rank) {{ {ranks} }}"
    kind = 'BIND(REPLACE(STR(?source), "^.*/", "") AS ?kind)'
    if of.rule == MOST:
        return (
            "  { SELECT ?source WHERE {\n"
            f"    GRAPH ?source {{ {subject} {name} ?each }}\n    {kind}\n    {table}\n"
            "  } GROUP BY ?source ?rank ORDER BY DESC(COUNT(?each)) ?rank LIMIT 1 }\n"
            f"  GRAPH ?source {{ {subject} {name} ?value }}\n"
        )
    study = "" if subject.startswith("<") else f"{subject} "
    a_study = "a rembi:Study ; " if study else ""
    grouping = f" GROUP BY {subject}" if study else ""
    return (
        f"  {{ SELECT {study}(MIN(?rank) AS ?best) WHERE {{\n"
        f"    GRAPH ?source {{ {subject} {a_study}{name} ?each }}\n    {kind}\n    {table}\n"
        f"  }}{grouping} }}\n"
        f"  GRAPH ?source {{ {subject} {a_study}{name} ?value }}\n  {kind}\n  {table}\n  FILTER(?rank = ?best)\n"
    )


def named(iri: str) -> str:
    """Return an IRI as a query writes it, short where it can be."""
    for prefix, base in _PREFIXES.items():
        if iri.startswith(base):
            return f"{prefix}:{iri.removeprefix(base)}"
    return f"<{iri}>"


def with_prefixes(text: str) -> str:
    """Return a query with the prefixes that it uses."""
    used = (f"PREFIX {prefix}: <{base}>\n" for prefix, base in _PREFIXES.items() if f"{prefix}:" in text)
    return "".join(used) + text
