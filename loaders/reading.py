"""What loaders take and give: a `Document` in, `Reading`s out. See `loaders/__init__.py` for the registry."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from rembigraph.ontology.errors import SourceError
from rembigraph.ontology.records import Record, accession_of


@dataclass(frozen=True)
class Document:
    """One document as received.

    Attributes:
        file: path as the user named it (or `-`).
        member: path inside an archive file, or empty.
        data: the bytes, already inflated.
        attached: documents that belong to this one's study (its file lists, its model objects), each by its name.
    """

    file: str
    member: str
    data: bytes
    attached: tuple[Document, ...] = ()

    @property
    def place(self) -> str:
        """Where it lies, for messages: `crates.zip!S-BIAD1/ro-crate-metadata.json`."""
        return f"{self.file}!{self.member}" if self.member else self.file

    @property
    def name(self) -> str:
        """Last part of where it lies: `file_list_1.json`."""
        return (self.member or self.file).rsplit("/", 1)[-1]

    def bundle(self) -> bytes:
        """Return what is kept as the source: the bytes, or with attached documents a tar file of all.

        The tar is the same for the same bytes and names; the main document comes first.
        """
        if not self.attached:
            return self.data
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            rest = sorted(self.attached, key=lambda document: (document.name, document.data))
            for number, document in enumerate((self, *rest)):
                member = tarfile.TarInfo(f"{number:05d}/{document.name[-90:]}")
                member.size = len(document.data)
                tar.addfile(member, io.BytesIO(document.data))
        return packed.getvalue()


@dataclass(frozen=True)
class Leaves:
    """How many values of a source document are mapped, kept verbatim, or ignored by a named rule.

    A leaf is each scalar (null included) and each empty object or array at its JSON pointer.
    """

    mapped: int = 0
    kept: int = 0
    ignored: int = 0

    @property
    def total(self) -> int:
        """All leaves of the document."""
        return self.mapped + self.kept + self.ignored

    def __add__(self, other: Leaves) -> Leaves:
        return Leaves(self.mapped + other.mapped, self.kept + other.kept, self.ignored + other.ignored)


@dataclass(frozen=True)
class Reading:
    """One study read from a document; or a set of links, or a curator's decision.

    Attributes:
        study: the completed record.
        source: kind of source (`gide`, `rembigraph`); names the record's graph.
        format: format that was recognised (`ro-crate`, `rembigraph-yaml`).
        source_bytes: the bytes that this study was read from (a part of the document when it holds several).
        leaves: leaf account of those bytes.
        quality: `curated`, `original` or `draft`.
        source_date: date that the source states for the record, or empty.
        part: number of the study in the document, from 1; 0 when the document is one study.
        unmapped: kept leaves by their name in the source -> count.
    """

    study: Record
    source: str
    format: str
    source_bytes: bytes
    leaves: Leaves
    quality: str = "original"
    source_date: str = ""
    part: int = 0
    unmapped: dict[str, int] = field(default_factory=dict)

    @property
    def accession(self) -> str:
        """The accession under which the record is kept."""
        return accession_of(self.study)


class Loader(Protocol):
    """A module that reads one kind of source."""

    FORMAT: str
    SOURCE: str

    def recognises(self, document: Document) -> bool:
        """Whether the content (never the file name) looks like this format; cheap and in bounds."""
        ...

    def read(self, document: Document) -> Iterator[Reading | SourceError]:
        """Read every study; an unreadable one is yielded as an error, so that the others still count."""
        ...
