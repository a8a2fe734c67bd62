"""GIDE RO-Crates: how the BioImage Archive (with its EMPIAR mirrors), the IDR and SSBD publish their studies.

The profile is that of the GIDE search (January 2026), and what its writers do beside it: any descriptor name,
`rdf:seeAlso`, misspelt types, ids with blanks or two IRIs in one, affiliations within a description, "None"
for a date. A `@type` counts as mapped where the class of the record stands for it; that of the descriptor, which is
the document itself, where the catalogue's SourceRecord does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.ro_crate_graph import CrateGraph, Node, Value
from rembigraph.loaders.ro_crate_people import People, publications
from rembigraph.loaders.ro_crate_samples import Samples, sizes
from rembigraph.loaders.ro_crate_terms import Crate, is_relative
from rembigraph.loaders.values import (
    doi,
    doi_iri,
    licence_iri,
    partial_date,
    prose,
    web_address,
    without_email,
)
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import OntologyTerm, Organisation, Study, StudyComponent
from rembigraph.ontology.identifiers import Accession, NotAnAccession, parse_accession

FORMAT = "ro-crate"
SOURCE = "gide"

_SNIFFED_BYTES = 64 * 1024
_OURS = b'"https://w3id.org/rembigraph/'  # a record in our own vocabulary, or its context, is no crate
_PRIVATE = {"email": "private-email", "telephone": "private-contact", "faxNumber": "private-contact"}
_SSBD = re.compile(r"https?://ssbd\.riken\.jp/")
_SSBD_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
_ACCESSION_FIX = (
    "The root Dataset needs an `identifier` such as EMPIAR-10310, S-BIAD1076, idr0001 or ssbd-repos-000435 "
    "(EXAMPLE-0001 for a made-up crate)."
)


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object with `@graph` and `@context`, in words other than our own."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{") or b'"@graph"' not in head or _OURS in head:
        return False
    return b'"@context"' in head or b'"@context"' in document.data[-_SNIFFED_BYTES:]


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the study of a crate; what stands in the way is yielded as an error."""
    try:
        parsed = parse_json(document)
        if not isinstance(parsed, dict):
            raise SourceMalformed("the document is no JSON object", source=document.place, code="no-graph")
        yield _reading(document, parsed)
    except SourceError as error:
        yield error


@dataclass(frozen=True)
class MappedCrate:
    """A crate after mapping, before completion.

    Attributes:
        study: the record, without kept values and without identifiers.
        account: what became of each leaf.
        source_date: date that the crate states for itself, or empty.
        leaf_name: names a leaf of the crate for people.
    """

    study: Study
    account: LeafAccount
    source_date: str
    leaf_name: Callable[[str], str]


def _reading(document: Document, parsed: dict[str, Any]) -> Reading:
    mapped = mapped_crate(document, parsed)
    mapped.study.kept_value = mapped.account.kept()
    return Reading(
        study=complete(mapped.study, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=document.data,
        leaves=mapped.account.leaves(),
        source_date=mapped.source_date,
        unmapped=mapped.account.unmapped(mapped.leaf_name),
    )


def mapped_crate(document: Document, parsed: dict[str, Any]) -> MappedCrate:
    """Map the nodes of a crate, from whatever document they come.

    Raises:
        SourceMalformed: there is no accession, no graph, or an unknown context.
        SourceSkipped: there is no study.
    """
    account = LeafAccount(parsed)
    graph = CrateGraph(parsed, document.place)
    crate = Crate(graph, account)
    root = graph.root()
    if root is None:
        message = "the crate holds no study: no Dataset in it is the root"
        raise SourceSkipped(message, where=document.place, fix="Point the descriptor's `about` at a Dataset.")
    accession = _accession(crate, root, document)
    _ignore_what_is_not_published(crate)
    study = _study(crate, root, accession)
    study.resolution = list(crate.resolutions.values())
    return MappedCrate(study, account, _source_date(root), graph.leaf_name)


def _ignore_what_is_not_published(crate: Crate) -> None:
    for node in crate.graph.nodes.values():
        for name, rule in _PRIVATE.items():
            for place in node.places.get(name, ()):
                crate.account.ignored_under(place, rule)
    descriptor = crate.graph.descriptor()
    if descriptor:
        crate.claim_types(descriptor, "CreativeWork")
        for pointer in (
            *descriptor.id_pointers,
            *(place for found in descriptor.types.values() for place in found),
        ):
            crate.account.ignored(pointer, "ro-crate-descriptor")
        for name in ("conformsTo", "about"):
            for place in descriptor.places.get(name, ()):
                crate.account.ignored_under(place, "ro-crate-descriptor")


def _source_date(root: Node) -> str:
    """The date that the crate states for itself."""
    values = (
        value for name in ("sdDatePublished", "dateModified") for value in root.properties.get(name, ())
    )
    return next((date for value in values if (date := partial_date(value.text or ""))), "")


# --- accession and addresses


def _accession(crate: Crate, root: Node, document: Document) -> Accession:
    for text, value in _names_of_study(crate, root):
        accession = _parsed(text) or _parsed(_last_segment(text)) or _ssbd_project(root, text)
        if accession:
            if value:
                crate.follow(value)
            return accession
    _skip_without_study(crate, root, document)
    given = next((text for text, _ in _names_of_study(crate, root)), "")
    message = f"the crate's study has no accession of a known archive (it says {without_email(given)[:80]!r})"
    raise SourceMalformed(
        message, source=document.place, pointer="/@graph", code="unknown-accession", fix=_ACCESSION_FIX
    )


def _names_of_study(crate: Crate, root: Node) -> Iterator[tuple[str, Value | None]]:
    for value in root.properties.get("identifier", ()):
        target = crate.graph.target(value)
        if value.text:
            yield value.text.strip(), value
        for part in target.properties.get("value", ()) if target else ():
            if part.text:
                yield part.text.strip(), part
        if value.node and not value.node.startswith("_:"):
            yield value.node, value
    yield root.id, None


def _last_segment(address: str) -> str:
    return unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2]) if "/" in address else ""


def _parsed(text: str) -> Accession | None:
    try:
        return parse_accession(text)
    except NotAnAccession:
        return None


def _ssbd_project(root: Node, text: str) -> Accession | None:
    """Projects of the SSBD database have a name of their own and no accession: `10-Komatsuzaki-MolDyn`."""
    name = _last_segment(text) if _SSBD.match(text) else text
    at_ssbd = any(_SSBD.match(iri) for iri in (root.id, *root.references("publisher")))
    return _parsed(f"ssbd-db-{name}") if at_ssbd and _SSBD_PROJECT.fullmatch(name) else None


def _skip_without_study(crate: Crate, root: Node, document: Document) -> None:
    """An index lists studies that have crates of their own; a crate of something else is no study either."""
    if not root.is_a("Dataset"):
        kinds = ", ".join(root.types) or "nothing that has a type"
        message = f"the crate holds no study: it is about {without_email(kinds)[:80]}, not about a Dataset"
        raise SourceSkipped(message, where=document.place)
    parts = [node for node in crate.graph.of_type("Dataset") if node is not root]
    listed = [part for part in parts if any(_parsed(text) for text, _ in _names_of_study(crate, part))]
    if listed:
        message = f"the crate holds no study: it is an index of {len(listed)} others"
        raise SourceSkipped(message, where=document.place, fix="Load the crates that it lists.")


def _place_root(crate: Crate, root: Node, study: Study, accession: Accession) -> None:
    """The archive's own page is the landing page; any other address of the study is a further identifier."""
    crate.claim_types(root, "Dataset")
    address = web_address(root.id)
    pages = [*([address] if address else []), *crate.addresses(root, "url")]
    study.landing_page = accession.landing_page or next(iter(pages), None)
    own = str(study.landing_page).rstrip("/")
    study.alternate_identifier = list(dict.fromkeys(page for page in pages if page.rstrip("/") != own))
    for pointer in (*root.id_pointers, *_references_to_root(crate, root)):
        if address or _parsed(root.id) == accession:
            crate.account.mapped(pointer)
        elif is_relative(root.id):
            crate.account.ignored(pointer, "structural-id")


def _references_to_root(crate: Crate, root: Node) -> Iterator[str]:
    descriptor = crate.graph.descriptor()
    for value in descriptor.properties.get("about", ()) if descriptor else ():
        if value.node == root.id and value.pointer:
            yield value.pointer


def _add_identifiers(crate: Crate, root: Node, study: Study, accession: Accession) -> None:
    found = list(study.alternate_identifier or [])
    for name in ("identifier", "sameAs"):
        for value in crate.values(root, name):
            text = prose(value.raw) if isinstance(value.raw, str) else ""
            if not text or text != value.raw.strip() or value.node.startswith("_:"):
                continue
            crate.follow(value)
            if not _says(text, accession) and not _is_data_doi(study, text):
                found.append(text)
    study.alternate_identifier = list(dict.fromkeys(found))


def _says(text: str, accession: Accession) -> bool:
    same = accession.text in {f"ssbd-db-{text}", f"ssbd-db-{_last_segment(text)}"}
    return same or text == accession.identifiers_org or _parsed(text) == accession


def _is_data_doi(study: Study, text: str) -> bool:
    """Whether the text is the DOI of the data; the first one is."""
    name = doi(text)
    if name and study.dataset_doi is None:
        study.dataset_doi = doi_iri(name)
    return bool(name) and study.dataset_doi == doi_iri(str(name))


# --- the study


def _study(crate: Crate, root: Node, accession: Accession) -> Study:
    people, samples = People(crate), Samples(crate)
    samples.map_all(root)
    study = Study(accession=accession.text, **sizes(crate, root))
    _place_root(crate, root, study, accession)
    _add_identifiers(crate, root, study, accession)
    _describe(crate, root, study)
    _add_licence(crate, root, study)
    study.contribution = people.contributions(root)
    study.publisher = _publisher(crate, people, root)
    study.publication = publications(crate, root)
    study.grant = people.grants(root)
    study.funding_statement = crate.text(root, "funder")
    _, study.organism, about_terms = samples.about(root)
    _, study.imaging_method, study.imaging_method_text = samples.methods(root)
    study.component, more_terms = _components(crate, samples, root)
    study.about_term = list({id(term): term for term in [*about_terms, *more_terms]}.values())
    study.biosample = list(samples.biosamples.values())
    study.acquisition = list(samples.acquisitions.values())
    study.protocol = list(samples.protocols.values())
    return study


def _describe(crate: Crate, root: Node, study: Study) -> None:
    study.title = crate.text(root, "name")
    study.description = crate.text(root, "description")
    study.issued = crate.date(root, "datePublished")
    study.modified = crate.date(root, "dateModified")
    study.keyword = crate.texts(root, "keywords")
    study.rights = crate.text(root, "copyrightNotice")
    study.thumbnail = crate.addresses(root, "thumbnailUrl")
    study.study_type = crate.text(root, "studyType") or _label_of(crate, root, "studyType")


def _label_of(crate: Crate, root: Node, name: str) -> str | None:
    nodes = (crate.graph.target(value) for value in crate.values(root, name))
    return next((label for node in nodes if node and (label := crate.text(node, "name"))), None)


def _publisher(crate: Crate, people: People, root: Node) -> Organisation | None:
    return next(
        (found for value in crate.values(root, "publisher") if (found := people.organisation(value))), None
    )


def _components(
    crate: Crate, samples: Samples, root: Node
) -> tuple[list[StudyComponent], list[OntologyTerm]]:
    """Every further Dataset is a part of the study, whether the root names it or not."""
    parts = {node.id: node for node in crate.graph.of_type("Dataset") if node is not root}
    for value in crate.values(root, "hasPart"):
        if value.node in parts:
            crate.follow(value)
    named = {name: parts[name] for name in root.references("hasPart") if name in parts}
    mapped = [samples.component(node) for node in (named | parts).values()]
    return [component for component, _ in mapped], [term for _, terms in mapped for term in terms]


# --- licence


def _add_licence(crate: Crate, root: Node, study: Study) -> None:
    for value in crate.values(root, "license"):
        node = crate.graph.target(value)
        licence = _licence_meant(value, node)
        if licence and study.license in {None, licence}:
            study.license = licence
            _take_licence(crate, value, node, study)
        elif study.license_text is None and not licence:
            study.license_text = crate.one_text(value)


def _licence_meant(value: Value, node: Node | None) -> str | None:
    texts = [value.node or value.text or "", *(text for _, text in _words_of_licence(node))]
    known = next((iri for text in texts if (iri := licence_iri(text))), None)
    return known or next((address for text in texts if (address := web_address(text))), None)


def _words_of_licence(node: Node | None) -> Iterator[tuple[Value, str]]:
    for name in ("url", "identifier", "name"):
        for value in node.properties.get(name, ()) if node else ():
            yield value, value.node or value.text or ""


def _take_licence(crate: Crate, value: Value, node: Node | None, study: Study) -> None:
    """Take what says the licence; a name of it in other words stays beside it."""
    if _same_licence(value.node or value.text or "", study):
        crate.follow(value)
        for pointer in node.id_pointers if node else ():
            crate.account.mapped(pointer)
    if node is None:
        return
    crate.dissolve(node, value)
    for part, text in _words_of_licence(node):
        if _same_licence(text, study):
            crate.follow(part)
    study.license_text = study.license_text or crate.text(node, "name")


def _same_licence(text: str, study: Study) -> bool:
    return study.license in {licence_iri(text), web_address(text)}
