"""Turns reports and records into lines for people and documents for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rembigraph.app.loading import LoadReport, Outcome, leaves_json, total_leaves
from rembigraph.app.pages.linkage import says
from rembigraph.app.pages.text import cut, plural
from rembigraph.app.pages.words import disagreement, judged
from rembigraph.catalogue.decisions import LAPSED, Decision
from rembigraph.catalogue.merging import MergedStudy
from rembigraph.catalogue.parts import Part
from rembigraph.catalogue.reader import Snapshot
from rembigraph.catalogue.recordview import Node
from rembigraph.catalogue.studylist import StudyPage
from rembigraph.catalogue.summary import authors
from rembigraph.loaders.reading import Leaves

SHOWN = 20
SHOWN_TEXT = 300
UNMAPPED_SHOWN = 10


def load_lines(report: LoadReport) -> Iterator[str]:
    """Yield what became of a batch: one line for each record that was not loaded, then the totals."""
    notable = [outcome for outcome in report.outcomes if outcome.state in {"failed", "refused", "superseded"}]
    for outcome in notable[:SHOWN]:
        yield f"{outcome.state:<10} {_place(outcome)}"
        if outcome.reason:
            yield f"           {outcome.reason.message}"
    if len(notable) > SHOWN:
        yield f"... and {len(notable) - SHOWN} more; --json lists all"
    states = Counter(outcome.state for outcome in report.outcomes)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common()) or "nothing found"
    loaded = [outcome.tally for outcome in report.outcomes if outcome.state == "loaded"]
    warnings, notes = sum(found.warnings for found in loaded), sum(found.notes for found in loaded)
    yield (
        f"{counts} in {report.seconds:.1f} s; {warnings} warnings and {notes} notes stored; "
        f"generation {report.generation}"
    )


def coverage_lines(report: LoadReport) -> Iterator[str]:
    """Yield how many source values are mapped, kept and ignored, by format, and the most frequent unmapped names."""
    for form, leaves in _by_format(report).items():
        yield (
            f"{form}: {leaves.total} values; {_share(leaves.mapped, leaves.total)} mapped, {leaves.kept} kept "
            f"verbatim, {leaves.ignored} ignored by rule; of those not ignored "
            f"{_share(leaves.mapped, leaves.mapped + leaves.kept)} mapped"
        )
    for name, count in report.unmapped().most_common(UNMAPPED_SHOWN):
        yield f"  kept {count:>6} x {name}"


def coverage_json(report: LoadReport) -> dict[str, Any]:
    """Return the same as a JSON document: leaves by format, and the most frequent unmapped names with counts."""
    return {
        "formats": {form: leaves_json(leaves) for form, leaves in _by_format(report).items()},
        "unmapped": dict(report.unmapped().most_common(UNMAPPED_SHOWN)),
    }


def _by_format(report: LoadReport) -> dict[str, Leaves]:
    forms = sorted({outcome.format for outcome in report.outcomes if outcome.format})
    return {
        form: total_leaves(outcome for outcome in report.outcomes if outcome.format == form) for form in forms
    }


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "0"


def _place(outcome: Outcome) -> str:
    where = f"{outcome.file}!{outcome.member}" if outcome.member else outcome.file
    return f"{outcome.accession} {where}".strip()


def validation_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield every result in words, record by record, and a last line with totals."""
    for outcome in outcomes:
        yield _verdict(outcome)
        if outcome.state == "failed" and outcome.reason:
            yield f"  {outcome.reason.message}"
        for result in outcome.report.results:
            yield f"  {result.sentence}"
    violations = sum(len(outcome.report.violations) for outcome in outcomes)
    warnings = sum(len(outcome.report.warnings) for outcome in outcomes)
    notes = sum(len(outcome.report.notes) for outcome in outcomes)
    yield f"{len(outcomes)} records: {violations} violations, {warnings} warnings, {notes} notes"


def _verdict(outcome: Outcome) -> str:
    if outcome.state in {"failed", "skipped"}:
        return f"{outcome.state}: {_place(outcome)}"
    word = "conforms" if outcome.report.conforms else "does not conform"
    return f"{word}: {_place(outcome)}"


def validation_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return every result as a JSON document."""
    records = []
    for outcome in outcomes:
        results = [
            {
                "severity": result.severity,
                "shape": result.shape,
                "focus_node": result.focus_node,
                "path": result.path,
                "value": result.value,
                "message": result.message,
                "level": result.level,
            }
            for result in outcome.report.results
        ]
        records.append({**outcome.as_json(), "conforms": outcome.report.conforms, "results": results})
    return {"version": 1, "conforms": all(record["conforms"] for record in records), "records": records}


def search_lines(page: StudyPage) -> Iterator[str]:
    """Yield the studies of one page of a list, and how to go on."""
    for item in page.items:
        terms = "; ".join(term.label for term in (*item.organisms, *item.methods))
        yield f"{item.accession:<24} {item.title}"
        if terms:
            yield f"{'':<24} {terms}"
    number = page.criteria.page
    yield f"{page.total} studies" + (f", page {number} of {page.pages}" if page.pages > 1 else "")
    if not page.items and page.advice:
        yield from (f"Did you mean {text}?" for text in (*page.advice.accessions, *page.advice.queries))


def search_json(page: StudyPage) -> dict[str, Any]:
    """Return one page of a list as a JSON document."""
    items = [
        {
            "accession": item.accession,
            "archive": item.archive,
            "title": item.title,
            "issued": item.issued or None,
            "license": item.license or None,
            "organisms": [
                {"iri": term.value if term.is_term else None, "label": term.label} for term in item.organisms
            ],
            "methods": [
                {"iri": term.value if term.is_term else None, "label": term.label} for term in item.methods
            ],
            "parts": item.parts,
        }
        for item in page.items
    ]
    return {
        "version": 1,
        "total": page.total,
        "page": page.criteria.page,
        "pages": page.pages,
        "studies": items,
    }


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Yield what the catalogue holds."""
    counts = status["counts"]
    yield f"Catalogue {status['home']}"
    yield f"generation {status['generation']}, published {status['published'] or 'never'}"
    yield f"{status['records']} records, {status['quads']} quads, {len(status['withdrawn'])} studies withdrawn"
    for problem in status["problems"]:
        yield f"DAMAGED {problem['where']}: {problem['message']} ({problem['fix']})"
    for archive, count in counts.get("archives", {}).items():
        yield f"  {archive:<18} {count:>7} studies"
    if counts:
        yield f"{counts['correlative_studies']} correlative studies in {counts['sets']} sets"
        yield f"{counts['kept_values']} source values kept verbatim, {counts['unresolved']} texts without a term"
    if counts.get("decisions"):
        yield "decisions of curators: " + ", ".join(
            f"{n} {state}" for state, n in counts["decisions"].items()
        )


def study_lines(snapshot: Snapshot, accession: str) -> Iterator[str]:
    """Yield a study for a terminal: what it is, its other parts, its facts, gaps and sources."""
    whole = snapshot.study(accession)
    if whole is None:
        return
    study = whole.view.study
    title = study.text("title")
    yield f"{accession}  {title if title != accession else '(its sources give no title)'}"
    yield from _fact_lines(study)
    parts = snapshot.parts(accession)
    if parts:
        yield "Other parts:"
        yield from (line for part in parts for line in _part_lines(part))
    yield from _conflict_lines(whole)
    yield from _decision_lines(whole, snapshot.iris.data_base)
    findings = snapshot.validation(accession)
    if findings:
        yield "REMBI asks for, and the sources do not give:"
        yield from (f"  {finding.message}" for finding in findings)
    yield "Sources:"
    for source in snapshot.sources(accession):
        yield f"  {source.kind} ({source.format}), sha256 {source.sha256[:12]}, mapping {source.mapping_version}"


SHOWN_FIELDS = (
    ("Archive", "archive"),
    ("Page", "landing_page"),
    ("Released", "issued"),
    ("Licence", "license"),
    ("Organism", "organism"),
    ("Method", "imaging_method"),
    ("Method", "imaging_method_text"),
    ("Bytes", "byte_size"),
    ("Files", "file_count"),
    ("DOI", "dataset_doi"),
    ("Publication", "publication"),
)


def _fact_lines(study: Node) -> Iterator[str]:
    for word, name in SHOWN_FIELDS:
        values = [
            study.view.label(value.text) if value.is_iri else value.text for value in study.values(name)
        ]
        if name in {"landing_page", "license", "dataset_doi", "publication"}:
            values = study.texts(name)
        if values:
            yield f"  {word:<12} {'; '.join(values)}"
    names = [node.text("display_name") for node in authors(study.view)]
    if names:
        yield f"  {'Authors':<12} {', '.join(names)}"


def _conflict_lines(whole: MergedStudy) -> Iterator[str]:
    if whole.conflicts:
        yield "Its sources disagree:"
    for conflict in whole.conflicts:
        yield f"  {conflict.field.replace('_', ' ')}"
        told = disagreement(whole.view, conflict)
        yield from (f"    {cut(value, SHOWN_TEXT)} ({who})" for value, who in told)


def _decision_lines(whole: MergedStudy, data_base: str) -> Iterator[str]:
    if whole.decisions:
        yield "Curators decided:"
    for decision in whole.decisions:
        yield from _decided(decision, whole.states.get(decision.iri, ""), data_base)


def _decided(decision: Decision, state: str, data_base: str) -> Iterator[str]:
    told = judged(decision, state, data_base)
    yield f"  {state:<10} {cut(told.what, SHOWN_TEXT)}"
    yield f"             {told.who}, {told.when}: {cut(told.why, SHOWN_TEXT)}"


def lapsed_lines(decisions: Iterable[tuple[Decision, str]], data_base: str) -> Iterator[str]:
    """Yield a warning that names the decisions of curators that lapsed; nothing when none did."""
    lapsed = [decision for decision, state in decisions if state == LAPSED]
    if not lapsed:
        return
    yield f"Warning: {plural(len(lapsed), 'decision')} of curators lapsed: no source says what it corrects"
    for decision in lapsed[:SHOWN]:
        yield from _decided(decision, LAPSED, data_base)
    if len(lapsed) > SHOWN:
        yield f"... and {len(lapsed) - SHOWN} more: rembigraph curation --format tsv"


def _part_lines(part: Part) -> Iterator[str]:
    archive = part.archive.label if part.archive else "elsewhere"
    title = part.title or "(not in this catalogue)"
    yield f"  {part.accession} [{archive}] {title}"
    if part.landing_page:
        yield f"    data at {part.landing_page}"
    for claim in part.claims:
        link = claim.link
        evidence = (link.evidence or link.kind).replace("_", " ")
        who = says(link.asserter)
        quote = f': "{claim.texts[0]}"' if claim.texts else ""
        yield f"    {link.relation.replace('_', ' ')} - {evidence}{who}{quote}"
