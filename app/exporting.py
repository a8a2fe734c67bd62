"""`rembigraph export`: writes dumps of a generation, with checksums, and files for partners."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rembigraph.app.feeds.dumps import ALL, dumps_of, listed, void
from rembigraph.app.feeds.partners import links, provider_entry, search_entries
from rembigraph.app.feeds.streams import gathered
from rembigraph.app.pages.listing import TABLE_COLUMNS, table_row
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.changes import Changes
from rembigraph.ontology.errors import StoreDamaged, UsageError

if TYPE_CHECKING:
    from rembigraph.app.feeds.repository import Repository
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.home import Home
    from rembigraph.catalogue.reader import Snapshot

CHECKSUMS: Final = "SHA256SUMS"
_BATCH: Final = 2000
_NUMBERS: Final = frozenset({"bytes", "files", "images", "parts"})


def export(
    home: Home, site: Site, repository: Repository, target: Callable[[int], Path], say: Callable[[str], None]
) -> Path:
    """Write the files of the newest generation into a folder and return it; it appears whole or not at all.

    Args:
        home: the catalogue.
        site: its addresses.
        repository: who offers the records.
        target: gives the folder for a number of a generation.
        say: is told what is left out.

    Raises:
        UsageError: the folder is there already and holds something else.
        StoreDamaged: the disk is full or not writable.
    """
    with open_snapshot(home) as snapshot, Changes.opened(snapshot.path) as changes:
        folder = target(snapshot.generation)
        with appearing(folder, CHECKSUMS) as unfinished:
            sums = [
                f"{_write(unfinished / name, content)}  {name}\n"
                for name, content in _files(snapshot, changes, site, repository)
            ]
            if _write_parquet(unfinished / f"{ALL}.parquet", snapshot, changes, site):
                sums.append(f"{_sha256(unfinished / f'{ALL}.parquet')}  {ALL}.parquet\n")
            else:
                say("no Parquet: pip install 'rembigraph[parquet]'")
            (unfinished / CHECKSUMS).write_text("".join(sorted(sums, key=lambda line: line[66:])))
    return folder


@contextmanager
def appearing(folder: Path, mark: str) -> Iterator[Path]:
    """Give a folder to write into that takes the name `folder` when all is written.

    What has that name must be empty or hold the file `mark`, and is replaced.

    Raises:
        UsageError: it holds something else.
        StoreDamaged: the disk is full or not writable.
    """
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    if folder.exists() and any(folder.iterdir()) and not (folder / mark).is_file():
        raise UsageError(f"{folder} holds something else", fix="Name a new folder.")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, unfinished, ignore_errors=True)
        try:
            unfinished.mkdir(parents=True)
            yield unfinished
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
        except OSError as error:
            raise StoreDamaged(
                f"cannot write: {error.strerror or error}",
                where=str(folder),
                fix="free some space, or name another folder",
            ) from error


def _files(
    snapshot: Snapshot, changes: Changes, site: Site, repository: Repository
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the name and the content of every file but the tables."""
    for dump in dumps_of(snapshot):
        yield dump.name, dump.packed(snapshot, site)
    yield "void.ttl", [void(snapshot, site)]
    yield "dumps.json", [json.dumps(listed(snapshot, site), indent=1).encode() + b"\n"]
    yield "ebi-search.xml", search_entries(snapshot, changes, site, repository.name)
    if repository.labslink_provider:
        yield "labslink-providers.xml", [provider_entry(site, repository)]
        for number, part in enumerate(links(snapshot, changes, site, repository.labslink_provider), start=1):
            yield f"labslink-links-{number}.xml", [part]


def _write(path: Path, content: Iterable[bytes]) -> str:
    """Write a file piece by piece and return its SHA-256."""
    digest = sha256()
    with path.open("wb") as file:
        for piece in gathered(content):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _write_parquet(path: Path, snapshot: Snapshot, changes: Changes, site: Site) -> bool:
    """Write the table of studies as Parquet, batch by batch; False when pyarrow is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return False
    kinds = pa.schema([(name, pa.int64() if name in _NUMBERS else pa.string()) for name in TABLE_COLUMNS])
    held = (accession for accession, _ in changes.every_held())
    with pq.ParquetWriter(path, kinds, compression="zstd") as writer:
        while names := list(islice(held, _BATCH)):
            cards = snapshot.search.cards(names)
            rows = [
                dict(zip(TABLE_COLUMNS, table_row(cards[name], site), strict=True))
                for name in names
                if name in cards
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=kinds))
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
