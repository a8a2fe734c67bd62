"""Live loading: which accessions a person asks for, and the settings by which they are fetched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rembigraph.app.settings import Settings
from rembigraph.catalogue.home import Home
from rembigraph.loaders.fetch import Client, Manners
from rembigraph.loaders.live import Bases, Live, reader_of
from rembigraph.loaders.live_addresses import Sites
from rembigraph.loaders.live_cache import Cache
from rembigraph.loaders.live_retry import Fetcher
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceError, SourceMalformed, UsageError
from rembigraph.ontology.identifiers import Accession, NotAnAccession, parse_accession

PROJECT: Final = "https://w3id.org/rembigraph/"
CACHE: Final = Path("cache") / "live"
"""Where fetched documents are kept, in the home folder."""

MAX_LIST_BYTES: Final = 4 * 1024 * 1024

_COMMENT = "#"


def asked_for(arguments: Iterable[str], list_file: Path | None) -> list[Accession | SourceError]:
    """Return the accessions that a person asks for, each once, and an error for each that can't be one.

    Args:
        arguments: accessions from the command line.
        list_file: file with one accession a line, `#` before comments; `-` for standard input.

    Raises:
        UsageError: the file cannot be read, or nothing is asked for.
    """
    found = [_accession(text, "the command line", "") for text in arguments]
    if list_file:
        found += _listed(list_file)
    if not found:
        raise UsageError("no accession is given", fix="rembigraph load --live EMPIAR-10416 S-BIAD19")
    once: dict[str, Accession | SourceError] = {}
    for one in found:
        once.setdefault(one.text if isinstance(one, Accession) else f"{one.where} {one.message}", one)
    return list(once.values())


def _listed(file: Path) -> Iterator[Accession | SourceError]:
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if text := line.partition(_COMMENT)[0].strip():
            yield _accession(text, str(file), f"{number}:1")


def _text(file: Path) -> str:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(MAX_LIST_BYTES + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(MAX_LIST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the list of accessions can't be read: {error.strerror}", where=str(file)
        ) from error
    if len(data) > MAX_LIST_BYTES:
        raise UsageError(f"the list of accessions is larger than {MAX_LIST_BYTES} bytes", where=str(file))
    return data.decode("utf-8-sig", "replace")


def _accession(text: str, source: str, pointer: str) -> Accession | SourceError:
    shown = without_email(text)[:80]
    try:
        accession = parse_accession(text)
        reader_of(accession)
    except NotAnAccession:
        message, fix = f"{shown!r} is not an accession", "Write one a line, such as EMPIAR-10416 or S-BIAD19."
        return SourceMalformed(message, source=source, pointer=pointer, code="unknown-accession", fix=fix)
    except KeyError:
        message = f"{shown} is of no archive that is read live (BioStudies and EMPIAR are)"
        fix = "Load its record from a file."
        return SourceMalformed(message, source=source, pointer=pointer, code="not-live", fix=fix)
    return accession


def live_documents(
    wanted: Iterable[Accession | SourceError],
    settings: Settings,
    home: Home,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Document | SourceError]:
    """Fetch the records that are asked for, as they are taken.

    Args:
        wanted: accessions; errors among them are yielded in their place.
        settings: where the sources are, and how they are asked.
        home: catalogue whose folder keeps what was fetched.
        progress: called with the number of accessions done so far.
    """
    bases = Bases(settings.biostudies_url, settings.empiar_url)
    manners = manners_of(settings)
    with closing(Client(manners, Sites((bases.biostudies, bases.empiar)))) as client:
        fetcher = Fetcher(client, Cache(home.path / CACHE), manners)
        for done, document in enumerate(Live(fetcher, bases).documents(wanted), start=1):
            progress(done)
            yield document


def manners_of(settings: Settings) -> Manners:
    """Return how sources are asked by these settings."""
    return Manners(
        user_agent=f"rembigraph/{version('rembigraph')} (+{PROJECT})",
        pause_seconds=settings.live_pause,
        connect_seconds=min(settings.live_timeout, 10.0),
        read_seconds=settings.live_timeout,
        deadline_seconds=settings.live_deadline,
        tries=settings.live_tries,
        first_wait_seconds=settings.live_backoff,
        longest_wait_seconds=settings.live_longest_wait,
    )
