"""The catalogue as DCAT-AP 3 with Hydra paging, and as a FAIR Data Point 1.2: one graph serves both.

`/dcat` is the dcat:Catalog, `/fdp` the FAIR Data Point that holds it, `/fdp/dataset/{accession}` the metadata record
of a study. Each record leads on by LDP containers and names the profile that it conforms to; `/fdp/shapes` holds the
profiles' shapes, because those that the specification publishes are not valid Turtle. A licence of the metadata is
stated when the keeper has set one; the profiles demand it, and none is made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize
from rembigraph.app.feeds.repository import Repository
from rembigraph.app.negotiation import negotiate
from rembigraph.app.pages.absent import UnknownStudyError, WithdrawnStudyError
from rembigraph.app.pages.answers import OPEN, Body, answer
from rembigraph.app.pages.record import described
from rembigraph.app.pages.site import Site
from rembigraph.catalogue.changes import Changes
from rembigraph.catalogue.exports.dcat import THEMES, dataset_triples, ordered, record_triples
from rembigraph.catalogue.exports.dcat_things import FEED_PREFIXES, Facts, dated, expanded, plain, typed
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import Accession, NotAnAccession, is_accession, parse_accession

if TYPE_CHECKING:
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from starlette.requests import Request
    from starlette.responses import Response

PAGE: Final = 100
"""Datasets on one page of the catalogue."""
FORMATS: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
}
"""Media types, the default first."""
PARAMETERS: Final = {"after": "accession after which the page begins; links give it"}
_SHAPES: Final = "fdp-shapes.ttl"


@dataclass(frozen=True)
class DcatFeed:
    """Answers for the catalogue, the FAIR Data Point and its records.

    Attributes:
        reader: the catalogue.
        site: its addresses.
        repository: who offers the records.
    """

    reader: Reader
    site: Site
    repository: Repository

    def catalogue(self, request: Request) -> Response:
        """Answer with a page of the catalogue.

        Raises:
            UsageError: `after` is no accession.
        """
        after = _after(request)
        with self.reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
            page = self._page(snapshot, changes, after)
        return _rdf(request, page)

    def point(self, request: Request) -> Response:
        """Answer with the record of the FAIR Data Point."""
        with self.reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
            facts = self._point(changes)
        return _rdf(request, ordered(facts.triples, self.site.url("/fdp")))

    def dataset(self, request: Request, text: str) -> Response:
        """Answer with the record of a study; raises UnknownStudyError or WithdrawnStudyError."""
        try:
            accession = parse_accession(text)
        except NotAnAccession as error:
            raise UnknownStudyError("there is no such study here") from error
        with self.reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
            change = changes.of(str(accession))
            if change is None or not change.is_held:
                raise self._absent(accession)
            return _rdf(request, self._dataset(snapshot, str(accession), change.created, change.time))

    def shapes(self, request: Request) -> Response:
        """Answer with the profiles and their shapes, in Turtle."""
        text = resources.files("rembigraph.app.feeds").joinpath(_SHAPES).read_text(encoding="utf-8")
        negotiate(request.headers.get("accept"), ["text/turtle"])
        content = f"@base <{self.site.url('/fdp/shapes')}> .\n{text}".encode()
        return answer(request, Body.of(content), "text/turtle", OPEN)

    def _absent(self, accession: Accession) -> Exception:
        gone = self.reader.withdrawn(str(accession))
        if gone is None:
            return UnknownStudyError("there is no such study here", accession=str(accession))
        return WithdrawnStudyError.of(accession, gone)

    def _heading(self, facts: Facts, iri: str, profile: str, times: tuple[str, str]) -> None:
        """State what every record of a FAIR Data Point says of itself."""
        name = facts.own(iri, "fdp-o:metadataIdentifier", "identifier", "datacite:Identifier")
        facts.add(name, "dct:identifier", plain(iri))
        facts.add(iri, "fdp-o:metadataIssued", dated(times[0]))
        facts.add(iri, "fdp-o:metadataModified", dated(times[1]))
        facts.link(iri, "dct:conformsTo", self.site.url(f"/fdp/shapes#{profile}"), "dct:Standard")

    def _offered(self, facts: Facts, iri: str, title: str, description: str) -> None:
        """State title, description, publisher and licence of what the catalogue itself offers."""
        facts.add(iri, "dct:title", plain(title))
        facts.add(iri, "dct:description", plain(description))
        publisher = self.site.url("/fdp#publisher")
        facts.link(iri, "dct:publisher", publisher, "foaf:Agent")
        facts.add(publisher, "foaf:name", plain(self.repository.name))
        if self.repository.metadata_license:
            facts.link(iri, "dct:license", self.repository.metadata_license, "dct:LicenseDocument")

    def _point(self, changes: Changes) -> Facts:
        iri, catalogue = self.site.url("/fdp"), self.site.url("/dcat")
        facts = Facts(iri)
        for kind in ("fdp-o:FAIRDataPoint", "fdp-o:MetadataService", "dcat:DataService", "dcat:Resource"):
            facts.add(iri, "rdf:type", NamedNode(expanded(kind)))
        self._offered(
            facts,
            iri,
            self.repository.name,
            f"FAIR Data Point of {self.repository.name}: metadata of imaging",
        )
        self._heading(facts, iri, "point", (changes.earliest, changes.time))
        facts.link(iri, "dcat:endpointURL", iri, "rdfs:Resource")
        facts.link(iri, "dcat:endpointDescription", self.site.url("/openapi.json"), "rdfs:Resource")
        facts.link(iri, "fdp-o:metadataCatalog", catalogue, "dcat:Catalog")
        _container(facts, f"{iri}#catalogues", "Catalogues", (iri, "fdp-o:metadataCatalog"), [catalogue])
        return facts

    def _page(self, snapshot: Snapshot, changes: Changes, after: str) -> list[Triple]:
        iri = self.site.url("/dcat")
        found = changes.held(after, PAGE + 1)
        facts = Facts(iri)
        for kind in ("dcat:Catalog", "dcat:Resource", "hydra:Collection"):
            facts.add(iri, "rdf:type", NamedNode(expanded(kind)))
        studies = snapshot.counts.get("studies")
        told = f"Metadata of {studies} imaging studies, each described where it was published"
        self._offered(facts, iri, f"Imaging studies in {self.repository.name}", told)
        self._heading(facts, iri, "catalogue", (changes.earliest, changes.time))
        facts.add(iri, "dct:issued", dated(changes.earliest))
        facts.add(iri, "dct:modified", dated(changes.time))
        facts.link(iri, "dct:isPartOf", self.site.url("/fdp"), "dcat:Resource")
        facts.link(iri, "dcat:themeTaxonomy", THEMES, "skos:ConceptScheme")
        facts.link(iri, "foaf:homepage", self.site.url("/"), "foaf:Document")
        self._paging(facts, after, found, studies)
        triples: list[Triple] = []
        pages: list[str] = []
        for accession, time in found[:PAGE]:
            study = described(snapshot, snapshot.record(accession), self.site)  # type: ignore[arg-type] # it is held
            facts.add(iri, "dcat:dataset", NamedNode(study.persistent))
            # The shapes of records ask for the wider class by name.
            facts.add(study.persistent, "rdf:type", NamedNode(expanded("dcat:Resource")))
            facts.add(iri, "dcat:record", NamedNode(f"{study.page}#record"))
            triples += [*dataset_triples(study), *record_triples(study, time)]
            pages.append(self.site.url(f"/fdp/dataset/{accession}"))
        _container(facts, f"{iri}#datasets", "Datasets", (iri, "dcat:dataset"), pages)
        return ordered([*facts.triples, *triples], iri)

    def _paging(self, facts: Facts, after: str, found: list[tuple[str, str]], studies: int | None) -> None:
        """State the page in both vocabularies of Hydra: harvesters know the older or the newer one."""
        iri = self.site.url("/dcat")
        page = f"{iri}?after={after}"
        facts.link(iri, "hydra:view", page, "hydra:PartialCollectionView")
        facts.add(page, "rdf:type", NamedNode(expanded("hydra:PagedCollection")))
        facts.add(page, "hydra:itemsPerPage", typed(str(PAGE), "xsd:integer"))
        for collection in (iri, page) if studies is not None else ():
            facts.add(collection, "hydra:totalItems", typed(str(studies), "xsd:integer"))
        for newer, older, name in (("first", "firstPage", ""), ("next", "nextPage", _last(found))):
            if newer == "first" or name:
                target = NamedNode(f"{iri}?after={name}")
                facts.add(page, f"hydra:{newer}", target)
                facts.add(page, f"hydra:{older}", target)

    def _dataset(self, snapshot: Snapshot, accession: str, created: str, changed: str) -> list[Triple]:
        study = described(snapshot, snapshot.record(accession), self.site)  # type: ignore[arg-type] # it is held
        iri, page = study.persistent, self.site.url(f"/fdp/dataset/{accession}")
        facts = Facts(page)
        facts.add(iri, "rdf:type", NamedNode(expanded("dcat:Resource")))
        facts.link(iri, "dct:isPartOf", self.site.url("/dcat"), "dcat:Catalog")
        self._heading(facts, iri, "dataset", (created, changed))
        triples = dataset_triples(study)
        has = NamedNode(expanded("dcat:distribution"))
        there = [str(one.object.value) for one in triples if one.predicate == has]  # type: ignore[union-attr]
        _container(facts, f"{page}#distributions", "Distributions", (iri, "dcat:distribution"), there)
        return ordered([*triples, *facts.triples], iri)


def _container(facts: Facts, iri: str, title: str, relation: tuple[str, str], members: Iterable[str]) -> None:
    """State an LDP container, by which clients of a FAIR Data Point go on (specification 1.2, navigation)."""
    facts.add(iri, "rdf:type", NamedNode(expanded("ldp:DirectContainer")))
    facts.add(iri, "dct:title", plain(title))
    facts.add(iri, "ldp:membershipResource", NamedNode(relation[0]))
    facts.add(iri, "ldp:hasMemberRelation", NamedNode(expanded(relation[1])))
    for member in members:
        facts.add(iri, "ldp:contains", NamedNode(member))


def _last(found: list[tuple[str, str]]) -> str:
    """Return the last accession of a page that another one follows, or empty."""
    return found[PAGE - 1][0] if len(found) > PAGE else ""


def _after(request: Request) -> str:
    given = list(request.query_params.multi_items())
    if any(name not in PARAMETERS for name, _ in given) or len(given) > 1:
        raise UsageError("the catalogue takes one parameter, `after`", fix="Follow the link hydra:next.")
    after = request.query_params.get("after", "")
    if after and not is_accession(after):
        raise UsageError("this is no place to go on from", where="after", fix="Follow the link hydra:next.")
    return after


def _rdf(request: Request, triples: list[Triple]) -> Response:
    media_type = negotiate(request.headers.get("accept"), list(FORMATS))
    content = serialize(triples, format=FORMATS[media_type], prefixes=FEED_PREFIXES) or b""
    headers = {"Vary": "Accept", **OPEN}
    return answer(request, Body.of(content), media_type, headers)
