"""Tables of EMICSS, which EMDB publishes weekly: its entries with those of EMPIAR, PDB, UniProt, PubMed and more.

A table is recognised by its column `EMDB_ID` and one more that is known; columns are read by name, in any order. As
tables have up to some hundred thousand rows, each block of 1,000 of EMDB's numbers is a set of links of its own
(`LINKS-EMICSS-EMPIAR-10000` holds EMD-10000 to EMD-10999), of 100 where an entry has very many rows. What the sets say
does not depend on the order of the rows.

That an EMPIAR entry gave a map is said by EMPIAR's own header; EMICSS only passes it on, so such a link stays the
depositor's, `relayed_by` EMICSS, and is no second evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

from rembigraph.loaders.emicss_rows import COLUMNS, Rows
from rembigraph.loaders.emicss_table import (
    ELSEWHERE,
    EMDB_ID,
    Table,
    broken_rows,
    first_line,
    names_of,
    rows_of,
    table_of,
)
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.completion import complete_links
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.generated.models import LinkSet
from rembigraph.ontology.identifiers import link_set_accession, slug

FORMAT = "emicss"
SOURCE = "emicss"
BLOCK, SMALL_BLOCK = 1000, 100
MOST_ROWS = 100_000  # of one block

_KIND = "EMICSS"
_PAGE = "https://www.ebi.ac.uk/emdb/emicss"
_OF_COLUMN = {
    "EMPIAR_ID": "EMPIAR",
    "PDB_ID": "PDB",
    "UNIPROT_ID": "UniProt",
    "GO_ID": "GO",
    "INTERPRO_ID": "InterPro",
    "PFAM_ID": "Pfam",
    "PUBMED_ID": "PubMed",
    "ORCID_ID": "ORCID",
    "ALPHAFOLDDB_ID": "AlphaFoldDB",
    "PDBEKB_ID": "PDBeKB",
    "CPX_ID": "ComplexPortal",
    "CHEMBL_ID": "ChEMBL",
    "CHEBI_ID": "ChEBI",
    "DRUGBANK_ID": "DrugBank",
    "RFAM_ID": "Rfam",
    "OVERALL_MW": "weight",
}
_MANY_ROWS = frozenset({"GO", "InterPro", "Pfam"})
_NO_RESOURCE = frozenset({EMDB_ID, "NCBI_ID", "SAMPLE_ID", "EMDB_SAMPLE_ID", "PUBMEDCENTRAL_ID"})


def recognises(document: Document) -> bool:
    """Whether the first line is a header row with `EMDB_ID` and one more known column, parted by tabs."""
    line = first_line(document.data)
    if b"\t" not in line or EMDB_ID.encode() not in line.upper():
        return False
    names = {name.split(" (")[0] for name in names_of(line)}
    return EMDB_ID in names and len(names & COLUMNS) > 1


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the table block by block; rows that can't be read are told in words, the others still count."""
    name = _name(names_of(first_line(document.data)))
    size = SMALL_BLOCK if name in _MANY_ROWS else BLOCK
    try:
        table = table_of(document, size)
    except SourceError as error:
        yield error
        return
    if table.broken:
        yield broken_rows(table, document)
    elif not table.blocks:
        message = "the table has a header row and no other"
        yield SourceMalformed(
            message, source=document.place, pointer="1:1", code="no-rows", fix="Fetch it again."
        )
    several = len(table.blocks) > 1
    for part, start in enumerate(table.blocks, start=1):
        yield _part(document, table, name, (start, size), part if several else 0)


def _name(names: tuple[str, ...]) -> str:
    """Return the name of the resource that a table leads to; of an unknown one, that of its columns."""
    known = [name for column, name in _OF_COLUMN.items() if column in names]
    others = [name[:-3] for name in names if name.endswith("_ID") and name not in _NO_RESOURCE]
    return "-".join(known or sorted(others)) or ("PubMed" if "DOI" in names else "table")


def _part(
    document: Document, table: Table, name: str, block: tuple[int, int], part: int
) -> Reading | SourceError:
    start, size = block
    lines = table.blocks[start]
    if len(lines) > MOST_ROWS:
        return SourceMalformed(
            f"the table has {len(lines)} rows {_extent(start, size)}; more than {MOST_ROWS} are too many",
            source=document.place,
            pointer="1:1",
            code="too-large",
            fix="Split the table.",
        )
    rows = Rows()
    for row in rows_of(table.header, lines):
        rows.take(row)
    links = LinkSet(
        accession=link_set_accession(_KIND, f"{slug(name)} {'other' if start == ELSEWHERE else start}").text,
        title=f"EMICSS: {name} {_extent(start, size)}",
        description=f"What EMDB's EMICSS says of {name} {_extent(start, size)}.",
        landing_page=_PAGE,
    )
    rows.fill(links)
    return Reading(
        study=complete_links(links, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=b"\n".join([table.header, *lines, b""]),
        leaves=rows.leaves,
        part=part,
        unmapped=dict(rows.unmapped),
    )


def _extent(start: int, size: int) -> str:
    if start == ELSEWHERE:
        return "without an entry of EMDB"
    return f"for EMD-{start:04d} to EMD-{start + size - 1:04d}"
