"""Generations: immutable stores, each made from the one before, and the rule of the merged default graph.

A generation is a folder that nobody writes to once it has its number:
```
generations/000042/store/      an Oxigraph store
generations/000042/search/     what `derive` puts there
generations/000042/meta.json   generation, time, records, quads, derived, withdrawn, counts, files
```
**The default graph is a real merged graph.** Each triple of a contributing named graph (`contributes`) lies
in that graph and, once, in the default graph. No counters are kept: a triple leaves the default graph when an
exact look-up finds it in no contributing graph any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse
from rembigraph.catalogue.archive import Archive, split_quad
from rembigraph.catalogue.durable import sync_file, sync_folder, write_file
from rembigraph.catalogue.ledger import LedgerState, RecordEntry
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import Iris

if TYPE_CHECKING:
    from pyoxigraph import QuerySolutions
    from rembigraph.catalogue.home import Home

META_FILE: Final = "meta.json"
PIECE_BYTES: Final = 16 << 20
"""Size of the pieces in which quads go to the store: 16 MiB of named-graph quads."""

_LOADERS: Final = min(2, os.cpu_count() or 1)
_FEW_QUADS: Final = 1000
_DEFAULT: Final = DefaultGraph()
_N_QUADS: Final = RdfFormat.N_QUADS
_PROBED_RECORDS: Final = 50  # records of a batch of which single quads are looked up before it is committed
_RESTORE: Final = "run `rembigraph restore`"


@dataclass(frozen=True)
class Generation:
    """A generation on the disk.

    Attributes:
        number: counts up from 1.
        path: its folder.
    """

    number: int
    path: Path

    @property
    def store_path(self) -> Path:
        """Folder of the Oxigraph store; open it read-only."""
        return self.path / "store"

    @property
    def search_path(self) -> Path:
        """Folder of the search index."""
        return self.path / "search"

    @cached_property
    def meta(self) -> Mapping[str, Any]:
        """What `meta.json` says: generation, time, records, quads, derived, withdrawn, counts, files.

        Raises:
            StoreDamaged: it is missing or unreadable.
        """
        try:
            meta = json.loads((self.path / META_FILE).read_bytes())
        except (OSError, ValueError) as error:
            raise StoreDamaged(
                f"{META_FILE} is unreadable: {error}", where=str(self.path), fix=_RESTORE
            ) from error
        if not isinstance(meta, dict) or meta.get("generation") != self.number:
            raise StoreDamaged(f"{META_FILE} is of another generation", where=str(self.path), fix=_RESTORE)
        return meta

    def open_store(self) -> Store:
        """Open the store read-only.

        Raises:
            StoreDamaged: it cannot be opened.
        """
        try:
            return Store.read_only(str(self.store_path))
        except (OSError, RuntimeError) as error:  # a corrupt store is a RuntimeError to pyoxigraph
            raise StoreDamaged(
                f"a store cannot be opened: {error}", where=str(self.store_path), fix=_RESTORE
            ) from error


def derived_hash(generation: Path | None, key: str) -> str | None:
    """Return what a generation says that something derived was made from; None if it does not say.

    Args:
        generation: its folder, None where there is no generation.
        key: of `derived` in `meta.json`.
    """
    if generation is None:
        return None
    try:
        held = json.loads((generation / META_FILE).read_bytes())["derived"].get(key)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return held if isinstance(held, str) else None


def dump(home: Home, out: BinaryIO) -> None:
    """Write the canonical dump: the quads of every active record, in order of (accession, source).

    It comes from the archive, and every file is checked on the way.

    Raises:
        StoreDamaged: a file of the archive, or the ledger, is damaged; what was written before is sound.
    """
    state = home.state()
    entries = (state.active[key] for key in sorted(state.active))
    out.writelines(home.archive.read_quads(*entry.key, entry.quads_sha256) for entry in entries)


def contributes(graph: str, data_base: str) -> bool:
    """Whether the triples of this named graph lie in the default graph too.

    Those of study graphs, links and terms do; those of inferred, validation, provenance, ontology and shapes
    would spoil every count.
    """
    prefix = f"{data_base}graph/"
    name = graph.removeprefix(prefix)
    return graph.startswith(prefix) and (name in {"links", "terms"} or name.count("/") == 1)


def default_copies(quads: bytes, data_base: str) -> bytes:
    """Return the lines that these canonical quads add to the default graph (N-Triples)."""
    verdicts: dict[bytes, bool] = {}
    copies = []
    for line in quads.split(b"\n")[:-1]:
        triple, graph = split_quad(line)
        verdict = verdicts.get(graph)
        if verdict is None:
            verdict = verdicts[graph] = contributes(graph.decode(), data_base)
        if verdict:
            copies.append(triple + b" .\n")
    return b"".join(copies)


def remove_quads(store: Store, quads: Callable[[], Iterable[Quad]], data_base: str) -> None:
    """Remove quads from their named graphs, and from the default graph what no named graph holds any more.

    Args:
        store: a store that no reader sees yet.
        quads: gives the quads, all in named graphs; called twice, so that they need not be kept in memory.
        data_base: the data base IRI.
    """
    touched = set()
    for quad in quads():
        store.remove(quad)
        touched.add(quad.graph_name)
    # Only now can the look-ups be exact: two of the quads may be the same triple in two graphs.
    contributing = {graph for graph in touched if contributes(_iri(graph), data_base)}
    for quad in quads():
        if quad.graph_name in contributing and not _is_held(store, quad, data_base):
            store.remove(Quad(quad.subject, quad.predicate, quad.object, _DEFAULT))
    for graph in touched:
        if isinstance(graph, NamedNode) and _is_empty(store, graph):
            store.remove_graph(graph)  # else its name would go on being listed


def load_quads(store: Store, documents: Iterable[bytes], data_base: str) -> None:
    """Load canonical quads and their copies for the default graph.

    They are bulk-loaded in pieces, as many at a time as there are cores (two at most: the bulk loader of the
    store keeps about ten times the size of a piece in memory). Every document is read once.

    Args:
        store: a store that no reader sees yet; to be thrown away when this raises.
        documents: canonical quads, read one after the other.
        data_base: the data base IRI.

    Raises:
        SyntaxError: they are not N-Quads.
    """
    pieces = _pieces(documents, data_base)
    turn = Lock()

    def work() -> None:
        while True:
            with turn:
                piece = next(pieces, b"")
            if not piece:
                return
            store.bulk_load(piece, format=_N_QUADS)

    with ThreadPoolExecutor(_LOADERS) as pool:
        tasks = [pool.submit(work) for _ in range(_LOADERS)]
        try:
            wait(tasks, return_when=FIRST_EXCEPTION)
        finally:
            with turn:
                pieces.close()  # when one has failed, the others need not go on
        for task in tasks:
            task.result()


def _pieces(documents: Iterable[bytes], data_base: str) -> Generator[bytes]:
    """Yield documents and their copies for the default graph, in pieces of whole lines of about one size."""
    held: list[bytes] = []
    size = 0
    for document in documents:
        for part in _parts(document):
            held += (part, default_copies(part, data_base))
            size += len(part)
            if size >= PIECE_BYTES:
                yield b"".join(held)
                held, size = [], 0
    if held:
        yield b"".join(held)


def _parts(document: bytes) -> Iterator[bytes]:
    """Yield a document in parts of whole lines, none much larger than a piece."""
    start = 0
    while len(document) - start > PIECE_BYTES:
        stop = document.index(b"\n", start + PIECE_BYTES - 1) + 1
        yield document[start:stop]
        start = stop
    if start < len(document):
        yield document[start:] if start else document


def replace_graph(store: Store, graph: str, triples: bytes, data_base: str) -> Iterable[Quad]:
    """Make a shared graph hold exactly these triples, and keep the default graph right. For `derive`.

    Args:
        store: a store that no reader sees yet.
        graph: IRI of the graph, as `{DATA}graph/terms` or `{DATA}graph/inferred`.
        triples: N-Triples without blank nodes.
        data_base: the data base IRI.

    Returns:
        The quads of the graph that went or came.

    Raises:
        SyntaxError: they are not N-Triples.
    """
    name = NamedNode(graph)
    wanted = (
        Quad(triple.subject, triple.predicate, triple.object, name)
        for triple in parse(triples, format=RdfFormat.N_TRIPLES)
    )
    targets: list[NamedNode | DefaultGraph] = [name, _DEFAULT] if contributes(graph, data_base) else [name]
    is_new = next(store.quads_for_pattern(None, None, None, name), None) is None
    if is_new and triples.count(b"\n") > _FEW_QUADS:
        for target in targets:
            store.bulk_load(input=triples, format=RdfFormat.N_TRIPLES, to_graph=target)
        return wanted
    present, coming = set(store.quads_for_pattern(None, None, None, name)), set(wanted)
    gone, fresh = present - coming, coming - present
    remove_quads(store, lambda: gone, data_base)
    # The bulk loader writes files of its own, which few quads are not worth.
    add = store.bulk_extend if len(fresh) > _FEW_QUADS else store.extend
    for target in targets:
        add(Quad(quad.subject, quad.predicate, quad.object, target) for quad in fresh)
    return gone | fresh


def verify_counts(store: Store, counts: Mapping[str, int]) -> None:
    """Check that each of these named graphs holds exactly this many quads.

    Raises:
        StoreDamaged: one does not.
    """
    for graph, expected in counts.items():
        found = _count(store, NamedNode(graph))
        if found != expected:
            raise StoreDamaged(
                f"a named graph holds {found} quads instead of {expected}",
                where=graph,
                fix="run `rembigraph fsck`; if it finds nothing, two quads of the record mean the same",
            )


def _count(store: Store, graph: NamedNode) -> int:
    """Return the number of quads in a named graph, ten times faster than by looking at them.

    The store is not asked to count: over a damaged table an aggregate (and ORDER BY) takes up the same error without
    end, until memory is full. The first error that a plain solution meets is raised.
    """
    answer = store.query(f"SELECT (1 AS ?quad) {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
    return sum(1 for _ in cast("QuerySolutions", answer))


def verify_presence(store: Store, quads: bytes, data_base: str) -> None:
    """Check that each of these quads, and its copy for the default graph, is there.

    Raises:
        StoreDamaged: one is not.
    """
    for document in (quads, default_copies(quads, data_base)):
        for quad in parse(document, format=_N_QUADS):
            if quad not in store:
                raise StoreDamaged(f"a quad is missing: {quad}", fix="run `rembigraph fsck`")


class StoreChange:
    """What a batch changes in the store: old compared with new active records, read from the archive.

    Args:
        changes: the old and the new active record of each (accession, source) that changes.
        after: the state after the batch.
        archive: the archive, which holds all of these records.
        data_base: the data base IRI.
    """

    def __init__(
        self,
        changes: Iterable[tuple[RecordEntry | None, RecordEntry | None]],
        after: LedgerState,
        archive: Archive,
        data_base: str,
    ) -> None:
        self._archive = archive
        self._data_base = data_base
        self._removed: list[bytes] = []
        self._loaded: list[RecordEntry] = []
        self._kept: list[RecordEntry] = []
        self._counts: dict[str, int] = {}  # how many quads each touched study graph must hold
        disturbed = set()
        for old, new in changes:
            if old and self._take_out(old, new):
                disturbed.add(old.accession)
            if new:
                self._loaded.append(new)
                self._counts[self._graph(new)] = new.triples
        for accession in sorted(disturbed):
            self._kept.extend(after.records_of(accession))

    @property
    def sample(self) -> dict[str, int]:
        """Quads in some of the touched study graphs, for the quick check at every later opening."""
        step = max(1, len(self._counts) // _PROBED_RECORDS)
        return {graph: self._counts[graph] for graph in sorted(self._counts)[::step]}

    def apply_removals(self, store: Store) -> None:
        """Take out what is no longer stated."""
        remove_quads(store, lambda: parse(b"\n".join(self._removed), format=_N_QUADS), self._data_base)

    def apply_loads(self, store: Store) -> None:
        """Put in what is new.

        Raises:
            SyntaxError: a record is not N-Quads.
        """
        load_quads(store, self._documents(), self._data_base)

    def _documents(self) -> Iterator[bytes]:
        yield from map(self._quads, self._loaded)
        yield from map(self._shared, self._kept)

    def verify(self, store: Store) -> None:
        """Check the touched study graphs by their counts, and the default and shared graphs by samples.

        Raises:
            StoreDamaged: the store is not what the records say.
        """
        verify_counts(store, self._counts)
        for entry in self._loaded[:: max(1, len(self._loaded) // _PROBED_RECORDS)]:
            lines = self._quads(entry).split(b"\n")
            verify_presence(store, lines[0] + b"\n" + lines[-2] + b"\n", self._data_base)

    def _take_out(self, old: RecordEntry, new: RecordEntry | None) -> bool:
        """Take out what the new record does not have; say whether some of it lies in a shared graph."""
        staying = set(self._quads(new).split(b"\n")) if new else {b""}
        gone = [line for line in self._quads(old).split(b"\n") if line not in staying]
        own = self._graph(old)
        self._removed.extend(gone)
        self._counts[own] = 0
        return any(split_quad(line)[1] != own.encode() for line in gone)

    def _shared(self, entry: RecordEntry) -> bytes:
        """Return the quads of a record outside of its study graph.

        Two source records of one accession may state the same quad there, and removing one of them has taken
        it out for both: those of the records that stay are loaded again.
        """
        suffix = f" <{self._graph(entry)}> .".encode()
        lines = self._quads(entry).split(b"\n")
        return b"".join(line + b"\n" for line in lines if line and not line.endswith(suffix))

    def _quads(self, entry: RecordEntry) -> bytes:
        return self._archive.read_quads(*entry.key, entry.quads_sha256)

    def _graph(self, entry: RecordEntry) -> str:
        return Iris(self._data_base).record_graph(*entry.key)


def write_meta(folder: Path, meta: Mapping[str, Any]) -> str:
    """Write the `meta.json` of a generation that is being built; return its SHA-256."""
    content = json.dumps(meta, indent=1, sort_keys=True).encode() + b"\n"
    write_file(folder / META_FILE, content)
    return sha256(content).hexdigest()


def sync_tree(folder: Path) -> None:
    """Return when all of a new generation is on the disk: its files, its folders, its name."""
    folders = [folder]
    for entry in folder.rglob("*"):
        if entry.is_dir():
            folders.append(entry)
        elif entry.stat().st_nlink == 1:  # more links: shared with the generation before, synced with that
            sync_file(entry)
    for each in reversed(folders):
        sync_folder(each)
    sync_folder(folder.parent)


def _iri(graph: object) -> str:
    return graph.value if isinstance(graph, NamedNode) else ""


def _is_empty(store: Store, graph: NamedNode) -> bool:
    return next(iter(store.quads_for_pattern(None, None, None, graph)), None) is None


def _is_held(store: Store, quad: Quad, data_base: str) -> bool:
    """Whether a contributing named graph holds the triple of this quad."""
    same = store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
    return any(contributes(_iri(each.graph_name), data_base) for each in same)
