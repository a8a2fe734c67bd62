"""Links and curators' decisions for the command line and the pages: plain values, lines, documents to load again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml
from rembigraph.app.pages import text, words
from rembigraph.ontology.errors import UnknownAccession, UsageError
from rembigraph.ontology.external import parse_external
from rembigraph.ontology.identifiers import (
    Iris,
    NotAnAccession,
    is_accession,
    is_web_address,
    parse_accession,
)

if TYPE_CHECKING:
    from rembigraph.catalogue.decisions import Decision
    from rembigraph.catalogue.parts import Part
    from rembigraph.catalogue.reader import Snapshot

VERDICTS: Final = ("refuted", "confirmed")
MAX_END: Final = 300
_COLUMNS: Final = (
    ("accession", "study"),
    ("thing", "thing"),
    ("field", "field"),
    ("old_value", "old"),
    ("new_value", "new"),
    ("link_to", "link_to"),
    ("verdict", "verdict"),
    ("relation", "relation"),
    ("who", "who"),
    ("when", "when"),
    ("why", "why"),
)
"""What a decision says: name in a curation document -> attribute."""


def canonical_end(given: str) -> str:
    """Return the accession, external identifier or IRI that a text names, in its canonical spelling.

    Raises:
        UnknownAccession: it names nothing that a link can lead to.
    """
    try:
        return parse_accession(given).text
    except NotAnAccession:
        external = parse_external(given)
        if external:
            return external.identifier
    if len(given) <= MAX_END and is_web_address(given):
        return given
    raise UnknownAccession(f"{given[:80]!r} is no accession of an archive that links lead to")


def link_entries(part: Part, end: str) -> Iterator[dict[str, Any]]:
    """Yield what joins a record with another as plain values, an entry for each assertion."""
    for group in part.assertions:
        link = group[0].link
        start, finish = (end, part.accession) if link.outgoing else (part.accession, end)
        yield {
            "from": start,
            "to": finish,
            "archive": part.archive.key if part.archive else None,
            "held": part.held,
            "relation": link.relation,
            "evidence": link.evidence or link.kind,
            "asserted_by": link.asserter or None,
            "confidence": link.strength,
            "suggestion": link.is_suggestion,
            "correlated": link.is_correlative,
            "test_fixture": link.fixture,
            "verdict": link.verdict or None,
            "quotes": list(dict.fromkeys(quote for claim in group for quote in claim.texts)),
            "stated_in": sorted({claim.stated_in for claim in group if claim.stated_in}),
            "relayed_by": sorted({claim.link.relayed_by for claim in group if claim.link.relayed_by}),
        }


def entries(snapshot: Snapshot, accession: str = "") -> Iterator[dict[str, Any]]:
    """Yield the links of a record as plain values, or every link of the catalogue from the end that states it."""
    if accession:
        for part in snapshot.parts(accession, publications=True):
            yield from link_entries(part, accession)
        return
    for start in snapshot.search.starts():
        for part in snapshot.parts(start, publications=True):
            yield from (entry for entry in link_entries(part, start) if entry["from"] == start)


def suggested(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the suggestions among links: hints about pairs that nothing else links and no curator has judged."""
    every = list(found)
    stated = {_pair(entry) for entry in every if not entry["suggestion"] or entry["verdict"]}
    return [entry for entry in every if entry["suggestion"] and _pair(entry) not in stated]


def _pair(entry: dict[str, Any]) -> frozenset[str]:
    return frozenset((entry["from"], entry["to"]))


def says(asserter: str) -> str:
    """Return who states a link, to stand behind its evidence; empty when nobody is named.

    >>> says("depositor"), says("inferred"), says("")
    (', says the depositor', ', by a rule of this catalogue', '')
    """
    if asserter == "inferred":
        return ", by a rule of this catalogue"
    return f", says the {asserter}" if asserter else ""


def link_lines(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield links for a terminal: two ends with the relation, then what it rests on."""
    for entry in found:
        mark = " (suggestion)" if entry["suggestion"] else ""
        mark = f" ({entry['verdict']} by a curator)" if entry["verdict"] else mark
        yield f"{entry['from']} -> {entry['to']}  {entry['relation'].replace('_', ' ')}{mark}"
        who = says(entry["asserted_by"] or "")
        relayed = f", passed on by {text.joined(entry['relayed_by'])}" if entry["relayed_by"] else ""
        yield f"    {entry['evidence'].replace('_', ' ')}{who}{relayed}; confidence {entry['confidence']:.2g}"
        yield from (f'    "{text.cut(quote, 300)}"' for quote in entry["quotes"][:6])


def decision_document(one: str, other: str, asked: dict[str, str]) -> str:
    """Return a curation document with one decision about a link, ready for `rembigraph load`.

    Args:
        one: an end.
        other: the other end; one of the two must be an accession.
        asked: `verdict`, `who`, `why`, and perhaps `relation`.

    Raises:
        UsageError: something is missing.
    """
    verdict, relation = asked.get("verdict", ""), asked.get("relation", "")
    if verdict not in VERDICTS:
        raise UsageError("a decision says whether the link holds", fix="Choose confirmed or refuted.")
    if relation and relation not in words.RELATIONS:
        raise UsageError(
            f"there is no relation {relation[:40]!r}", fix=f"One of: {', '.join(words.RELATIONS)}."
        )
    missing = [name for name in ("who", "why") if not asked.get(name)]
    if missing:
        raise UsageError(f"a decision says {text.joined(missing)}", fix="Fill in who decides, and why.")
    first, second = (one, other) if is_accession(one) else (other, one)
    if not is_accession(first):
        fix = f"A decision is kept with a study: judge the link of a study with {one} or {other}."
        raise UsageError(f"neither {one} nor {other} is a study", fix=fix)
    decision = {"accession": first, "link_to": second, "verdict": verdict, "relation": relation}
    decision |= {
        "who": asked["who"],
        "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "why": asked["why"],
    }
    stated = {name: value for name, value in decision.items() if value}
    return yaml.safe_dump({"curation": [stated]}, allow_unicode=True, sort_keys=False)


def decision_values(decision: Decision, iris: Iris) -> dict[str, str]:
    """Return what a decision says in the words of a curation document; what it does not say is left out."""
    told = {name: str(getattr(decision, of)) for name, of in _COLUMNS}
    told |= {name: told[name].removeprefix(iris.data_base) for name in ("accession", "thing", "link_to")}
    if told["thing"] == told["accession"]:
        told["thing"] = ""
    return {name: value for name, value in told.items() if value}


def curation_yaml(decisions: Iterable[Decision], iris: Iris) -> str:
    """Return decisions as a curation document, which `rembigraph load` reads again."""
    stated = [decision_values(decision, iris) for decision in decisions]
    return yaml.safe_dump({"curation": stated}, allow_unicode=True, sort_keys=False)


def curation_tsv(decisions: Iterable[tuple[Decision, str]], iris: Iris) -> Iterator[str]:
    """Yield decisions as tab-separated lines with a header, for an archive's curators; the last column is the state."""
    names = [name for name, _ in _COLUMNS]
    yield "\t".join([*names, "state"])
    for decision, state in decisions:
        told = decision_values(decision, iris)
        yield "\t".join([*(" ".join(told.get(name, "").split()) for name in names), state])
