"""A study in unqualified Dublin Core, as OAI-PMH demands it of every record (`oai_dc`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.xml import XSI, around, element
from rembigraph.catalogue.exports.citation import cite, one_line, paragraphs
from rembigraph.catalogue.exports.schema_org_facts import (
    identifiers,
    license_of,
    related,
    terms_of,
    texts_without_term,
    web_addresses,
)
from rembigraph.ontology.identifiers import DOI

if TYPE_CHECKING:
    from rembigraph.catalogue.exports import Described

NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_ROOT: Final = {
    "xmlns__oai_dc": NAMESPACE,
    "xmlns__dc": "http://purl.org/dc/elements/1.1/",
    "xmlns__xsi": XSI,
    "xsi__schemaLocation": f"{NAMESPACE} {SCHEMA}",
}


def dublin_core(study: Described) -> str:
    """Return the `oai_dc:dc` element of a study; each statement once."""
    said = dict.fromkeys((name, text) for name, text in _statements(study) if text)
    return around("oai_dc:dc", (element(f"dc:{name}", text) for name, text in said), **_ROOT)


def _statements(study: Described) -> Iterator[tuple[str, str]]:
    cited = cite(study)
    yield "title", cited.title
    yield from (("creator", name.inverted) for name in cited.names)
    for field in ("organism", "imaging_method", "about_term"):
        for iri, label in terms_of(study.terms(field)):
            yield from (("subject", label), ("subject", iri))
    for field in ("organism", "imaging_method"):
        yield from (("subject", text) for text in texts_without_term(study, field))
    yield from (("subject", one_line(word)) for word in study.keywords)
    yield "description", paragraphs(study.description)
    yield "publisher", cited.publisher
    yield "date", study.issued
    yield "type", "Dataset"
    yield "identifier", study.persistent
    yield "identifier", study.page
    yield from (("identifier", text) for text in identifiers(study))
    yield from (("source", page) for page in web_addresses([study.archive_page]))
    for node in study.study.nodes("publication"):
        yield from (
            ("relation", DOI + text.removeprefix(DOI)) for text in map(one_line, node.texts("doi")) if text
        )
    yield from (("relation", other.iri) for other in related(study))
    yield "rights", license_of(study) or one_line(study.study.text("license_text"))
