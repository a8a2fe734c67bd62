"""Rows of EMICSS tables as links between records, models of maps, and samples of maps.

What a row says is found whatever its table is called: an EMPIAR entry makes a link to the map, a PDB entry a model of
it, a sample a `MapSample`, a DOI or PubMed number a link to the publication. A row of which nothing is known, or whose
cells may stand in the wrong columns, is kept whole.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from rembigraph.loaders.emicss_table import EMDB_ID, Row
from rembigraph.loaders.reading import Leaves
from rembigraph.loaders.values import (
    E_MAIL_REMOVED,
    doi,
    doi_iri,
    is_placeholder,
    prose,
    pubmed_iri,
    taxon_iri,
    without_email,
)
from rembigraph.ontology.external import PDB, External, parse_external, uniprot_iri
from rembigraph.ontology.generated.models import ExternalRecord, KeptValue, LinkSet, MapSample, StudyLink
from rembigraph.ontology.identifiers import OBO, NotAnAccession, parse_accession

RELAY: Final = "EMICSS"
SAMPLE_IDS: Final = ("SAMPLE_ID", "EMDB_SAMPLE_ID")
COLUMNS: Final = frozenset(
    [
        *("EMDB_ID", "PROVENANCE", "EMPIAR_ID", "PDB_ID", "ASSEMBLY", "MOLECULAR_WEIGHT", "OVERALL_MW"),
        *(*SAMPLE_IDS, "SAMPLE_NAME", "SAMPLE_COPIES", "NCBI_ID", "UNIPROT_ID", "SAMPLE_COMPLEX_IDS"),
        *("PUBMED_ID", "PUBMED_PROVENANCE", "PUBMEDCENTRAL_ID", "PUBMEDCENTRAL_PROVENANCE", "ISSN"),
        *(
            "ISSN_PROVENANCE",
            "DOI",
            "DOI_PROVENANCE",
            "JOURNAL_NAME",
            "JOURNAL_ABBV",
            "AUTHOR_NAME",
            "ORCID_ID",
        ),
        *(
            "AUTHOR_ORDER",
            "GO_ID",
            "GO_NAMESPACE",
            "GO_TYPE",
            "ALPHAFOLDDB_ID",
            "PDBEKB_ID",
            "CPX_ID",
            "CPX_TITLE",
        ),
        *(
            "INTERPRO_ID",
            "INTERPRO_NAMESPACE",
            "PFAM_ID",
            "PFAM_NAMESPACE",
            "CHEMBL_ID",
            "CHEBI_ID",
            "DRUGBANK_ID",
        ),
        *("HET_CODE", "COMP_NAME", "COMP_COPIES", "RFAM_ID", "SCORE"),
    ]
)
"""Columns of EMICSS tables that are known by name."""

_PROVENANCE = "PROVENANCE"
_SAMPLE_SLOTS = ("SAMPLE_NAME", "SAMPLE_COPIES", "NCBI_ID", "UNIPROT_ID", "SAMPLE_COMPLEX_IDS")
_COMPLEX_SEPARATOR = re.compile(r"\s*[;,|]\s*")
_MOST_CHARACTERS_OF_SAMPLE = 100
_GO = re.compile(r"(?:obo:|https?://purl\.obolibrary\.org/obo/)?GO[:_](\d{7})", re.IGNORECASE)
_PUBMED_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def _empiar(text: str) -> str | None:
    try:
        found = parse_accession(text)
    except NotAnAccession:
        return None
    return found.text if found.archive_key == "EMPIAR" else None


def _pdb(text: str) -> str | None:
    found = parse_external(text)
    return found.identifier if found and found.archive is PDB else None


def _taxon(text: str) -> str | None:
    return taxon_iri(text, bare=True)


def _go(text: str) -> str | None:
    match = _GO.fullmatch(text)
    return f"{OBO}GO_{match[1]}" if match else None


def _publication(text: str) -> str | None:
    name = doi(text)
    return doi_iri(name) if name else None


def _pubmed(text: str) -> str | None:
    return pubmed_iri(text) if _PUBMED_NUMBER.fullmatch(text) else None


def _sample(text: str) -> str | None:
    return text if len(text) <= _MOST_CHARACTERS_OF_SAMPLE else None


_IDENTIFIERS: Final[dict[str, Callable[[str], str | None]]] = {
    "EMPIAR_ID": _empiar,
    "PDB_ID": _pdb,
    "UNIPROT_ID": uniprot_iri,
    "NCBI_ID": _taxon,
    "GO_ID": _go,
    "DOI": _publication,
    "PUBMED_ID": _pubmed,
    **dict.fromkeys(SAMPLE_IDS, _sample),
}
_SHOWN_AS_IRI = ("GO_ID",)


@dataclass
class Rows:
    """Takes the rows of one part of a table.

    Attributes:
        leaves: account of the cells.
        kept: what has no slot.
        unmapped: name of a column -> how many of its cells are kept.
    """

    leaves: Leaves = field(default_factory=Leaves)
    kept: list[KeptValue] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    _links: dict[tuple[str, str, str], StudyLink] = field(default_factory=dict)
    _models: dict[External, dict[str, list[Row]]] = field(default_factory=lambda: defaultdict(dict))
    _samples: dict[tuple[External, str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))

    def take(self, row: Row) -> None:
        """Take a row."""
        entry, found = row.entry, _identifiers(row)
        is_shifted = any(cell.strip() for cell in row.more) or (row.is_short and row.bad)
        if entry is None or is_shifted or not self._takes(row, entry, found):
            self._keep_whole(row)
        else:
            self._account(row)

    def fill(self, links: LinkSet) -> None:
        """Put what the rows say into a record; the same whatever order the rows had."""
        links.related = [link for _, link in sorted(self._links.items())]
        for link in links.related:
            link.evidence_text, link.attribute_text = sorted(link.evidence_text), sorted(link.attribute_text)
        links.external_record = [_map(entry, pdbs) for entry, pdbs in sorted(self._models.items())]
        links.map_sample = [_map_sample(*key, rows) for key, rows in sorted(self._samples.items())]
        links.kept_value = self.kept

    def _takes(self, row: Row, entry: External, found: dict[str, str]) -> bool:
        """Put a row where it belongs; False when there is no place for it."""
        sample = next((name for name in SAMPLE_IDS if name in found), "")
        if "EMPIAR_ID" in found:
            self._add_reconstruction(row, entry, found["EMPIAR_ID"])
        if "PDB_ID" in found:
            self._models[entry].setdefault(found["PDB_ID"], []).append(row)
            self._add_link(row, entry.iri, External(found["PDB_ID"], PDB).iri, "modelled_as", "archive")
        if sample:
            self._samples[entry, found[sample], sample].append(row)
        elif publication := found.get("DOI") or found.get("PUBMED_ID"):
            self._add_link(row, entry.iri, publication, "described_in", "archive")
        return bool(sample or {"EMPIAR_ID", "PDB_ID", "DOI", "PUBMED_ID"} & found.keys())

    def _add_reconstruction(self, row: Row, entry: External, empiar: str) -> None:
        """What EMPIAR's own header says stays the depositor's statement; another source is told apart."""
        if row.text(_PROVENANCE).upper() in {"", "EMPIAR"}:
            self._add_link(row, empiar, entry.iri, "reconstructed_as", "depositor")
        else:
            self._add_link(row, entry.iri, empiar, "derived_from", "archive")

    def _add_link(self, row: Row, start: str, end: str, relation: str, asserter: str) -> None:
        link = self._links.setdefault(
            (start, end, relation),
            StudyLink(
                link_from=start,
                link_to=end,
                link_relation=relation,
                evidence_kind="reference_field",
                asserted_by=asserter,
                relayed_by=RELAY,
            ),
        )
        _add(link.evidence_text, row.said())
        _add(link.attribute_text, row.said(COLUMNS))

    def _keep_whole(self, row: Row) -> None:
        self.kept.append(KeptValue(pointer=f"/{row.number}", raw_text=without_email(row.line)))
        more = {f"COLUMN {number}": cell for number, cell in enumerate(row.more, start=len(row.cells) + 1)}
        said = [name for name, cell in (row.cells | more).items() if cell.strip()]
        self.unmapped.update(said)
        self.leaves += Leaves(mapped=len(row.cells) + len(more) - len(said), kept=len(said))

    def _account(self, row: Row) -> None:
        states = Counter(_state(row, name) for name in row.cells)
        self.leaves += Leaves(states["mapped"] + len(row.more), states["kept"], states["ignored"])
        for name in row.cells:
            if _state(row, name) == "kept":
                self.unmapped[name] += 1
                pointer = without_email(f"/{row.number}/{name}")
                self.kept.append(KeptValue(pointer=pointer, raw_text=without_email(row.cells[name])))


def _identifiers(row: Row) -> dict[str, str]:
    """Read the identifiers that a row has, and note those that are none."""
    found: dict[str, str] = {}
    for name, parse in _IDENTIFIERS.items():
        text = row.text(name)
        value = parse(text) if text else None
        if value:
            found[name] = value
        elif text:
            row.bad.add(name)
    row.shown = {name: found[name] for name in _SHOWN_AS_IRI if name in found}
    return found


def _state(row: Row, name: str) -> str:
    text = prose(row.cells[name])
    if not row.cells[name].strip():
        return "mapped"
    if name in row.bad or not text:
        return "kept"
    return "ignored" if is_placeholder(text) or text == E_MAIL_REMOVED else "mapped"


def _add(texts: list[str], text: str) -> None:
    if text and text not in texts:
        texts.append(text)


def _map(entry: External, models: dict[str, list[Row]]) -> ExternalRecord:
    record = entry.record()
    for name, rows in sorted(models.items()):
        model = External(name, PDB).record()
        model.assembly = _all(rows, "ASSEMBLY")
        model.molecular_weight = _all(rows, "MOLECULAR_WEIGHT")
        record.modelled_as.append(model)
    return record


def _map_sample(entry: External, identifier: str, column: str, rows: list[Row]) -> MapSample:
    """Merge the rows of a sample; where there are several, each one's own words say what belongs together."""
    known = {EMDB_ID, column} | (set(_SAMPLE_SLOTS) if len(rows) == 1 else set())
    complexes = (text for row in rows for text in _COMPLEX_SEPARATOR.split(row.text("SAMPLE_COMPLEX_IDS")))
    return MapSample(
        key=f"{entry.identifier}-{identifier}",
        title=_agreed(rows, "SAMPLE_NAME"),
        sample_of_map=entry.iri,
        sample_identifier=identifier,
        sample_copies=_agreed(rows, "SAMPLE_COPIES"),
        taxon=_iris(rows, "NCBI_ID", _taxon),
        protein=_iris(rows, "UNIPROT_ID", uniprot_iri),
        sample_complex=sorted({text for text in complexes if text}),
        attribute_text=sorted({said for row in rows if (said := row.said(known))}),
    )


def _all(rows: Iterable[Row], name: str) -> list[str]:
    return sorted({text for row in rows if (text := row.text(name))})


def _agreed(rows: Iterable[Row], name: str) -> str | None:
    """Return what all rows that say something say; None when they differ."""
    found = _all(rows, name)
    return found[0] if len(found) == 1 else None


def _iris(rows: Iterable[Row], name: str, parse: Callable[[str], str | None]) -> list[str]:
    return sorted({iri for text in _all(rows, name) if (iri := parse(text))})
