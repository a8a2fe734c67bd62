"""The catalogue itself: look up, list, search and query, whether it lies in a folder or on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from rembigraph.catalogue.criteria import MAX_PAGE, MAX_QUERY, MAX_VALUES, MAX_WORDS, words_of
from rembigraph.client.coverage import COUNT, FILLED, coverage_of
from rembigraph.client.display import html_facts, html_of
from rembigraph.client.errors import BrokenAnswer, CatalogueError, UnknownStudy, UsageError
from rembigraph.client.prefixes import as_in_query, with_prefixes
from rembigraph.client.source import RESULTS, Item, Listed, Wanted
from rembigraph.client.study import Study
from rembigraph.client.table import Table
from rembigraph.client.values import read_results
from rembigraph.ontology.identifiers import NotAnAccession, parse_accession

if TYPE_CHECKING:
    import rdflib
    from rembigraph.client.source import Source

COLUMNS: Final = (
    "accession",
    "archive",
    "title",
    "organisms",
    "organism_iris",
    "methods",
    "method_iris",
    "year",
    "issued",
    "license",
    "bytes",
    "files",
    "images",
    "parts",
    "page",
)
"""Columns of a list of studies. Sizes are in bytes; `parts` counts the studies that are one whole with it."""

_TRIES: Final = 3
_DEFAULT_WAIT: Final = 60.0

Values = str | Iterable[str]


class Catalogue:
    """A catalogue on a server; `Catalogue.open` opens one in a folder. Both are asked in the same words.

    Args:
        url: address of the server.
        timeout: longest wait for an answer, in seconds.

    Raises:
        ServerError: nothing answers there, or no Rembigraph server.
        UsageError: that is no http(s) address, or the catalogue is empty.
    """

    def __init__(self, url: str, *, timeout: float = _DEFAULT_WAIT) -> None:
        from rembigraph.client.server import Server

        self._begin(Server(url, _seconds(timeout)))

    @classmethod
    def open(cls, home: str | Path, *, public_url: str = "") -> Self:
        """Open the catalogue in a folder, for reading. Newer content is followed as it is published.

        Args:
            home: folder of the catalogue.
            public_url: address at which it is served, which pages and citations then name; default: what the setting
                `REMBIGRAPH_PUBLIC_URL` says.

        Raises:
            UsageError: there is no catalogue, or it is empty.
            StoreDamaged: it can't be read.
        """
        from rembigraph.client.folder import Folder

        catalogue = cls.__new__(cls)
        catalogue._begin(Folder(Path(home), public_url))  # noqa: SLF001 - another way to construct it
        return catalogue

    @classmethod
    def demo(cls) -> Self:
        """Open the bundled sample records as a temporary catalogue; `close`, or the end of the program, removes it."""
        from rembigraph.client.folder import Folder, sample_folder

        kept = ExitStack()
        catalogue = cls.__new__(cls)
        catalogue._begin(Folder(kept.enter_context(sample_folder()), kept=kept))  # noqa: SLF001 - likewise
        return catalogue

    def _begin(self, source: Source) -> None:
        self._source = source
        try:
            source.studies(Wanted(), 1, 1)  # says at once when this can't work
        except CatalogueError:
            source.close()
            raise

    def close(self) -> None:
        """Let go of the folder or the connections."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, accession: str) -> Study:
        """Return a study by its accession, in any usual spelling.

        Raises:
            UnknownStudy: it is not here; says what is near, and which archive has it.
            WithdrawnStudy: it was withdrawn; says why, when, and what took its place.
        """
        try:
            name = parse_accession(str(accession)).text
        except NotAnAccession:
            raise UnknownStudy(str(accession)) from None
        return Study(self._source, self._source.item(name))

    def __contains__(self, accession: object) -> bool:
        try:
            self[str(accession)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        """Yield the accession of every study."""
        return iter(self.studies().column("accession"))

    def __len__(self) -> int:
        return self._source.studies(Wanted(), 1, 1).total

    def query(self, sparql: str, timeout: float | None = None) -> Table | bool | rdflib.Graph:
        """Answer a SPARQL query. Well-known prefixes need no declaration.

        Args:
            sparql: the query.
            timeout: longest time for it, in seconds; the catalogue may allow less.

        Returns:
            A `Table` for SELECT, True or False for ASK, an rdflib `Graph` for CONSTRUCT and DESCRIBE.

        Raises:
            QuerySyntaxError: it is not SPARQL 1.1; says where and what to do.
            QueryError: it is refused, too slow or too large.
        """
        sent = with_prefixes(sparql)
        seconds = None if timeout is None else _seconds(timeout)
        try:
            media_type, data = self._source.query(sent, seconds)
        except CatalogueError as error:
            raise _about_query(error, sparql, sent) from None
        if media_type != RESULTS:
            return _graph(data)
        found = read_results(data)
        return found if isinstance(found, bool) else Table(*found)

    def search(
        self,
        words: str,
        *,
        organism: Values = (),
        method: Values = (),
        archive: Values = (),
        correlative: bool | None = None,
    ) -> Table:
        """Return the studies that have all of the words, the best first; with all filters of `studies` but the year."""
        return self._list(words, organism, method, archive, correlative)

    def studies(
        self,
        *,
        method: Values = (),
        organism: Values = (),
        archive: Values = (),
        year: int | None = None,
        year__ge: int | None = None,
        year__le: int | None = None,
        correlative: bool | None = None,
    ) -> Table:
        """Return the studies that pass all filters, the newest first.

        Args:
            method: imaging methods by label, FBbi identifier or IRI; of several, any.
            organism: organisms by name, NCBITaxon identifier or IRI; of several, any.
            archive: archives by key or name; of several, any.
            year: year of release.
            year__ge: first year of release; studies without a date are left out.
            year__le: last year of release; likewise.
            correlative: only studies with (True) or without (False) a part elsewhere.

        Raises:
            UsageError: more values, or longer ones, than a catalogue takes.
        """
        lowest, highest = (year__ge, year__le) if year is None else (year, year)
        if year is not None and (year__ge, year__le) != (None, None):
            raise UsageError("year and a range of years exclude each other", fix="Give one of them.")
        years = _years(lowest, highest)
        if years == ():
            return Table(COLUMNS, [])

        def fits(item: Item) -> bool:
            found = _year(item)
            is_open = lowest is None and highest is None
            return is_open or (
                found is not None
                and (lowest is None or lowest <= found)
                and (highest is None or found <= highest)
            )

        return self._list("", organism, method, archive, correlative, years or (), fits)

    def coverage(self) -> Table:
        """Return how many studies fill each field of a study, counted in the graph: field, level, studies, total, rate.

        `level` is what the record model asks for: `identity`, `required`, `recommended`, or nothing. A field is filled
        when any source of the study states it.
        """
        filled, total = self.query(FILLED), self.query(COUNT)
        assert isinstance(filled, Table)  # both are SELECT
        assert isinstance(total, Table)
        return coverage_of(filled, total[0]["studies"])

    def __repr__(self) -> str:
        return f"Catalogue({self._source.name!r}, {len(self)} studies)"

    def _repr_html_(self) -> str:
        found = self._source.studies(Wanted(), 1, 1)
        archives = sorted(found.archives.items())
        facts = [("Studies", str(found.total)), *((name, html_of(n)) for name, n in archives)]
        return html_facts(f"Rembigraph catalogue {self._source.name}", facts)

    def _list(
        self,
        words: str,
        organism: Values,
        method: Values,
        archive: Values,
        correlative: bool | None,
        years: tuple[str, ...] = (),
        fits: Callable[[Item], bool] = lambda _: True,
    ) -> Table:
        _check_words(words)
        wanted = Wanted(
            words=words,
            archive=_values("archive", archive),
            organism=_values("organism", organism),
            method=_values("method", method),
            year=years,
            correlative=correlative,
        )
        items, first = self._all(wanted)
        return Table(COLUMNS, (_row(item) for item in items if fits(item)), _note(first))

    def _all(self, wanted: Wanted) -> tuple[list[Item], Listed]:
        """Return every study of a list; pages that were read while another content was published are read again."""
        size = self._source.page_size
        for _ in range(_TRIES):
            first = self._source.studies(wanted, 1, size)
            pages = -(-first.total // size)
            if pages > MAX_PAGE:
                raise UsageError(
                    f"{first.total} studies are more than a list gives", fix="Narrow it, or ask with query()."
                )
            items = {item.accession: item for item in first.items}
            for number in range(2, pages + 1):
                items |= {i.accession: i for i in self._source.studies(wanted, number, size).items}
            if len(items) == first.total:
                return list(items.values()), first
        raise BrokenAnswer("the list changed again and again while it was read", fix="Try again.")


def _seconds(value: float) -> float:
    if not (isinstance(value, int | float) and 0 < value < 1e6):
        raise UsageError(f"{value!r} is no time in seconds", fix="Write a number above 0.")
    return float(value)


def _graph(data: bytes) -> rdflib.Graph:
    from rdflib import Graph

    return Graph().parse(data=data, format="nt")


def _about_query(error: CatalogueError, written: str, sent: str) -> CatalogueError:
    """Return an error about the query that was sent as one about the query that was written."""
    error.message, error.where, error.fix = (
        as_in_query(text, written, sent) for text in (error.message, error.where, error.fix)
    )
    line: Any = getattr(error, "line", 0)
    if line:
        error.line = max(line - (sent.count("\n") - written.count("\n")), 1)  # type: ignore[attr-defined]
    return error


def _check_words(words: str) -> None:
    if len(words) > MAX_QUERY or len(words_of(words)) >= MAX_WORDS:
        raise UsageError(
            "that is too much to search for",
            fix=f"Give fewer than {MAX_WORDS} words, {MAX_QUERY} characters.",
        )


def _values(name: str, given: Values) -> tuple[str, ...]:
    values = (given,) if isinstance(given, str) else tuple(given)
    texts = tuple(value for value in map(str, values) if value.strip())
    if len(texts) != len(values):
        raise UsageError(f"a value of {name} is empty", fix="Leave it out.")
    if len(texts) > MAX_VALUES or any(len(text) > MAX_QUERY for text in texts):
        raise UsageError(
            f"these are too many values of {name}, or too long ones",
            fix=f"Give at most {MAX_VALUES}, of at most {MAX_QUERY} characters.",
        )
    return texts


def _years(lowest: int | None, highest: int | None) -> tuple[str, ...] | None:
    """Return the years of a range that the catalogue itself can filter by; None when it is too long or open."""
    if lowest is None or highest is None or highest - lowest >= MAX_VALUES:
        return None
    return tuple(f"{year:04}" for year in range(lowest, highest + 1))


def _year(item: Item) -> int | None:
    year = (item.issued or "")[:4]
    return int(year) if len(year) == 4 and year.isascii() and year.isdecimal() else None


def _row(item: Item) -> tuple[object, ...]:
    values = {
        **{name: getattr(item, name) for name in COLUMNS if name != "year"},
        "organisms": list(item.organisms),
        "organism_iris": list(item.organism_iris),
        "methods": list(item.methods),
        "method_iris": list(item.method_iris),
        "year": _year(item),
    }
    return tuple(values[name] for name in COLUMNS)


def _note(found: Listed) -> str:
    """Return what to know about a list that is empty because nothing has a value that was asked for."""
    return " ".join(
        f"No study has the {kind} {value!r}" + (f"; near: {', '.join(near)}." if near else ".")
        for kind, value, near in found.unknown
    )
