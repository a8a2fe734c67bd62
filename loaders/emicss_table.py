"""Tables of EMDB's EMICSS as text: a header row of names, then one row a line, cells parted by tabs.

A row is a line, whatever its quotes say: the tables are written without quoting, so a quote at the beginning of a cell
must not swallow the rows below. A cell in quotes that close at its end is taken without them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import is_placeholder, prose
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.external import EMDB, External, parse_external

EMDB_ID = "EMDB_ID"
MOST_COLUMNS = 1000
MOST_BYTES_OF_ROW = 64 * 1024
ELSEWHERE = -1
"""Block of the rows that name no entry of EMDB."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r?\n")
_USUAL = re.compile(rb"EMD-(\d{4,6})")


@dataclass(frozen=True)
class Table:
    """A table, its rows not yet taken apart.

    Attributes:
        header: the line of names, without its end.
        blocks: first number of a block of EMDB's numbers -> its lines, each once, in the order of the file.
        broken: row that can't be read -> why; the header is row 1.
    """

    header: bytes
    blocks: dict[int, list[bytes]]
    broken: dict[int, str]


@dataclass
class Row:
    """One row.

    Attributes:
        number: its line in the part; the header is 1.
        line: the row as received.
        cells: column -> what the row says there, as received; a missing last cell says nothing.
        more: cells behind the last column.
        is_short: whether last cells are missing.
        bad: columns whose value is not what the column is for.
        shown: column -> its value in the spelling that is shown, where that is not the received one.
    """

    number: int
    line: str
    cells: dict[str, str]
    more: list[str]
    is_short: bool
    bad: set[str] = field(default_factory=set)
    shown: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what the row says in a column, clean; empty when it says nothing or that nothing is known."""
        value = prose(self.cells.get(name, ""))
        return "" if is_placeholder(value) else value

    @property
    def entry(self) -> External | None:
        """The entry of EMDB that the row is about."""
        found = parse_external(self.text(EMDB_ID))
        return found if found and found.archive is EMDB else None

    def said(self, but: Collection[str] = ()) -> str:
        """Return what the row says, cell by cell, as `NAME: value; NAME: value`; bad values are left out."""
        names = (name for name in self.cells if name not in but and name not in self.bad)
        return "; ".join(
            f"{name}: {self.shown.get(name, text)}" for name in names if (text := self.text(name))
        )


def first_line(data: bytes) -> bytes:
    """Return the beginning of a document up to the end of its first line, at most as long as a row may be."""
    return _LINE_END.split(data[: MOST_BYTES_OF_ROW + len(_BOM)].removeprefix(_BOM), maxsplit=1)[0]


def names_of(line: bytes) -> tuple[str, ...]:
    r"""Return the names of the columns in upper case; a name that stands again has its number behind it.

    >>> names_of(b'#emdb_id\t"PDB_ID"\tPDB_ID\t')
    ('EMDB_ID', 'PDB_ID', 'PDB_ID (2)', 'COLUMN 4')
    """
    found: dict[str, None] = {}
    cells = line.decode("utf-8", "replace").lstrip("#").split("\t", MOST_COLUMNS)[:MOST_COLUMNS]
    for number, cell in enumerate(cells, start=1):
        name = unique = prose(_unquoted(cell)).upper() or f"COLUMN {number}"
        count = 1
        while unique in found:
            count += 1
            unique = f"{name} ({count})"
        found[unique] = None
    return tuple(found)


def table_of(document: Document, size_of_block: int) -> Table:
    """Sort the rows of a table into blocks of entries; only the header is taken apart.

    Raises:
        SourceMalformed: the header is not UTF-8 or has too many columns.
    """
    lines = _LINE_END.split(document.data.removeprefix(_BOM))
    header = lines[0]
    problem = _problem(header)
    if problem:
        raise SourceMalformed(
            f"the header row {problem}", source=document.place, pointer="1:1", code="no-table", fix=_FIX
        )
    names = names_of(header)
    column = names.index(EMDB_ID)
    blocks: dict[int, dict[bytes, None]] = defaultdict(dict)
    broken: dict[int, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        problem = _problem(line)
        if problem:
            broken[number] = problem
        else:
            blocks[_block(line, column, names, size_of_block)][line] = None
    return Table(header, {start: list(blocks[start]) for start in sorted(blocks)}, broken)


_FIX = f"A row has at most {MOST_COLUMNS} cells and {MOST_BYTES_OF_ROW} bytes, as UTF-8 text."


def broken_rows(table: Table, document: Document) -> SourceMalformed:
    """Say which rows of a table could not be read."""
    first, problem = next(iter(table.broken.items()))
    more = f", and {len(table.broken) - 1} more can't be read" if len(table.broken) > 1 else ""
    message = f"row {first} {problem}{more}; the other rows are read"
    return SourceMalformed(message, source=document.place, pointer=f"{first}:1", code="row", fix=_FIX)


def _problem(line: bytes) -> str:
    """Say why a line is no row; empty when it is one."""
    if line.count(b"\t") >= MOST_COLUMNS:
        return f"has more than {MOST_COLUMNS} cells"
    if len(line) > MOST_BYTES_OF_ROW:
        return f"is longer than {MOST_BYTES_OF_ROW} bytes"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"is not UTF-8 text (byte 0x{line[error.start]:02x})"
    return ""


def _block(line: bytes, column: int, names: tuple[str, ...], size: int) -> int:
    cell = line.split(b"\t", column + 1)[column : column + 1]
    usual = _USUAL.fullmatch(cell[0]) if cell else None
    if usual:
        return int(usual[1]) // size * size
    entry = _row(0, line, names).entry
    return int(entry.identifier.rpartition("-")[2]) // size * size if entry else ELSEWHERE


def rows_of(header: bytes, lines: list[bytes]) -> Iterator[Row]:
    """Yield the rows of one block."""
    names = names_of(header)
    for number, line in enumerate(lines, start=2):
        yield _row(number, line, names)


def _row(number: int, line: bytes, names: tuple[str, ...]) -> Row:
    text = line.decode("utf-8")
    values = [_unquoted(cell) for cell in text.split("\t")]
    cells = dict(zip(names, values, strict=False))
    return Row(number, text, cells, values[len(names) :], is_short=len(values) < len(names))


def _unquoted(cell: str) -> str:
    """Return a cell without the quotes around it, if they are that."""
    cell = cell.strip()
    inside = cell[1:-1]
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in inside.replace('""', ""):
        return cell
    return inside.replace('""', '"')
