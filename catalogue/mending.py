"""Mending what a generation is built from: the ledger from its second copies, the archive from the stores.

Nothing is guessed: a batch of the ledger certifies itself, and a file of the archive is named by the hash of its
content, so what is put back is what was there, byte for byte, or it is not put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Quad, Store
from rembigraph.catalogue.archive import archived, compress, mode_of
from rembigraph.catalogue.batches import Batch, whole_batches
from rembigraph.catalogue.durable import replace_file
from rembigraph.catalogue.ledger import Ledger, LedgerState, RecordEntry
from rembigraph.catalogue.rdf import canonical
from rembigraph.catalogue.soundness import Damage
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from rembigraph.catalogue.home import Home


@dataclass
class Mended:
    """What was done, and what could not be done.

    Attributes:
        done: what was put right, in words.
        lost: what is still damaged.
    """

    done: list[str] = field(default_factory=list)
    lost: list[Damage] = field(default_factory=list)


# --- the ledger


def mend_ledger(home: Home, backup: Home | None, mended: Mended) -> None:
    """Put the ledger together again, if it is damaged, and give each batch its second copy. Under the lock.

    Raises:
        StoreDamaged: a batch is lost from the ledger, from its copy and from the backup; nothing was changed.
    """
    try:
        home.state()
    except (StoreDamaged, OSError):
        _rewrite(home, _chain(home, backup), mended)
    copied = 0
    for batch in home.ledger.batches():
        whole = home.ledger.copies.get(batch.generation)
        if whole is None or whole.content != batch.content:
            home.ledger.copies.put(batch)
            copied += 1
    if copied:
        mended.done.append(f"{copied} batches of the ledger have their second copy again")


def _chain(home: Home, backup: Home | None) -> list[Batch]:
    """Return the batches from the first to the last that was ever committed."""
    found: dict[int, Batch] = {}
    for batch in (*_known_batches(home), *(_known_batches(backup) if backup else ())):
        other = found.setdefault(batch.generation, batch)
        if other.content != batch.content:
            raise StoreDamaged(
                f"there are two different batches of generation {batch.generation}",
                where=str(home.ledger.path),
                fix="the backup is of another catalogue, or two catalogues were mixed: use a backup of this one",
            )
    last = max([home.published_number(), *found])
    for number in range(1, last + 1):
        if number not in found:
            raise StoreDamaged(
                f"the batch of generation {number} is lost, from the ledger and from its second copy",
                where=str(home.ledger.path),
                fix="run `rembigraph restore --from BACKUP` with a backup of this catalogue (or load into a new one)",
            )
    return [found[number] for number in range(1, last + 1)]


def _known_batches(home: Home) -> Iterator[Batch]:
    with suppress(OSError):
        yield from whole_batches(home.ledger.path.read_bytes())
    copies = home.ledger.copies
    yield from (batch for number in copies.numbers() if (batch := copies.get(number)))


def _rewrite(home: Home, chain: list[Batch], mended: Mended) -> None:
    """Write the ledger anew; what was there stays beside it."""
    path = home.ledger.path
    state = LedgerState()
    for batch in chain:  # refuses lines that this version can't read
        for entry in home.ledger.entries(batch):
            state.apply(entry)
    kept = _set_aside(path)
    replace_file(path, b"".join(batch.content for batch in chain))
    mended.done.append(
        f"the ledger is whole again: {len(chain)} batches"
        + (f"; the damaged one is kept as {kept}" if kept else "")
    )


def _set_aside(path: Path) -> str:
    """Keep a damaged file under another name (a second link: the first one stays until it is replaced)."""
    if not path.is_file():
        return ""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in range(1, 10_000))
    other = next(name for name in names if not name.exists())
    other.hardlink_to(path)
    return other.name


# --- the archive


def recorded(ledger: Ledger, *, until: int | None = None) -> Iterator[RecordEntry]:
    """Yield an entry for every pair of source bytes and quads that the ledger ever named, each once.

    Args:
        ledger: the ledger.
        until: number of the last generation to count; all when not given.
    """
    seen = set()
    for batch in ledger.batches():
        if until is not None and batch.generation > until:
            return
        for entry in ledger.entries(batch):
            if isinstance(entry, RecordEntry):
                identity = (entry.key, entry.source_sha256, entry.quads_sha256)
                if identity not in seen:
                    seen.add(identity)
                    yield entry


def mend_archive(home: Home, backup: Home | None, mended: Mended) -> None:
    """Put back what is missing or damaged in the archive. Under the lock.

    Source bytes come from the backup; quads from the backup, or from the store of any generation on the disk.
    """
    broken = [entry for entry in recorded(home.ledger) if not home.archive.holds(entry)]
    stores = list(_stores(home)) if broken else []
    active = home.state().active
    for entry in broken:
        for path, found in _files(home, backup, entry, stores):
            name = path.relative_to(home.path).as_posix()
            if found is None:
                mended.lost.append(_lost(name, entry, is_served=active.get(entry.key) == entry))
            else:
                _put_back(path, found)
                mended.done.append(f"{name} is whole again")


def _files(
    home: Home, backup: Home | None, entry: RecordEntry, stores: Iterable[Store]
) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each damaged file of a record with its content, None where that is lost."""
    archives = [home.archive, *([backup.archive] if backup else [])]
    source = archives[0].source_path(*entry.key, entry.source_sha256)
    quads = archives[0].quads_path(*entry.key, entry.quads_sha256)
    if archived(source, entry.source_sha256) is None:
        copies = (each.source_path(*entry.key, entry.source_sha256) for each in archives[1:])
        yield (
            source,
            next((c for path in copies if (c := archived(path, entry.source_sha256)) is not None), None),
        )
    if archived(quads, entry.quads_sha256) is None:
        copies = (each.quads_path(*entry.key, entry.quads_sha256) for each in archives[1:])
        found = (c for path in copies if (c := archived(path, entry.quads_sha256)) is not None)
        stored = (c for store in stores if (c := _from_store(store, entry, Iris(home.data_base))) is not None)
        yield quads, next(found, None) or next(stored, None)


def _stores(home: Home) -> Iterator[Store]:
    for number in reversed(home.numbers()):
        with suppress(StoreDamaged):
            yield home.generation(number).open_store()


def _from_store(store: Store, entry: RecordEntry, iris: Iris) -> bytes | None:
    """Return the canonical quads of a record as a store holds them, if they have the hash that the ledger names."""
    try:
        quads = canonical(f"{quad} ." for quad in _stored_quads(store, entry, iris))
    except (OSError, RuntimeError):  # a corrupt table
        return None
    return quads if sha256(quads).hexdigest() == entry.quads_sha256 else None


def _stored_quads(store: Store, entry: RecordEntry, iris: Iris) -> Iterator[Quad]:
    """Yield the quads of a record's own graph, and what the shared graphs say of its source and its report."""
    yield from store.quads_for_pattern(None, None, None, NamedNode(iris.record_graph(*entry.key)))
    for kind, graph in (("source", "provenance"), ("report", "validation")):
        waiting = [NamedNode(iris.absolute(f"{entry.accession}/{kind}/{entry.source}"))]
        seen = set(waiting)
        while waiting:
            for quad in store.quads_for_pattern(waiting.pop(), None, None, NamedNode(iris.graph(graph))):
                yield quad
                below = quad.object
                if (
                    isinstance(below, NamedNode)
                    and below.value.startswith(f"{_text(quad)}/")
                    and below not in seen
                ):
                    seen.add(below)
                    waiting.append(below)


def _text(quad: Quad) -> str:
    return quad.subject.value if isinstance(quad.subject, NamedNode) else ""


def _put_back(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, compress(content), mode_of(path))


def _lost(name: str, entry: RecordEntry, *, is_served: bool) -> Damage:
    what = "the source document as received" if name.endswith(".src.zst") else "the quads"
    served = "which is served" if is_served else f"which is {entry.state} and not served"
    return Damage(
        "archive",
        name,
        f"{what} of {entry.accession} ({entry.source}, {served}) can't be put back from here",
        f"run `rembigraph restore --from BACKUP`, or load the document again ({entry.file or 'its name is not known'})",
    )
