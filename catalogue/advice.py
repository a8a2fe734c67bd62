"""What to say when a list of studies is empty: near accessions, near words, filters to drop."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterator
from typing import Final

from rembigraph.catalogue.criteria import KINDS, Criteria, archive_key, fold, words_of
from rembigraph.catalogue.question import Question, nearest_in
from rembigraph.catalogue.studylist import Advice
from rembigraph.ontology.identifiers import ARCHIVES

_CANDIDATES: Final = 4000
_NEAR: Final = 0.72
_LAST: Final = "\U0010ffff"


def advise(index: sqlite3.Connection, question: Question) -> Advice:
    """Return what may help. The work is bounded, whatever was asked."""
    return Advice(
        accessions=tuple(near for text in question.accessions[:2] for near in nearest_in(index, text, 4)),
        queries=tuple(_corrected(index, question.criteria.q)),
        drops=tuple(_drops(index, question)),
        unknown=tuple(_unknown(index, question)),
    )


def _corrected(index: sqlite3.Connection, q: str) -> Iterator[str]:
    words = words_of(q)
    corrected = [_near_word(index, fold(word)) for word in words]
    if corrected != [fold(word) for word in words] and all(corrected):
        proposal = Criteria.of(" ".join(corrected))
        if Question.of(index, proposal).total(index):
            yield proposal.q


def _near_word(index: sqlite3.Connection, word: str) -> str:
    """Return a word of the index for this one: itself if it is there, else the nearest; empty for none."""
    known = index.execute(
        "SELECT term FROM vocabulary WHERE term >= ? AND term < ? LIMIT 1", (word, word + "\U0010ffff")
    )
    if known.fetchone():
        return word
    candidates: list[str] = []
    for start in dict.fromkeys((word[:2], word[:1])):
        rows = index.execute(
            "SELECT term FROM vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?"
            " ORDER BY term LIMIT ?",
            (start, start + _LAST, len(word) - 2, len(word) + 2, _CANDIDATES),
        )
        candidates += (row[0] for row in rows)
        near = difflib.get_close_matches(word, candidates, n=1, cutoff=_NEAR)
        if near:
            return near[0]
    return ""


def _drops(index: sqlite3.Connection, question: Question) -> Iterator[tuple[str, str, int]]:
    """Yield every filter without which there would be studies, with how many."""
    criteria = question.criteria
    active = [kind for kind in KINDS if criteria.values(kind)]
    if criteria.correlative is not None:
        active.append("correlative")
    if criteria.q and active:
        active.append("q")
    for kind in active:
        studies = question.total(index, without=kind)
        if studies:
            yield kind, _words(question, kind), studies


def _words(question: Question, kind: str) -> str:
    if kind == "correlative":
        return "with a part elsewhere" if question.criteria.correlative else "without a part elsewhere"
    return question.criteria.q if kind == "q" else ", ".join(question.criteria.values(kind))


def _unknown(index: sqlite3.Connection, question: Question) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the values of filters that no study has, with names that are near."""
    for text in question.criteria.archive:
        if not archive_key(text):
            yield "archive", text, tuple(archive.label for archive in ARCHIVES[:-1])
    for kind in ("organism", "method"):
        for text in question.criteria.values(kind):
            known = index.execute("SELECT 1 FROM name WHERE kind = ? AND folded = ?", (kind, fold(text)))
            if not known.fetchone():
                yield kind, text, _near_names(index, kind, fold(text))


def _near_names(index: sqlite3.Connection, kind: str, folded: str) -> tuple[str, ...]:
    rows = index.execute(
        "SELECT name.folded, term.label FROM name JOIN term USING (kind, value) WHERE name.kind = ?"
        " ORDER BY name.folded LIMIT ?",
        (kind, _CANDIDATES),
    )
    labels = dict(rows.fetchall())
    near = difflib.get_close_matches(folded, labels, n=3, cutoff=0.6)
    holding = [name for name in labels if folded in name][:3] if len(folded) > 2 else []
    return tuple(dict.fromkeys(labels[name] for name in [*near, *holding]))[:3]
