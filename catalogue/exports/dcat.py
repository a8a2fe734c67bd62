"""A study as a Dataset of DCAT-AP 3.0.1, in Turtle; feeds take the triples from the same functions.

Every object has its class in the document, as the shapes for ranges of DCAT-AP 3.0.1 demand. A Dataset has
Distributions only where an address of data is known. Mandatory is a description: where the record has none, the
accession, archive and title say what the Dataset is, as `describe` explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize
from rembigraph.catalogue.exports.citation import cite, one_line, paragraphs
from rembigraph.catalogue.exports.dcat_things import (
    DCAT_TERMS,
    DCTYPE_DATASET,
    PREFIXES,
    Facts,
    dated,
    plain,
    typed,
)
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.exports.schema_org_facts import (
    articles,
    biosample_terms,
    cut_short,
    file_addresses,
    folder_of,
    identifiers,
    is_free,
    license_of,
    notes,
    related,
    terms_of,
    texts_without_term,
    web_addresses,
)

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Author, Described
    from rembigraph.catalogue.exports.schema_org_facts import FileAddress

PROFILE: Final = "http://data.europa.eu/r5r/"
MOST_FILES: Final = 200
"""Most Distributions of files."""
MOST_STUDIES: Final = 200
"""Most other studies."""

_THEME: Final = "http://publications.europa.eu/resource/authority/data-theme/TECH"
THEMES: Final = "http://publications.europa.eu/resource/authority/data-theme"
_PUBLIC: Final = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
_SPDX: Final = "http://spdx.org/rdf/terms#"
_FOAF: Final = "http://xmlns.com/foaf/0.1/"


def describe(study: Described) -> str:
    """Return the description of a Dataset; where the record has none, which study it is.

    DCAT-AP demands a description and has no word for an unknown one; nothing but what identifies the study is said.
    """
    cited = cite(study)
    where = f" ({cited.publisher})" if cited.publisher else ""
    return paragraphs(study.description) or f"{cited.accession}{where}: {cited.title}"


def dataset_triples(study: Described) -> list[Triple]:
    """Return the triples of a study as a Dataset of DCAT-AP, each once, in a fixed order."""
    facts = Facts(study.persistent)
    _heading(study, facts)
    _people(study, facts)
    _rights(study, facts)
    _subject(study, facts)
    _others(study, facts)
    _distributions(study, facts)
    return ordered(facts.triples, study.persistent)


def record_triples(study: Described, changed: str) -> list[Triple]:
    """Return the triples of the catalogue's record about a study, without those of the Dataset.

    Args:
        study: the study.
        changed: when the record last changed here, a date or a time with its zone (ISO 8601): DCAT-AP demands it.
    """
    iri = f"{study.page}#record"
    facts = Facts(iri)
    facts.add(iri, "rdf:type", NamedNode(f"{DCAT_TERMS}CatalogRecord"))
    facts.add(iri, "foaf:primaryTopic", NamedNode(study.persistent))
    facts.add(iri, "dct:modified", dated(changed))
    facts.add(iri, "dct:title", plain(cite(study).title))
    facts.link(iri, "dct:conformsTo", PROFILE, "dct:Standard")
    return ordered(facts.triples, iri)


def ordered(triples: Iterable[Triple], first: str) -> list[Triple]:
    """Return triples each once: those of the first subject first, types before other properties."""
    return sorted(set(triples), key=lambda one: _order(one, f"<{first}>"))


def turtle(triples: Iterable[Triple]) -> bytes:
    """Return triples in Turtle, in the order given, with the prefixes of DCAT-AP."""
    return serialize(list(triples), format=RdfFormat.TURTLE, prefixes=PREFIXES) or b""


def _order(triple: Triple, first: str) -> tuple[bool, str, bool, str, str]:
    subject, predicate = str(triple.subject), str(triple.predicate)
    return subject != first, subject, not predicate.endswith("#type>"), predicate, str(triple.object)


def _heading(study: Described, facts: Facts) -> None:
    iri = study.persistent
    facts.add(iri, "rdf:type", NamedNode(f"{DCAT_TERMS}Dataset"))
    facts.link(iri, "dct:type", DCTYPE_DATASET, "skos:Concept", label="Dataset")
    facts.add(iri, "dct:title", plain(cite(study).title))
    facts.add(iri, "dct:description", plain(describe(study)))
    accession, *others = identifiers(study)
    facts.add(iri, "dct:identifier", plain(accession))
    for number, other in enumerate(others, start=1):
        node = facts.own(iri, "adms:identifier", f"identifier-{number}", "adms:Identifier")
        facts.add(node, "skos:notation", typed(other, "xsd:anyURI"))
    for page in dict.fromkeys([study.page, *web_addresses([study.archive_page])]):
        facts.link(iri, "dcat:landingPage", page, "foaf:Document")
    for name, text in (("dct:issued", study.issued), ("dct:modified", study.study.text("modified"))):
        if text:
            facts.add(iri, name, dated(one_line(text)))
    for word in map(one_line, study.keywords):
        if word:
            facts.add(iri, "dcat:keyword", plain(word))


def _people(study: Described, facts: Facts) -> None:
    name, home = cite(study).publisher, study.accession.archive.home
    if name:
        facts.link(study.persistent, "dct:publisher", home, "foaf:Agent")
        facts.add(home, "foaf:name", plain(name))
    taken: set[str] = set()
    for number, author in enumerate(study.authors, start=1):
        _creator(study.persistent, number, author, facts, taken)


def _creator(iri: str, number: int, author: Author, facts: Facts, taken: set[str]) -> None:
    """State one author; two people never share an IRI, whatever ORCID the record gives them."""
    own = author.orcid if author.orcid and author.orcid not in taken else f"{iri}#author-{number}"
    taken.add(own)
    facts.link(iri, "dct:creator", own, "foaf:Agent")
    facts.add(own, "rdf:type", NamedNode(_FOAF + ("Organization" if author.is_organisation else "Person")))
    facts.add(own, "foaf:name", plain(one_line(author.name)))


def _rights(study: Described, facts: Facts) -> None:
    licence = license_of(study)
    if licence:
        facts.link(study.persistent, "dct:license", licence, "dct:LicenseDocument")
    if is_free(study):
        facts.link(study.persistent, "dct:accessRights", _PUBLIC, "dct:RightsStatement", label="public")
    rights = paragraphs(study.study.text("rights"))
    if rights:
        node = facts.own(study.persistent, "dct:rights", "rights", "dct:RightsStatement")
        facts.add(node, "rdfs:label", plain(rights))


def _subject(study: Described, facts: Facts) -> None:
    facts.link(study.persistent, "dcat:theme", _THEME, "skos:Concept", label="Science and technology")
    facts.link(_THEME, "skos:inScheme", THEMES, "skos:ConceptScheme")
    facts.add(THEMES, "dct:title", plain("Data theme"))
    methods = terms_of(study.terms("imaging_method"))
    for found, label in [*terms_of(study.terms("organism")), *methods, *biosample_terms(study)]:
        facts.link(study.persistent, "dct:subject", found, "skos:Concept", label=label)
    for field in ("organism", "imaging_method"):
        for text in texts_without_term(study, field):
            facts.add(study.persistent, "dc:subject", plain(text))


def _others(study: Described, facts: Facts) -> None:
    for one in articles(study):
        facts.link(study.persistent, "dct:isReferencedBy", one.iri, "rdfs:Resource", label=one.title)
        facts.add(one.iri, "rdf:type", NamedNode("http://purl.org/ontology/bibo/Document"))
    found = related(study)
    for other in found[:MOST_STUDIES]:
        facts.link(study.persistent, "dct:relation", other.iri, "rdfs:Resource", label=other.name)
        facts.add(other.iri, "rdf:type", NamedNode(f"{DCAT_TERMS}Resource"))
        facts.add(other.iri, "dct:identifier", plain(other.identifier))
        facts.add(other.iri, "rdfs:comment", plain(other.words))
        if other.page:
            facts.link(other.iri, "foaf:isPrimaryTopicOf", other.page, "foaf:Document")
    files, known = file_addresses(study, MOST_FILES)
    listed = min(len(found), MOST_STUDIES)
    said = (
        cut_short("addresses of files", len(files), known),
        cut_short("related studies", listed, len(found)),
    )
    for note in notes(*said):
        facts.add(study.persistent, "rdfs:comment", plain(note))


def _distributions(study: Described, facts: Facts) -> None:
    folder = folder_of(study)
    if folder:
        _distribution(study, folder, "folder", facts)
    for number, file in enumerate(file_addresses(study, MOST_FILES)[0], start=1):
        _distribution(study, file, f"file-{number}", facts)


def _distribution(study: Described, file: FileAddress, name: str, facts: Facts) -> None:
    node = facts.own(study.persistent, "dcat:distribution", f"distribution-{name}", "dcat:Distribution")
    facts.link(node, "dcat:accessURL", file.url, "rdfs:Resource")
    if file.is_file:
        facts.link(node, "dcat:downloadURL", file.url, "rdfs:Resource")
    facts.add(node, "dct:title", plain(file.name))
    if license_of(study):
        facts.link(node, "dct:license", license_of(study), "dct:LicenseDocument")
    for text in _format(file):
        facts.link(node, *text)
    if file.byte_size is not None:
        facts.add(node, "dcat:byteSize", typed(str(file.byte_size), "xsd:nonNegativeInteger"))
    algorithm, digest = file.checksum
    if digest:
        check = facts.own(node, "spdx:checksum", f"{name}-checksum", "spdx:Checksum")
        method = f"{_SPDX}checksumAlgorithm_{algorithm.replace('-', '')}"
        facts.link(check, "spdx:algorithm", method, "spdx:ChecksumAlgorithm")
        facts.add(check, "spdx:checksumValue", typed(digest, "xsd:hexBinary"))


def _format(file: FileAddress) -> Iterator[tuple[str, str, str, str]]:
    """Yield property, IRI, class and label of the media type; of a format in words there is no IRI to give."""
    if file.media_type:
        iri = f"https://www.iana.org/assignments/media-types/{file.media_type}"
        yield "dcat:mediaType", iri, "dct:MediaType", file.media_type


def _make(study: Described) -> bytes:
    return turtle(dataset_triples(study))


DCAT: Final = Export(
    name="dcat",
    label="DCAT-AP 3",
    suffix="dcat.ttl",
    media_type="text/turtle",
    profile=PROFILE,
    make=_make,
)
"""The DCAT-AP description of a study."""
