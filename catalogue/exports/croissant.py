"""A study as a Croissant 1.0 Dataset, for programs that train models: only where images and their annotations lie open.

Source: http://mlcommons.org/croissant/1.0. A FileObject needs a checksum unless the Dataset is "live", one whose bytes
may change: where the record gives no checksum of a listed file, nobody can vouch for its bytes, so the Dataset is live.
Record sets are left out: no record says how pixels and labels are laid out in the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import citation_text, cite, one_line, paragraphs
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.exports.schema_org import publisher, written
from rembigraph.catalogue.exports.schema_org_facts import (
    cut_short,
    file_at,
    license_of,
    origin_of,
    web_addresses,
)
from rembigraph.catalogue.exports.schema_org_things import Thing, agent, filled
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described
    from rembigraph.catalogue.exports.schema_org_facts import FileAddress
    from rembigraph.catalogue.recordview import Node

PROFILE: Final = "http://mlcommons.org/croissant/1.0"
MOST_FILES: Final = 200
"""Most images, and most annotation files, that are listed."""
UNKNOWN_FORMAT: Final = "application/octet-stream"
"""Media type of a file of which nothing is known (RFC 2046, section 4.5.1)."""

_CHECKSUMS: Final[Mapping[str, str]] = {"sha256": "sha256", "sha-256": "sha256", "md5": "md5"}
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 prescribes."""


def applies(study: Described) -> bool:
    """Whether the addresses of an image file and of an annotation file are known."""
    return any(_images(study)) and any(_annotations(study))


def croissant(study: Described) -> Thing:
    """Return a study as a JSON-LD document of Croissant."""
    images, annotations = dict(_images(study)), dict(_annotations(study))
    listed = [*_listed("image", images, annotations), *_listed("annotation", annotations)]
    cited = cite(study)
    return filled(
        {
            "@context": CONTEXT,
            "@id": study.persistent,
            "@type": "sc:Dataset",
            "conformsTo": PROFILE,
            "name": cited.title,
            "description": " ".join(filter(None, [paragraphs(study.description), _cut(images, annotations)])),
            "url": origin_of(study),
            "sameAs": web_addresses([study.page, *study.same_as]),
            "license": license_of(study),
            "creator": [agent(author) for author in study.authors],
            "publisher": publisher(study),
            "datePublished": study.issued,
            "keywords": list(dict.fromkeys(filter(None, map(one_line, study.keywords)))),
            "citeAs": citation_text(study),
            "isLiveDataset": None if all({"sha256", "md5"} & one.keys() for one in listed) else True,
            "distribution": listed,
        }
    )


def _cut(images: Mapping[str, Node], annotations: Mapping[str, Node]) -> str:
    said = (
        cut_short(of, min(len(found), MOST_FILES), len(found))
        for of, found in (("images", images), ("annotation files", annotations))
    )
    return " ".join(filter(None, said))


def _listed(
    kind: str, found: Mapping[str, Node], but_not: Mapping[str, Node] | None = None
) -> Iterator[Thing]:
    """Yield the first files of a kind as FileObjects; a file that annotates is not listed as an image too."""
    first = islice(((url, node) for url, node in found.items() if url not in (but_not or ())), MOST_FILES)
    for number, (url, node) in enumerate(first, start=1):
        yield _file(f"{kind}-{number}", kind, file_at(url, node))


def _file(name: str, kind: str, file: FileAddress) -> Thing:
    algorithm, digest = file.checksum
    known = _CHECKSUMS.get(algorithm, "")
    return filled(
        {
            "@id": name,
            "@type": "cr:FileObject",
            "name": name,
            "description": f"{kind}: {file.name}",
            "contentUrl": file.url,
            "contentSize": f"{file.byte_size} B" if file.byte_size is not None else "",
            "encodingFormat": file.media_type or UNKNOWN_FORMAT,
            **({known: digest} if known else {}),
        }
    )


def _images(study: Described) -> Iterator[tuple[str, Node]]:
    for image in study.view.of_class("Image"):
        for form in image.nodes("representation"):
            yield from _addresses([form, *form.nodes("file_reference")])


def _annotations(study: Described) -> Iterator[tuple[str, Node]]:
    for annotation in study.view.of_class("Annotation"):
        yield from _addresses([*annotation.nodes("file_reference"), *annotation.nodes("file_set")])


def _addresses(nodes: list[Node]) -> Iterator[tuple[str, Node]]:
    for node in nodes:
        yield from ((url, node) for url in node.iris("download_url") if is_web_address(url))


def _make(study: Described) -> bytes:
    return written(croissant(study))


CROISSANT: Final = Export(
    name="croissant",
    label="Croissant",
    suffix="croissant.json",
    media_type="application/ld+json",
    profile=PROFILE,
    make=_make,
    applies=applies,
)
"""The Croissant document of a study with open images and annotations."""
