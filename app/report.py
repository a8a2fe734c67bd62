"""Turns reports and records into lines for people and documents for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rembigraph.app.loading import LoadReport, Outcome, total_leaves

SHOWN = 20


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
    warnings = sum(len(outcome.report.warnings) for outcome in report.outcomes if outcome.state == "loaded")
    yield f"{counts} in {report.seconds:.1f} s; {warnings} warnings stored; generation {report.generation}"


def coverage_lines(report: LoadReport) -> Iterator[str]:
    """Yield how many source values are mapped, kept and ignored, by format, and the most frequent unmapped names."""
    for form in sorted({outcome.format for outcome in report.outcomes if outcome.format}):
        leaves = total_leaves(outcome for outcome in report.outcomes if outcome.format == form)
        yield f"{form}: {leaves.total} values; {_share(leaves.mapped, leaves.total)} mapped, {leaves.kept} kept " + (
            f"verbatim, {leaves.ignored} ignored by rule"
        )
    for name, count in report.unmapped().most_common(10):
        yield f"  kept {count:>6} x {name}"


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
    yield f"{len(outcomes)} records: {violations} violations, {warnings} warnings"


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
