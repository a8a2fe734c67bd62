"""A table of typed values: what queries and lists of studies answer with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rembigraph.client.display import html_table, plain_table
from rembigraph.client.errors import MissingPackage, UsageError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, import-not-found, unused-ignore]
    import polars as pl  # type: ignore[import-not-found, unused-ignore]

MAX_SHOWN: Final = 20
"""Most rows that a notebook shows."""

_MOST_PLAIN: Final = 10
_INT64: Final = 2**63
_PANDAS: Final = {
    int: "Int64",
    float: "Float64",
    bool: "boolean",
    str: "string",
    date: "datetime64[s]",
    datetime: "datetime64[us]",
}
"""pandas dtypes that can leave a value out without changing the others."""


class Table:
    """Rows of typed values under named columns. What a row does not have is None.

    Args:
        columns: names of the columns; each once.
        rows: rows, each with a value for every column.
        note: what a reader should know about it, or empty.
    """

    def __init__(self, columns: Iterable[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
        self.columns = tuple(columns)
        self.note = note
        self._rows = [tuple(row) for row in rows]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, as a list of dictionaries: column -> value."""
        return list(self)

    def column(self, name: str) -> list[Any]:
        """Return the values of a column, in order.

        Raises:
            UsageError: there is no such column.
        """
        if name not in self.columns:
            raise UsageError(f"there is no column {name[:80]!r}", fix=f"Columns: {', '.join(self.columns)}.")
        place = self.columns.index(name)
        return [row[place] for row in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            yield dict(zip(self.columns, row, strict=True))

    def __getitem__(self, number: int) -> dict[str, Any]:
        return dict(zip(self.columns, self._rows[number], strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas data frame with dtypes that fit: a whole number stays one beside a gap.

        Raises:
            MissingPackage: pandas is not installed.
        """
        pandas = _package("pandas")
        series = {name: _pandas_series(pandas, self.column(name)) for name in self.columns}
        frame: pd.DataFrame = pandas.DataFrame(series, columns=list(self.columns))
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return the table as a polars data frame with types that fit.

        Raises:
            MissingPackage: polars is not installed.
        """
        polars = _package("polars")
        columns = [_polars_series(polars, name, self.column(name)) for name in self.columns]
        frame: pl.DataFrame = polars.DataFrame(columns)
        return frame

    def __repr__(self) -> str:
        grid = plain_table(self.columns, self._rows[:_MOST_PLAIN])
        return "\n".join(filter(None, [grid, self._extent(_MOST_PLAIN), self.note]))

    def _repr_html_(self) -> str:
        caption = " ".join(filter(None, [self._extent(MAX_SHOWN), self.note]))
        return html_table(self.columns, self._rows[:MAX_SHOWN], caption)

    def _extent(self, most: int) -> str:
        total = len(self)
        rows = "1 row" if total == 1 else f"{total} rows"
        return f"First {most} of {rows}." if total > most else f"{rows}."


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPackage(name) from error


def _kind(values: Iterable[object]) -> type | None:
    """Return the one type of all values that are there; None for none and for mixtures."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float} and all(not isinstance(v, int) or abs(v) <= 2**53 for v in values):
        return float
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind is int and not all(-_INT64 <= v < _INT64 for v in values if isinstance(v, int)):
        return None
    return kind


def _is_zoned(values: Iterable[object]) -> set[bool]:
    return {value.tzinfo is not None for value in values if isinstance(value, datetime)}


def _pandas_series(pandas: Any, values: list[Any]) -> Any:
    kind = _kind(values)
    if kind is datetime and _is_zoned(values) != {False}:
        # Times with and without a zone are not comparable: they stay what they are.
        zoned = _is_zoned(values) == {True}
        series = pandas.Series(values, dtype="object")
        return pandas.to_datetime(series, utc=True) if zoned else series
    return pandas.Series(values, dtype=_PANDAS.get(kind, "object") if kind else "object")


def _polars_series(polars: Any, name: str, values: list[Any]) -> Any:
    kind = _kind(values)
    if kind is None and any(value is not None for value in values):
        return polars.Series(name, values, dtype=polars.Object)
    if kind is datetime and len(_is_zoned(values)) > 1:
        return polars.Series(name, values, dtype=polars.Object)
    kinds: dict[type | None, Callable[[], Any]] = {
        int: lambda: polars.Int64,
        float: lambda: polars.Float64,
        bool: lambda: polars.Boolean,
        str: lambda: polars.String,
        date: lambda: polars.Date,
        datetime: lambda: polars.Datetime("us", "UTC" if _is_zoned(values) == {True} else None),
        list: lambda: polars.List(polars.String),
    }
    return polars.Series(name, values, dtype=kinds[kind]() if kind in kinds else None, strict=False)
