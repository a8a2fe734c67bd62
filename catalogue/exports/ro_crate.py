"""A study as a detached RO-Crate 1.2 in the GIDE profile (January 2026): what the GIDE search harvests.

The root is the study's page at its archive. The profile's own terms are defined as its context does, `rdf:seeAlso`
included; `datePublished` is left as RO-Crate has it, because a partial date is no `xsd:date`. Where a record lacks what
the profile needs, the crate lacks it too, and `gaps` names it. Links to other studies are beyond the profile, which is
open to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import cite, one_line, paragraphs
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.exports.ro_crate_samples import Samples
from rembigraph.catalogue.exports.ro_crate_things import Graph, Reference
from rembigraph.catalogue.exports.schema_org import MOST_PICTURES, written
from rembigraph.catalogue.exports.schema_org_facts import (
    articles,
    cut_short,
    file_addresses,
    folder_of,
    license_of,
    notes,
    origin_of,
    related,
    web_addresses,
)
from rembigraph.catalogue.exports.schema_org_things import Thing, filled, sizes

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described
    from rembigraph.catalogue.exports.schema_org_facts import Related

SPECIFICATION: Final = "https://w3id.org/ro/crate/1.2"
CONTEXT: Final[list[Any]] = [
    f"{SPECIFICATION}/context",
    {
        "bia": "https://bioimage-archive.org/ro-crate/",
        "obo": "http://purl.obolibrary.org/obo/",
        "dwc": "http://rs.tdwg.org/dwc/terms/",
        "dwciri": "http://rs.tdwg.org/dwc/iri/",
        "bao": "http://www.bioassayontology.org/bao#",
        "vernacularName": {"@id": "dwc:vernacularName"},
        "scientificName": {"@id": "dwc:scientificName"},
        "hasCellLine": {"@id": "bao:BAO_0002004"},
        "measurementMethod": {"@id": "dwciri:measurementMethod"},
        "seeAlso": {"@id": "rdf:seeAlso"},
        "BioSample": {"@id": "http://schema.org/BioSample"},
        "LabProtocol": {"@id": "http://schema.org/LabProtocol"},
        "labEquipment": {"@id": "http://schema.org/labEquipment"},
    },
]
DESCRIPTOR: Final = "ro-crate-metadata.json"
MOST_FILES: Final = 100
"""Most files that a crate lists."""
MOST_STUDIES: Final = 100
"""Most other studies that a crate lists."""
_REQUIRED: Final = ("name", "description", "datePublished", "license", "author", "publisher")
_DESCRIBED: Final = ("BioSample", "LabProtocol")


def crate(study: Described) -> Thing:
    """Return a study as an RO-Crate: its context and its flat graph, the descriptor first, then the root."""
    graph = Graph()
    root = filled(_root(study, graph))
    said = list(notes(*_cut(study), *graph.notes))
    descriptor = filled(
        {
            "@id": DESCRIPTOR,
            "@type": "CreativeWork",
            "conformsTo": {"@id": SPECIFICATION},
            "about": {"@id": root["@id"]},
            "url": study.page,
            "description": " ".join(said),
        }
    )
    return {
        "@context": CONTEXT,
        "@graph": [descriptor, root, *graph.things(but_not={root["@id"], DESCRIPTOR})],
    }


def gaps(study: Described) -> tuple[str, ...]:
    """Return what the GIDE profile needs and the record of a study lacks, in words; empty when the crate conforms."""
    things = crate(study)["@graph"]
    root, others = things[1], things[2:]
    kinds = {thing["@id"]: thing["@type"] for thing in others}
    found = [name for name in _REQUIRED if name not in root]
    if not any(kinds.get(one["@id"]) == "Taxon" for one in root.get("about", ())):
        found.append("about: a Taxon")
    if not any(kinds.get(one["@id"]) == "DefinedTerm" for one in root.get("measurementMethod", ())):
        found.append("measurementMethod: a term for an imaging method")
    for kind in _DESCRIBED:
        lacking = sum(thing["@type"] == kind and "description" not in thing for thing in others)
        found += [f"description of {lacking} {kind}"] if lacking else []
    return tuple(found)


def _root(study: Described, graph: Graph) -> Thing:
    cited, origin = cite(study), origin_of(study)
    samples = Samples(study, graph)
    publications = [graph.article(one) for one in articles(study)]
    return {
        "@id": origin,
        "@type": "Dataset",
        "name": cited.title,
        "description": paragraphs(study.description),
        "datePublished": study.issued,
        "dateModified": one_line(study.study.text("modified")),
        "license": _license(study, graph),
        "copyrightNotice": one_line(study.study.text("rights")),
        "identifier": str(study.accession),
        "sameAs": [iri for iri in web_addresses([*study.same_as, study.persistent]) if iri != origin],
        "keywords": list(dict.fromkeys(filter(None, map(one_line, study.keywords)))),
        "author": graph.authors(study.authors),
        "publisher": graph.publisher(study),
        "about": samples.about(),
        "measurementMethod": samples.methods(),
        "citation": publications,
        "seeAlso": publications,
        "funder": list(graph.grants(study)),
        "size": [
            graph.add({"@id": f"#size-{one['unitText'].replace(' ', '-')}", **one}) for one in sizes(study)
        ],
        "thumbnailUrl": web_addresses(study.study.iris("thumbnail"))[:MOST_PICTURES],
        "distribution": _folder(study, graph),
        "hasPart": [graph.file(one) for one in file_addresses(study, MOST_FILES)[0]],
        **_others(study, graph),
    }


def _license(study: Described, graph: Graph) -> Reference | None:
    iri = license_of(study)
    return graph.license(iri) if iri else None


def _folder(study: Described, graph: Graph) -> Reference | None:
    folder = folder_of(study)
    if folder is None:
        return None
    return graph.add(
        {"@id": folder.url, "@type": "DataDownload", "name": folder.name, "contentUrl": folder.url}
    )


def _others(study: Described, graph: Graph) -> Thing:
    """Other studies: not as Datasets, of which a crate of the profile has exactly one."""
    found = related(study)[:MOST_STUDIES]
    return {
        "isBasedOn": [_other(one, graph) for one in found if one.is_source],
        "mentions": [_other(one, graph) for one in found if not one.is_source],
    }


def _other(one: Related, graph: Graph) -> Reference:
    return graph.add(
        {
            "@id": one.iri,
            "@type": "CreativeWork",
            "name": one.name,
            "identifier": one.identifier,
            "description": one.words,
            "additionalType": "http://schema.org/Dataset",
        }
    )


def _cut(study: Described) -> Iterator[str]:
    files, known = file_addresses(study, MOST_FILES)
    others = len(related(study))
    yield cut_short("addresses of files", len(files), known)
    yield cut_short("related studies", min(others, MOST_STUDIES), others)


def _make(study: Described) -> bytes:
    return written(crate(study))


RO_CRATE: Final = Export(
    name="rocrate",
    label="RO-Crate (GIDE)",
    suffix=DESCRIPTOR,
    media_type="application/ld+json",
    profile=SPECIFICATION,
    make=_make,
    joint="-",
)
"""The RO-Crate of a study; GIDE names the file `{accession}-ro-crate-metadata.json`."""
