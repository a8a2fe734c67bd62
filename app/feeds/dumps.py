"""Dumps of a generation: every study in one file, or those of one archive, made study by study while they are sent.

A dump holds exactly what the studies' own addresses give: `.nq` and `.trig` the facts, provenance and validation of
each, `.csv` a row of the study list. The whole `.nq` also has what the catalogue derived (graphs `links` and
`inferred`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import zstandard
from rembigraph.app.feeds.streams import gathered
from rembigraph.app.pages.listing import csv_table
from rembigraph.catalogue.changes import Changes
from rembigraph.ontology.identifiers import ARCHIVES

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot

ALL: Final = "all"
"""Name of the slice that is no slice."""
FORMS: Final[Mapping[str, str]] = {
    "nq": "application/n-quads",
    "trig": "application/trig",
    "csv": "text/csv",
}
"""Media types by the ends of names."""
PACKINGS: Final[Mapping[str, str]] = {"gz": "application/gzip", "zst": "application/zstd"}
_FORM_NAMES: Final = {"nq": "nquads", "trig": "trig"}
_NAME: Final = re.compile(r"([A-Za-z0-9-]{1,40})\.(nq|trig|csv)\.(gz|zst)", re.ASCII)
_ROWS: Final = 500
_KEYS: Final = frozenset({ALL, *(archive.key for archive in ARCHIVES)})


@dataclass(frozen=True)
class Dump:
    """A file of dumps.

    Attributes:
        slice: key of an archive, or `ALL`.
        form: what it is written in; a key of `FORMS`.
        packing: how it is packed; a key of `PACKINGS`.
    """

    slice: str
    form: str
    packing: str

    @classmethod
    def named(cls, name: str) -> Dump | None:
        """Return the dump of a name such as `EMPIAR.nq.gz`; None when there is none."""
        found = _NAME.fullmatch(name)
        return cls(*found.groups()) if found and found[1] in _KEYS else None

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.slice}.{self.form}.{self.packing}"

    def packed(self, snapshot: Snapshot, site: Site) -> Iterator[bytes]:
        """Yield the content of the file; the same generation always gives the same bytes."""
        return gathered(_PACKERS[self.packing](self.plain(snapshot, site)))

    def plain(self, snapshot: Snapshot, site: Site) -> Iterator[bytes]:
        """Yield the content before it is packed."""
        with Changes.opened(snapshot.path) as changes:
            held = (name for name, _ in changes.every_held("" if self.slice == ALL else self.slice))
            if self.form == "csv":
                yield from _rows(snapshot, site, held)
                return
            for accession in held:
                yield snapshot.serialise(accession, _FORM_NAMES[self.form])
        if self.slice == ALL and self.form == "nq":
            yield from (f"{line} .\n".encode() for line in snapshot.derived_triples())


def dumps_of(snapshot: Snapshot) -> Iterator[Dump]:
    """Yield the dumps of a generation: all studies, and those of each archive that has some."""
    for part in (ALL, *sorted(snapshot.counts.get("archives", {}))):
        for form in FORMS:
            for packing in PACKINGS:
                yield Dump(part, form, packing)


def made(reader: Reader, site: Site, dump: Dump) -> Iterator[bytes]:
    """Yield a dump of the newest generation, which stays open meanwhile."""
    with reader.snapshot() as snapshot:
        yield from dump.packed(snapshot, site)


def listed(snapshot: Snapshot, site: Site) -> dict[str, Any]:
    """Return what dumps there are, for programs."""
    base = site.url(f"/dumps/{snapshot.generation}")
    return {
        "generation": snapshot.generation,
        "time": snapshot.meta["time"],
        "latest": site.url("/dumps/latest"),
        "files": [
            {"name": one.name, "slice": one.slice, "form": FORMS[one.form], "url": f"{base}/{one.name}"}
            for one in dumps_of(snapshot)
        ],
    }


def void(snapshot: Snapshot, site: Site) -> bytes:
    """Return what the dataset is and where, in the vocabulary VoID, as Turtle; numbers are those of the generation."""
    iri = site.url("/.well-known/void#dataset")
    files = [
        site.url(f"/dumps/latest/{ALL}.{form}.{packing}") for form in _FORM_NAMES for packing in PACKINGS
    ]
    lines = [
        "@prefix void: <http://rdfs.org/ns/void#> .",
        "@prefix dct: <http://purl.org/dc/terms/> .",
        "@prefix foaf: <http://xmlns.com/foaf/0.1/> .",
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .",
        f"<{site.url('/dumps/void.ttl')}> a void:DatasetDescription ; foaf:primaryTopic <{iri}> .",
        f"<{iri}> a void:Dataset ;",
        '  dct:title "Rembigraph" ;',
        f'  dct:modified "{snapshot.meta["time"]}"^^xsd:dateTime ;',
        f"  foaf:homepage <{site.url('/')}> ;",
        f"  void:sparqlEndpoint <{site.url('/sparql')}> ;",
        f'  void:uriSpace "{snapshot.iris.data_base}" ;',
        "  void:feature <http://www.w3.org/ns/formats/N-Quads>, <http://www.w3.org/ns/formats/TriG> ;",
        *(f"  void:dataDump <{file}> ;" for file in files),
        f"  void:documents {int(snapshot.counts.get('studies') or 0)} .",
    ]
    return ("\n".join(lines) + "\n").encode()


def _rows(snapshot: Snapshot, site: Site, held: Iterator[str]) -> Iterator[bytes]:
    is_first = True
    while names := list(islice(held, _ROWS)):
        cards = snapshot.search.cards(names)
        yield csv_table((cards[name] for name in names if name in cards), site, heading=is_first)
        is_first = False


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(
        6, zlib.DEFLATED, 31
    )  # 31: with the header of gzip, which then has no time in it
    yield from map(packer.compress, pieces)
    yield packer.flush()


def _zstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zstandard.ZstdCompressor().compressobj()
    yield from map(packer.compress, pieces)
    yield packer.flush()


_PACKERS: Final[Mapping[str, Callable[[Iterator[bytes]], Iterator[bytes]]]] = {"gz": _gzip, "zst": _zstd}
