"""The GIDE feed: every study as a detached RO-Crate in the GIDE profile, as a listing by changes and as one zip file.

Crates of studies that lack what the profile needs (a taxon, an imaging method) are not padded: the listing says what
they lack, and in the zip file they lie in a folder of their own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rembigraph.app.feeds.change_list import check_set, entry, listing, window_of
from rembigraph.app.feeds.streams import streamed
from rembigraph.app.pages.record import described
from rembigraph.catalogue.changes import Change, Changes, Window
from rembigraph.catalogue.exports.ro_crate import RO_CRATE, gaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.following import Reader
    from rembigraph.catalogue.reader import Snapshot
    from starlette.requests import Request
    from starlette.responses import Response

PAGE: Final = 200
"""Crates in one listing."""
ZIP: Final = "application/zip"
LACKING: Final = "not-conformant"
"""Folder of the crates that lack what the profile needs, and name of the list of them."""


def crate_list(request: Request, reader: Reader, site: Site) -> Response:
    """Answer with what has changed, with the address of each crate and whether it conforms to the profile.

    Raises:
        UsageError: an unknown, repeated or malformed parameter.
    """
    return listing(request, reader, site, "/feeds/gide", PAGE, _entry)


def crate_archive(request: Request, reader: Reader, site: Site) -> Response:
    """Answer with the crates of the studies that a request asks for, as a zip file.

    Raises:
        UsageError: an unknown, repeated or malformed parameter.
    """
    window = window_of(list(request.query_params.multi_items()))
    with reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
        check_set(window, changes)
    return streamed(request, reader, ZIP, lambda: zipped(reader, site, window), "gide-crates.zip")


def zipped(reader: Reader, site: Site, window: Window) -> Iterator[bytes]:
    """Yield a zip file of crates; the last file in it lists what the others lack."""
    sink = _Sink()
    with reader.snapshot() as snapshot, Changes.opened(snapshot.path) as changes:
        lacking: dict[str, list[str]] = {}
        gone: list[str] = []
        with ZipFile(sink, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it only writes
            for change in changes.every(window):
                if not change.is_held:
                    gone.append(change.accession)
                    continue
                content, lacks = _crate(snapshot, site, change.accession)
                if lacks:
                    lacking[change.accession] = lacks
                folder = f"{LACKING}/" if lacks else ""
                archive.writestr(_file(f"{folder}{change.accession}{RO_CRATE.tail}", change.time), content)
                yield sink.taken()
            told = {"generation": snapshot.generation, "lacks": lacking, "gone": gone}
            archive.writestr(_file(f"{LACKING}.json", changes.time), json.dumps(told, indent=1) + "\n")
        yield sink.taken()


def _entry(snapshot: Snapshot, change: Change, site: Site) -> dict[str, Any]:
    said = entry(snapshot, change, site)
    if not change.is_held:
        return said
    _, lacks = _crate(snapshot, site, change.accession)
    name = f"{change.accession}{RO_CRATE.tail}"
    return said | {"crate": site.url(f"/{name}"), "file": name, "conforms": not lacks, "lacks": lacks}


def _crate(snapshot: Snapshot, site: Site, accession: str) -> tuple[bytes, list[str]]:
    """Return the crate of a study that is held, and what it lacks."""
    view = snapshot.record(accession)
    if view is None:
        raise ValueError(f"{accession} is not held")
    study = described(snapshot, view, site)
    return RO_CRATE.make(study), list(gaps(study))


def _file(name: str, time: str) -> ZipInfo:
    year, month, day = map(int, time[:10].split("-"))
    hour, minute, second = map(int, time[11:19].split(":"))
    info = ZipInfo(name, (min(max(year, 1980), 2107), month, day, hour, minute, second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class _Sink:
    """A file that can only be written to, and gives what was written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def taken(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found
