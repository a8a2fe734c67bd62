"""What can go wrong when a catalogue is read from Python: one tree, whose root is `CatalogueError`.

```
CatalogueError
├── UsageError              an argument that cannot work
├── UnknownStudy            no such study here (also a KeyError): what is near, which archive has it
├── WithdrawnStudy          was here, has been withdrawn (also a KeyError): reason, date, successor
├── QueryError              QuerySyntaxError, QueryRefused, QueryTimeout, QueryTooLarge
├── Busy                    the catalogue has no time now
├── StoreDamaged            the catalogue can't read its own files
├── MissingPackage          pandas or polars is not installed (also an ImportError)
└── ServerError
    ├── ServerUnreachable   nothing answers at that address
    ├── ServerTooSlow       no whole answer in time
    ├── BrokenAnswer        the answer ended too early, or is longer than is taken
    └── NotRembigraph       something else answers there
```
"""

from __future__ import annotations

from typing import Final

from rembigraph.ontology.errors import (
    Busy,
    CatalogueError,
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreDamaged,
    UnknownAccession,
    UsageError,
    WithdrawnAccession,
)

__all__ = [
    "BrokenAnswer",
    "Busy",
    "CatalogueError",
    "MissingPackage",
    "NotRembigraph",
    "QueryError",
    "QueryRefused",
    "QuerySyntaxError",
    "QueryTimeout",
    "QueryTooLarge",
    "ServerError",
    "ServerTooSlow",
    "ServerUnreachable",
    "StoreDamaged",
    "UnknownStudy",
    "UsageError",
    "WithdrawnStudy",
]

ACCESSIONS: Final = "EMPIAR-10310, S-BIAD1076, idr0001 or ssbd-repos-000001"


class UnknownStudy(UnknownAccession, KeyError):
    """No such study in this catalogue.

    Args:
        accession: what was asked for.
        archive: name of the archive that it would be in; empty when it is no accession of a known archive.
        archive_page: that archive's page for it, or empty.
        nearest: accessions that are here and near it.
        named_by: accessions that are here and name it.
    """

    def __init__(
        self,
        accession: str,
        *,
        archive: str = "",
        archive_page: str = "",
        nearest: tuple[str, ...] = (),
        named_by: tuple[str, ...] = (),
    ) -> None:
        said = f"{accession[:80]!r} is no accession of a known archive"
        steps = [
            f"Nearest here: {', '.join(nearest)}." if nearest else "",
            f"Named here by: {', '.join(named_by)}." if named_by else "",
            f"The archive's page: {archive_page}" if archive_page else "",
        ]
        fix = " ".join(filter(None, steps)) or "Look for it by words: search(...)."
        if archive:
            super().__init__(f"{accession} is not in this catalogue", fix=fix)
        else:
            super().__init__(
                said, fix=f"Write one such as {ACCESSIONS}, or look for it by words: search(...)."
            )
        self.accession = accession
        self.archive = archive
        self.archive_page = archive_page
        self.nearest = nearest
        self.named_by = named_by


class WithdrawnStudy(WithdrawnAccession, KeyError):
    """The study was here and has been withdrawn.

    Args:
        accession: the study.
        reason: why.
        date: when (`2026-11-28`).
        successor: accession of what takes its place, or empty.
    """

    def __init__(self, accession: str, *, reason: str, date: str, successor: str = "") -> None:
        super().__init__(f"{accession} was withdrawn on {date}: {reason}", reason=reason, date=date)
        self.fix = f"Its successor is {successor}." if successor else ""
        self.accession = accession
        self.successor = successor


class MissingPackage(CatalogueError, ImportError):
    """A package that is only needed for this is not installed."""

    def __init__(self, package: str) -> None:
        fix = f"pip install 'rembigraph[{package}]'"
        super().__init__(f"{package} is not installed", fix=fix)


class ServerError(CatalogueError):
    """A server did not answer as a catalogue does."""


class ServerUnreachable(ServerError):
    """Nothing answers at that address."""


class ServerTooSlow(ServerError):
    """The server gave no whole answer in time."""


class BrokenAnswer(ServerError):
    """The answer ended too early, is longer than is taken, or can't be read."""


class NotRembigraph(ServerError):
    """Something answers, but it is no Rembigraph server."""
