"""A catalogue in a folder of this machine. Nothing is written; newer generations are followed."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from rembigraph.app.settings import Settings, load_settings, query_limits
from rembigraph.app.sparql.gate import admit
from rembigraph.app.sparql.location import StoreLocation
from rembigraph.app.sparql.service import QueryService
from rembigraph.catalogue.criteria import MAX_PER_PAGE, Criteria
from rembigraph.catalogue.exports import EXPORTS, Described
from rembigraph.catalogue.following import Reader
from rembigraph.catalogue.generations import META_FILE
from rembigraph.catalogue.home import Home
from rembigraph.client.errors import UnknownStudy, WithdrawnStudy
from rembigraph.client.source import RESULTS, TRIPLES, Item, Joined, Listed, Wanted
from rembigraph.ontology.identifiers import Iris, parse_accession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rembigraph.app.sparql.limits import QueryLimits
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.studylist import StudyItem, StudyPage
    from rembigraph.catalogue.summary import Term

_T = TypeVar("_T")
_GRAPHS: Final = frozenset({"construct", "describe"})


class Folder:
    """A catalogue in a folder. Queries run in the sandboxed worker that `rembigraph query` uses.

    Args:
        path: folder of the catalogue.
        public_url: address at which this catalogue is served, which pages and citations then name; default: the
            setting `REMBIGRAPH_PUBLIC_URL`, and without it the IRI of the study stands for its page.
        kept: what ends with it.

    Raises:
        UsageError: there is no catalogue, or a setting can't be used.
        StoreDamaged: it can't be read.
    """

    page_size = MAX_PER_PAGE

    def __init__(self, path: Path, public_url: str = "", kept: ExitStack | None = None) -> None:
        self._home = Home.open(path)
        self._settings: Settings = load_settings(home=path, public_url=public_url or None)
        self._reader = Reader(self._home)
        self._iris = Iris(self._home.data_base)
        self._kept = kept or ExitStack()

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._home.path)

    def close(self) -> None:
        """Close the catalogue."""
        self._reader.close()
        self._kept.close()

    def studies(self, wanted: Wanted, page: int, per_page: int) -> Listed:
        """Return a page of a list of studies."""
        criteria = Criteria.of(
            wanted.words,
            archive=wanted.archive,
            organism=wanted.organism,
            method=wanted.method,
            year=wanted.year,
            correlative=wanted.correlative,
            page=page,
            per_page=per_page,
        )
        with self._reader.snapshot() as snapshot:
            return self._listed(snapshot.search.page(criteria))

    def item(self, accession: str) -> Item:
        """Return a study; raises `UnknownStudy` or `WithdrawnStudy` when it is not here."""
        with self._reader.snapshot() as snapshot:
            card = snapshot.search.cards([accession]).get(accession)
            if card is None:
                raise _absent(snapshot, accession)
            return self._item(card)

    def joined(self, item: Item) -> list[Joined]:
        """Return the other studies of the whole that a study is a part of, those joined directly first."""
        with self._reader.snapshot() as snapshot:
            close = [part for part in snapshot.parts(item.accession) if part.correlative]
            known = {item.accession, *(part.accession for part in close)}
            far = [part for part in snapshot.correlative_set(item.accession) if part.accession not in known]
            return [Joined(part.accession, part.held, part.relations) for part in (*close, *far)]

    def document(self, accession: str, form: str) -> bytes | None:
        """Return a study in a form; None when the study has not what the form needs."""
        with self._reader.snapshot() as snapshot:
            if not snapshot.holds(accession):
                raise _absent(snapshot, accession)
            export = EXPORTS.get(form)
            if export is None:
                return snapshot.serialise(accession, form)
            study = self._described(snapshot, accession)
            return export.make(study) if export.applies(study) else None

    def query(self, text: str, seconds: float | None) -> tuple[str, bytes]:
        """Answer a query in a worker process, within the limits that the settings state.

        Raises:
            QueryError: it is refused, wrong, too slow or too large.
        """
        limits = query_limits(self._settings)
        if seconds is not None:
            limits = replace(limits, deadline_seconds=min(seconds, limits.deadline_seconds))
        media_type = TRIPLES if admit(text, limits).form in _GRAPHS else RESULTS
        with self._reader.snapshot() as snapshot:
            location = StoreLocation(
                snapshot.store_path, str(snapshot.generation), lease=snapshot.path / META_FILE
            )
            base = self._home.data_base
            answer = _in_thread(lambda: asyncio.run(_answer(location, base, text, media_type, limits)))
        return media_type, answer

    def _described(self, snapshot: Snapshot, accession: str) -> Described:
        merged = snapshot.study(accession)
        assert merged is not None  # it is held
        page = self._page(accession)
        is_ours = self._settings.persistent_iris or not self._settings.public_url
        return Described(
            merged.view,
            page=page,
            persistent=merged.view.iri if is_ours else page,
            catalogue=page.removesuffix(f"/{accession}"),
            parts=tuple(snapshot.parts(accession)),
        )

    def _page(self, accession: str) -> str:
        public = self._settings.public_url.rstrip("/")
        return f"{public}/{accession}" if public else self._iris.study(accession)

    def _listed(self, page: StudyPage) -> Listed:
        archives = next((facet.values for facet in page.facets if facet.kind == "archive"), ())
        return Listed(
            page.total,
            tuple(map(self._item, page.items)),
            {value.query: value.studies for value in archives},
            page.advice.unknown if page.advice else (),
        )

    def _item(self, card: StudyItem) -> Item:
        return Item(
            accession=card.accession,
            iri=self._iris.study(card.accession),
            page=self._page(card.accession),
            archive=card.archive,
            title=card.title,
            organisms=tuple(term.label for term in card.organisms),
            organism_iris=_iris_of(card.organisms),
            methods=tuple(term.label for term in card.methods),
            method_iris=_iris_of(card.methods),
            issued=card.issued or None,
            license=card.license or None,
            bytes=card.byte_size,
            files=card.file_count,
            images=card.images,
            parts=card.parts,
        )


def _iris_of(terms: Iterable[Term]) -> tuple[str, ...]:
    return tuple(term.value for term in terms if term.is_term)


def _absent(snapshot: Snapshot, accession: str) -> Exception:
    gone = snapshot.withdrawal(accession)
    if gone:
        return WithdrawnStudy(accession, reason=gone.reason, date=gone.time[:10], successor=gone.successor)
    named = parse_accession(accession)
    return UnknownStudy(
        accession,
        archive=named.archive.label,
        archive_page=named.landing_page,
        nearest=tuple(snapshot.search.nearest(accession)),
        named_by=tuple(part.accession for part in snapshot.parts(accession) if part.held)[:20],
    )


async def _answer(
    location: StoreLocation, base: str, text: str, media_type: str, limits: QueryLimits
) -> bytes:
    out = io.BytesIO()
    service = QueryService(lambda: location, replace(limits, workers=1, spares=0), base_iri=base)
    await service.start()
    try:
        async for data in await service.answer(service.admit(text), media_type):
            out.write(data)
    finally:
        await service.stop()
    return out.getvalue()


def _in_thread(work: Callable[[], _T]) -> _T:
    """Return what some work gives, done in a thread of its own: a notebook's own thread has an event loop already."""
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="rembigraph-query", daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


@contextmanager
def sample_folder() -> Iterator[Path]:
    """Load the bundled sample into a temporary catalogue, give its folder, and remove it afterwards."""
    from rembigraph.app.demo import sample_catalogue

    with sample_catalogue(load_settings(), lambda _: None) as home:
        yield home.path
