"""SPARQL from the command line, in the same killable worker that the server uses."""

from __future__ import annotations

import difflib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rembigraph.app.settings import Settings, query_limits
from rembigraph.app.sparql.gate import admit
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.queries import named_queries
from rembigraph.ontology.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULT_FORMATS = {
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
}
GRAPH_FORMATS = {
    "turtle": "text/turtle",
    "ntriples": "application/n-triples",
    "jsonld": "application/ld+json",
    "xml": "application/rdf+xml",
}


def query_text(given: str | None, file: Path | None) -> str:
    """Return the text of a query given as text, `@name`, file or standard input.

    Raises:
        UsageError: no such named query, or two sources at once.
    """
    if given and file:
        raise UsageError("a query and -f FILE exclude each other", fix="Give one of them.")
    if file:
        return file.read_text(encoding="utf-8")
    if given is None or given == "-":
        return sys.stdin.read()
    return _named(given.removeprefix("@")) if given.startswith("@") else given


def _named(name: str) -> str:
    queries = named_queries()
    if name in queries:
        return queries[name].text
    near = difflib.get_close_matches(name, queries, n=1)
    fix = f"Did you mean @{near[0]}?" if near else f"Known: {', '.join('@' + known for known in queries)}."
    raise UsageError(f"there is no query named {name!r}", fix=fix)


def answer_query(home: Home, text: str, form: str, settings: Settings, out: TextIO) -> None:
    """Answer a query over the current generation and write it to `out`.

    A result table for people on a terminal, TSV into a pipe, Turtle for graphs; `form` chooses another.

    Raises:
        UsageError: the catalogue is empty, or the format does not fit the query.
        QueryError: the query is refused, wrong, too slow or too large.
    """
    from rembigraph.app.showing import held_generation
    from rembigraph.app.sparql.location import StoreLocation
    from rembigraph.app.sparql.service import query_once

    bounds = query_limits(settings)
    is_graph = admit(text, bounds).form in {"construct", "describe"}
    media_type, as_table = _media_type(form, is_graph, out.isatty())
    buffer = io.BytesIO()
    with held_generation(home) as generation:
        location = StoreLocation(generation.store_path, str(generation.number))
        query_once(location, text, media_type, bounds, buffer)
    if as_table:
        _print_table(json.loads(buffer.getvalue()), out)
    else:
        out.write(buffer.getvalue().decode("utf-8"))


def _media_type(form: str, is_graph: bool, terminal: bool) -> tuple[str, bool]:
    if not form:
        form = "turtle" if is_graph else "table" if terminal else "tsv"
    if form == "table" and not is_graph:
        return RESULT_FORMATS["json"], True
    known = GRAPH_FORMATS if is_graph else RESULT_FORMATS
    if form not in known:
        kind = "CONSTRUCT and DESCRIBE" if is_graph else "SELECT and ASK"
        raise UsageError(f"{form!r} does not fit this query", fix=f"{kind} give: {', '.join(known)}.")
    return known[form], False


def _print_table(result: dict[str, Any], out: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if "boolean" in result:
        out.write("yes\n" if result["boolean"] else "no\n")
        return
    table = Table()
    names = result["head"]["vars"]
    for name in names:
        table.add_column(name, overflow="fold")
    rows: Iterable[dict[str, Any]] = result["results"]["bindings"]
    for row in rows:
        table.add_row(*(Text(str(row[name]["value"])) if name in row else "" for name in names))
    Console(file=out).print(table)
