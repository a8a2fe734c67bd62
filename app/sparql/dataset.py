"""A temporary store made from one RDF file, for `serve --dataset`."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from rembigraph.ontology.errors import SourceMalformed, SourceUnavailable

_FORMATS: Final = {
    ".nq": ox.RdfFormat.N_QUADS,
    ".trig": ox.RdfFormat.TRIG,
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
}
_PLACE: Final = re.compile(r"Parser error at line (\d+)[^:]*: ")


def stage_dataset(path: Path) -> Path:
    """Load an RDF file into a new temporary Oxigraph directory, its default graph as given.

    Relative IRIs are resolved against the file's own. Whoever calls this removes the directory in the end.

    Args:
        path: a file that ends in `.nq`, `.trig`, `.ttl` or `.nt`.

    Raises:
        SourceUnavailable: the file cannot be read.
        SourceMalformed: it is of another format, or breaks its format's grammar; the pointer is
            `line:column`.
    """
    rdf_format = _FORMATS.get(path.suffix.lower())
    if rdf_format is None:
        raise SourceMalformed(
            "This is no RDF file that can be served.",
            source=str(path),
            code="format",
            fix=f"Give one that ends in {', '.join(_FORMATS)}.",
        )
    if not path.is_file():
        raise SourceUnavailable("There is no such file.", where=str(path))
    directory = Path(tempfile.mkdtemp(prefix="rembigraph-dataset-"))
    try:
        _load(path, rdf_format, directory)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return directory


def _load(path: Path, rdf_format: ox.RdfFormat, directory: Path) -> None:
    store = ox.Store(str(directory))
    base = None if rdf_format in (ox.RdfFormat.N_QUADS, ox.RdfFormat.N_TRIPLES) else path.absolute().as_uri()
    try:
        store.bulk_load(path=str(path), format=rdf_format, base_iri=base)
        store.flush()
    except SyntaxError as error:
        raise _malformed(path, error) from None
    except OSError as error:
        raise SourceUnavailable(f"The file cannot be loaded: {error}", where=str(path)) from error


def _malformed(path: Path, error: SyntaxError) -> SourceMalformed:
    message = error.msg or str(error)
    place = _PLACE.match(message)
    line = error.lineno or (int(place[1]) if place else 0)
    pointer = f"{line}:{error.offset or 1}" if line else ""
    if place:
        message = message[place.end() :]
    return SourceMalformed(message, source=str(path), pointer=pointer, code="rdf-syntax")
