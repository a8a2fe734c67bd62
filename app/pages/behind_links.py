"""The queries behind the numbers and lists of the pages about links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.behind import with_prefixes
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site

_SAID: Final = (
    "  OPTIONAL { ?link rembi:linkRelation ?said }\n"
    "  BIND(COALESCE(?said, rembi:Related) AS ?relation)\n  FILTER(?relation != rembi:DescribedIn)\n"
    "  OPTIONAL { ?link rembi:evidenceKind ?evidence }\n"
)
"""What a link says and rests on; a publication is no part of a whole."""


def linking_queries(site: Site, most_suggested: int) -> dict[str, str]:
    """Return the paths of the queries behind the page about all links: `kinds` and `suggested`."""
    inferred = Iris(site.data_base).graph("inferred")
    judged = "  FILTER NOT EXISTS {{ ?decision rembi:aboutStudy ?{} ; rembi:linkTo ?{} ; rembi:verdict ?verdict }}\n"
    stated = "  FILTER NOT EXISTS {{ ?statement rembi:linkFrom ?{} ; rembi:linkTo ?{} }}\n"
    both = (("one", "two"), ("two", "one"))
    texts = {
        "kinds": "SELECT ?relation ?evidence (COUNT(DISTINCT ?link) AS ?links) WHERE {\n"
        + _stated_or_concluded(inferred, "?link rembi:linkFrom ?one ; rembi:linkTo ?two .\n" + _SAID)
        + "}\nGROUP BY ?relation ?evidence\nORDER BY ?relation ?evidence",
        "suggested": "SELECT ?one ?two ?confidence WHERE {\n"
        f"  GRAPH <{inferred}> {{ ?link rembi:evidenceKind rembi:SameAuthors ; rembi:linkFrom ?one ;"
        " rembi:linkTo ?two ; rembi:confidence ?confidence }\n"
        f"  FILTER NOT EXISTS {{ GRAPH <{inferred}> {{ ?one rembi:correlatedWith ?two }} }}\n"
        + "".join(text.format(*ends) for text in (judged, stated) for ends in both)
        + f"}}\nORDER BY DESC(?confidence) ?one ?two\nLIMIT {most_suggested}",
    }
    return {name: site.query(with_prefixes(text)) for name, text in texts.items()}


def links_query(site: Site, iri: str) -> str:
    """Return the path of the query behind the list of what a record is linked with."""
    inferred = Iris(site.data_base).graph("inferred")
    ends = (
        f"{{ ?link rembi:linkFrom <{iri}> ; rembi:linkTo ?other }}"
        f" UNION {{ ?link rembi:linkTo <{iri}> ; rembi:linkFrom ?other }}\n"
    )
    text = (
        "SELECT DISTINCT ?other ?relation ?evidence WHERE {\n"
        + _stated_or_concluded(inferred, ends + _SAID)
        + f"  UNION {{ GRAPH <{inferred}> {{ <{iri}> rembi:correlatedWith ?other }} }}\n"
        "}\nORDER BY ?other ?relation ?evidence"
    )
    return site.query(with_prefixes(text))


def _stated_or_concluded(inferred: str, pattern: str) -> str:
    """Return a pattern that matches in what records state (the default graph) and in what is concluded from them."""
    return f"  {{\n  {pattern}  }} UNION {{ GRAPH <{inferred}> {{\n  {pattern}  }} }}\n"
