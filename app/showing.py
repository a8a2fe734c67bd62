"""Reads the current generation for the command line: one study, a search, the state of the catalogue."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rembigraph.catalogue.decisions import LAPSED
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.reader import Snapshot
from rembigraph.catalogue.soundness import newest_sound
from rembigraph.catalogue.studylist import StudyPage
from rembigraph.ontology.errors import UnknownAccession, UsageError, WithdrawnAccession
from rembigraph.ontology.identifiers import NotAnAccession, parse_accession

if TYPE_CHECKING:
    from rembigraph.catalogue.generations import Generation

_log = logging.getLogger(__name__)


def canonical_accession(text: str) -> str:
    """Return an accession in its canonical spelling.

    Raises:
        UsageError: it fits no archive.
    """
    try:
        return parse_accession(text).text
    except NotAnAccession as error:
        fix = "Write one such as EMPIAR-10310, S-BIAD1076, idr0001 or ssbd-repos-000001."
        raise UsageError(str(error), fix=fix) from error


@contextmanager
def open_snapshot(home: Home) -> Iterator[Snapshot]:
    """Open the newest sound generation and keep it from being removed meanwhile.

    Raises:
        UsageError: nothing has been loaded yet.
        StoreDamaged: no generation is sound.
    """
    with held_generation(home) as generation:
        snapshot = Snapshot.open(generation.path, home.data_base)
        try:
            yield snapshot
        finally:
            snapshot.close()


@contextmanager
def held_generation(home: Home) -> Iterator[Generation]:
    """Hold the newest sound generation; a warning tells why it is not the newest, if it is not.

    Raises:
        UsageError: nothing has been loaded yet.
        StoreDamaged: no generation is sound.
    """
    with newest_sound(home) as served:
        for damage in served.damages:
            _log.warning("Warning: %s (%s)", damage, damage.fix)
        if served.generation is None:
            raise UsageError("the catalogue is empty", fix="Load something first: rembigraph load PATH")
        yield served.generation


@contextmanager
def open_study(home: Home, accession: str) -> Iterator[tuple[Snapshot, str]]:
    """Open the current generation for one study that is in it.

    Raises:
        WithdrawnAccession: it was withdrawn.
        UnknownAccession: it is not in this catalogue.
    """
    name = canonical_accession(accession)
    with open_snapshot(home) as snapshot:
        withdrawal = snapshot.withdrawal(name)
        if withdrawal is not None:
            message = f"{name} was withdrawn on {withdrawal.time[:10]}: {withdrawal.reason}"
            raise WithdrawnAccession(message, reason=withdrawal.reason, date=withdrawal.time[:10])
        if not snapshot.holds(name):
            near = ", ".join(snapshot.search.nearest(name)) or "none is near"
            page = parse_accession(name).landing_page
            fix = f"Nearest here: {near}." + (f" The archive's page: {page}" if page else "")
            raise UnknownAccession(f"{name} is not in this catalogue", fix=fix)
        yield snapshot, name


def lapsed_warning(home: Home) -> list[str]:
    """Return a warning that names the decisions of curators that lapsed; nothing when none did."""
    from rembigraph.app.report import lapsed_lines

    with newest_sound(home) as served:
        derived = served.generation.meta.get("derived", {}) if served.generation else {}
        if not derived.get("decisions", {}).get(LAPSED):
            return []
    with open_snapshot(home) as snapshot:
        return list(lapsed_lines(snapshot.decisions(), home.data_base))


def search_studies(
    home: Home,
    words: str,
    archive: Sequence[str] = (),
    organism: Sequence[str] = (),
    method: Sequence[str] = (),
    page: int = 1,
) -> StudyPage:
    """Return one page of the studies that have all the words and pass all the filters."""
    with open_snapshot(home) as snapshot:
        return snapshot.search.studies(words, archive, organism, method, page=page)


def catalogue_status(home: Home) -> dict[str, Any]:
    """Return what the catalogue holds, from its ledger and the counts of its current generation."""
    state = home.state()
    with newest_sound(home) as served:
        generation, damages = served.generation, served.damages
    derived = generation.meta.get("derived", {}) if generation else {}
    return {
        "version": version("rembigraph"),
        "home": str(home.path),
        "data_base": home.data_base,
        "generation": generation.number if generation else 0,
        "published": generation.meta.get("time") if generation else None,
        "records": len(state.active),
        "superseded": sum(len(state.superseded(key)) for key in state.active),
        "withdrawn": sorted(state.withdrawn),
        "quads": generation.meta.get("quads", 0) if generation else 0,
        "sound": not damages,
        "problems": [asdict(damage) for damage in damages],
        "counts": derived,
    }
