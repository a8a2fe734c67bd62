"""Small catalogues of made-up documents, published in any order and read back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pyoxigraph import DefaultGraph, NamedNode
from rembigraph import loaders
from rembigraph.app.pages.linkage import entries
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.archive import CanonicalRecord
from rembigraph.catalogue.generations import dump
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Incoming, Ingest, prepare
from rembigraph.catalogue.reader import Snapshot
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.completion import complete
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, Iris

DATA = DEFAULT_DATA_BASE
WHO = {"who": "Ada Lovelace", "when": "2026-11-28", "why": "made up"}


def study(accession: str, title: str = "Made up", **more: Any) -> str:
    """A study in Rembigraph YAML."""
    return yaml.safe_dump({"accession": accession, "title": title, **more}, sort_keys=False)


def correction(accession: str, field: str, old: str | None, new: str | None, **more: Any) -> str:
    """A curation document that corrects a field."""
    said = {"accession": accession, "field": field, "old_value": old, "new_value": new, **WHO, **more}
    return curation({name: value for name, value in said.items() if value is not None})


def judgement(accession: str, link_to: str, verdict: str, relation: str = "", **more: Any) -> str:
    """A curation document that judges a link."""
    said = {
        "accession": accession,
        "link_to": link_to,
        "verdict": verdict,
        "relation": relation,
        **WHO,
        **more,
    }
    return curation({name: value for name, value in said.items() if value})


def curation(*decisions: dict[str, Any]) -> str:
    """A curation document."""
    return yaml.safe_dump({"curation": list(decisions)}, sort_keys=False, allow_unicode=True)


@cache
def records(document: str, source: str = "") -> tuple[CanonicalRecord, ...]:
    """The records of a document, ready to publish; every one conforms.

    Args:
        document: the text.
        source: kind of source that its studies are to count as; empty for the one of its format.
    """
    found = []
    for reading in loaders.read(Document("made-up", "", document.encode())):
        assert isinstance(reading, Reading), reading
        leaves, record = reading.leaves, reading.study
        if source:
            (node,) = yaml.safe_load_all(document)
            record = complete(Study.model_validate(node), source)
        incoming = Incoming(
            record, source or reading.source, reading.format, reading.source_bytes, leaves.mapped, leaves.kept,
            leaves.ignored, reading.quality, reading.source_date, "made-up", "1",
        )  # fmt: skip
        prepared = prepare(incoming, Iris(DATA))
        assert prepared.report.conforms, prepared.report.violations
        found.append(prepared.record)
    return tuple(found)


@dataclass(frozen=True)
class From:
    """A document that counts as one of a kind of source."""

    source: str
    document: str


def publish(home: Home, *documents: str | From) -> None:
    """Publish documents as one generation."""
    given = [each if isinstance(each, From) else From("", each) for each in documents]
    with Ingest(home) as ingest:
        ingest.publish([record for each in given for record in records(each.document, each.source)])


def made(folder: Path, *batches: str | From | Sequence[str | From]) -> Home:
    """A new catalogue; each batch is a document, or several, published as one generation."""
    home = Home.init(folder, DATA)
    for batch in batches:
        publish(home, *([batch] if isinstance(batch, str | From) else batch))
    return home


@contextmanager
def opened(home: Home) -> Iterator[Snapshot]:
    """The newest generation."""
    with open_snapshot(home) as snapshot:
        yield snapshot


def states(home: Home) -> dict[str, str]:
    """State of every decision, by what it decides: its new value, or its verdict with its relation, then its reason."""
    with opened(home) as snapshot:
        return {
            f"{one.new or one.verdict or 'nothing'}{' ' * bool(one.relation)}{one.relation}: {one.why}": state
            for one, state in snapshot.decisions()
        }


def texts(home: Home, accession: str, field: str, thing: str = "") -> list[str]:
    """Values of a field of a study, or of a thing of it, as the catalogue shows them."""
    with opened(home) as snapshot:
        whole = snapshot.study(accession)
        assert whole
        node = whole.view.node(f"{DATA}{accession}/{thing}") if thing else whole.view.study
        return node.texts(field) if node else []


def dumped(home: Home) -> bytes:
    """Canonical dump of the catalogue."""
    out = io.BytesIO()
    dump(home, out)
    return out.getvalue()


def graph(home: Home, name: str) -> list[str]:
    """Triples of a shared graph, sorted."""
    with opened(home) as snapshot:
        named = NamedNode(snapshot.iris.graph(name))
        quads = snapshot._store.quads_for_pattern(None, None, None, named)
        return sorted(f"{quad.subject} {quad.predicate} {quad.object}" for quad in quads)


def in_default_graph(home: Home, subject: str) -> list[str]:
    """What the default graph says of a subject, sorted."""
    with opened(home) as snapshot:
        quads = snapshot._store.quads_for_pattern(NamedNode(subject), None, None, DefaultGraph())
        return sorted(f"{quad.predicate} {quad.object}" for quad in quads)


def links(home: Home, accession: str = "") -> list[dict[str, Any]]:
    """The links of a record, or all, as `rembigraph links --json` prints them."""
    with opened(home) as snapshot:
        return list(entries(snapshot, accession))


def everything(home: Home) -> str:
    """All that a catalogue says: what order of loading must not change."""
    with opened(home) as snapshot:
        decided = [(one.iri, state) for one, state in snapshot.decisions()]
        counts = dict(snapshot.counts)
    return json.dumps(
        [dumped(home).decode(), graph(home, "links"), graph(home, "inferred"), links(home), decided, counts]
    )
