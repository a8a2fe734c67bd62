"""Tables of EMICSS: links, models and samples of maps; what can't be read is kept, and nothing depends on row order."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.validation import validate
from rembigraph.loaders import emicss, emicss_table, file_lists, read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.generated.models import LinkSet
from rembigraph.ontology.identifiers import Iris

FOLDER = Path(__file__).parents[1] / "data" / "links"
TABLES = sorted(FOLDER.glob("*.tsv"))
EMD = "http://www.ebi.ac.uk/emdb/EMD-99990"
PDB = "http://rdf.wwpdb.org/pdb/9ZZZ"
ADDRESS = re.compile(r"[\w.+-]@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")


def results(data: bytes | str) -> list[Reading | SourceError]:
    data = data.encode() if isinstance(data, str) else data
    return list(read(Document("table.tsv", "", data)))


def readings(data: bytes | str) -> dict[str, LinkSet]:
    """The sets of links of a table by accession."""
    found = results(data)
    sets = {one.accession: one.study for one in found if isinstance(one, Reading)}
    assert len(sets) == len(found), [one for one in found if isinstance(one, SourceError)]
    assert all(isinstance(one, LinkSet) for one in sets.values())
    return sets  # type: ignore[return-value]


def table(*rows: str) -> str:
    """A table of rows whose cells are parted by blanks."""
    return "".join("\t".join(row.split(" ")) + "\n" for row in rows)


def the_set(*rows: str) -> LinkSet:
    (found,) = readings(table(*rows)).values()
    return found


def cells(rows: Iterable[bytes]) -> int:
    """Cells of distinct rows that are not blank, counted without any code of ours."""
    return sum(row.count(b"\t") + 1 for row in set(rows) if row.strip())


def ends(links: LinkSet) -> set[tuple[str | None, str | None, str]]:
    return {(link.link_from, link.link_to, str(link.link_relation)) for link in links.related}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_cell_is_accounted_for_and_the_record_is_valid(path: Path) -> None:
    found = [one for one in results(path.read_bytes()) if isinstance(one, Reading)]
    rows = path.read_bytes().split(b"\n")[1:]
    assert sum(one.leaves.total for one in found) == cells(rows)
    assert sorted(row for one in found for row in one.source_bytes.split(b"\n")[1:] if row) == sorted(
        filter(None, rows)
    )
    for one in found:
        assert sum(one.unmapped.values()) == one.leaves.kept
        graph = Iris().record_graph(one.accession, one.source)
        assert validate(to_nquads([one.study], Iris(), graph)).results == ()


def test_an_empiar_entry_leads_to_its_map_as_its_own_header_says() -> None:
    found = the_set("EMDB_ID EMPIAR_ID PROVENANCE", "EMD-99990 EMPIAR-99901 EMPIAR")
    (link,) = found.related
    assert (link.link_from, link.link_to, link.link_relation) == ("EMPIAR-99901", EMD, "reconstructed_as")
    assert (link.evidence_kind, link.asserted_by, link.relayed_by) == (
        "reference_field",
        "depositor",
        "EMICSS",
    )
    assert link.evidence_text == ["EMDB_ID: EMD-99990; EMPIAR_ID: EMPIAR-99901; PROVENANCE: EMPIAR"]
    assert found.accession == "LINKS-EMICSS-EMPIAR-99000"


def test_the_older_table_has_no_provenance() -> None:
    found = the_set("EMDB_ID EMPIAR_ID", "EMD-99990 EMPIAR-99901")
    assert [link.asserted_by for link in found.related] == ["depositor"]


def test_another_provenance_is_the_archives_statement() -> None:
    found = the_set("EMDB_ID EMPIAR_ID PROVENANCE", "EMD-99990 EMPIAR-99901 EMDB")
    (link,) = found.related
    assert (link.link_from, link.link_to, link.asserted_by) == (EMD, "EMPIAR-99901", "archive")
    assert "PROVENANCE: EMDB" in link.evidence_text[0]


def test_models_keep_their_assemblies_and_which_weight_is_whose() -> None:
    found = the_set(
        "EMDB_ID PDB_ID ASSEMBLY MOLECULAR_WEIGHT", "EMD-99990 9ZZZ 1 420.50", "EMD-99990 9zzz 2 841.00"
    )
    (entry,) = found.external_record
    (model,) = entry.modelled_as
    assert (entry.id, entry.external_identifier) == (EMD, "EMD-99990")
    assert (model.id, model.external_identifier, model.external_archive) == (PDB, "9ZZZ", "PDB")
    assert (model.assembly, model.molecular_weight) == (["1", "2"], ["420.50", "841.00"])
    (link,) = found.related
    assert (link.link_from, link.link_to, link.link_relation) == (EMD, PDB, "modelled_as")
    assert [text.split("; ")[2:] for text in link.evidence_text] == [
        ["ASSEMBLY: 1", "MOLECULAR_WEIGHT: 420.50"],
        ["ASSEMBLY: 2", "MOLECULAR_WEIGHT: 841.00"],
    ]


def test_samples_have_their_proteins_taxa_and_complexes() -> None:
    (found,) = readings((FOLDER / "emdb_uniprot.tsv").read_bytes()).values()
    first, second, third = found.map_sample
    assert (first.sample_of_map, first.sample_identifier, first.title) == (EMD, "1", "Made-up spike")
    assert (first.sample_copies, first.taxon) == ("3", ["http://purl.obolibrary.org/obo/NCBITaxon_2697049"])
    assert first.protein == ["http://purl.uniprot.org/uniprot/P0DTC2"]
    assert first.sample_complex == ["EMD-99990_1", "EMD-99990_2"]
    assert first.attribute_text == ["PROVENANCE: AUTHOR"]
    assert second.protein == [f"http://purl.uniprot.org/uniprot/{name}" for name in ("P68871", "P69905")]
    assert [("UNIPROT_ID: P68871" in text, "PROVENANCE: PDBe" in text) for text in second.attribute_text] == [
        (True, True),
        (False, False),
    ]
    assert (third.protein, third.sample_copies, third.taxon) == ([], None, [])
    assert [(one.pointer, one.raw_text) for one in found.kept_value] == [("/5/UNIPROT_ID", "not-one")]


def test_rows_of_one_sample_that_differ_decide_nothing() -> None:
    rows = ("EMDB_ID SAMPLE_ID SAMPLE_NAME UNIPROT_ID", "EMD-99990 1 One P69905", "EMD-99990 1 Other P68871")
    (sample,) = the_set(*rows).map_sample
    assert sample.title is None
    assert sorted(text.split("; ")[0] for text in sample.attribute_text) == [
        "SAMPLE_NAME: One",
        "SAMPLE_NAME: Other",
    ]


def test_terms_of_go_have_their_iri() -> None:
    (found,) = readings((FOLDER / "emdb_go.tsv").read_bytes()).values()
    assert (
        "GO_ID: http://purl.obolibrary.org/obo/GO_0019031; GO_NAMESPACE: viral envelope; GO_TYPE: C; "
        "PROVENANCE: UniProt"
    ) in found.map_sample[0].attribute_text
    assert [one.raw_text for one in found.kept_value] == ["GO:1"]
    assert found.accession == "LINKS-EMICSS-GO-99900"


def test_publications_are_dois_in_lower_case_or_pubmed_numbers() -> None:
    (found,) = readings((FOLDER / "emdb_pubmed.tsv").read_bytes()).values()
    assert ends(found) == {
        (EMD, "https://doi.org/10.1234/made.up", "described_in"),
        ("http://www.ebi.ac.uk/emdb/EMD-99991", "https://pubmed.ncbi.nlm.nih.gov/99999902/", "described_in"),
    }
    assert any("JOURNAL_ABBV: Made J" in text for link in found.related for text in link.evidence_text)


def test_columns_are_read_by_name_in_any_order_and_case() -> None:
    plain = the_set("EMDB_ID EMPIAR_ID PROVENANCE", "EMD-99990 EMPIAR-99901 EMPIAR")
    other = the_set("provenance empiar_id Emdb_Id", "EMPIAR empiar-99901 emd-99990")
    assert ends(plain) == ends(other)


def test_unknown_columns_stay_with_what_the_row_is_about() -> None:
    found = the_set("EMDB_ID EMPIAR_ID FLAVOUR", "EMD-99990 EMPIAR-99901 sweet")
    assert found.related[0].attribute_text == ["FLAVOUR: sweet"]
    found = the_set("EMDB_ID SAMPLE_ID FLAVOUR", "EMD-99990 1 sour")
    assert found.map_sample[0].attribute_text == ["FLAVOUR: sour"]


def test_a_name_that_stands_twice_does_not_hide_a_column() -> None:
    found = the_set("EMDB_ID EMPIAR_ID EMPIAR_ID", "EMD-99990 EMPIAR-99901 EMPIAR-99902")
    assert [link.link_from for link in found.related] == ["EMPIAR-99901"]
    assert found.related[0].attribute_text == ["EMPIAR_ID (2): EMPIAR-99902"]


def test_a_table_of_an_unknown_resource_is_kept_row_by_row_under_its_name() -> None:
    found = the_set("EMDB_ID NEWTHING_ID PROVENANCE", "EMD-99990 N-1 EMDB")
    assert found.accession == "LINKS-EMICSS-NEWTHING-99000"
    assert [(one.pointer, one.raw_text) for one in found.kept_value] == [("/2", "EMD-99990\tN-1\tEMDB")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("EMDB_ID EMPIAR_ID", "EMD-99990 99901"),
        ("EMDB_ID EMPIAR_ID", "EMD-99990 EMPIAR-TEST"),
        ("EMDB_ID EMPIAR_ID", "EMD-99990 EMPIAR-99901-99902"),
        ("EMDB_ID EMPIAR_ID", "99990 EMPIAR-99901"),
        ("EMDB_ID EMPIAR_ID", "EMD-1 EMPIAR-99901"),
        ("EMDB_ID EMPIAR_ID", "9ZZZ EMPIAR-99901"),
        ("EMDB_ID PDB_ID", "EMD-99990 EMD-99991"),
        ("EMDB_ID PDB_ID", "EMD-99990 1234"),
        ("EMDB_ID DOI", "EMD-99990 made.up"),
        ("EMDB_ID PUBMED_ID", "EMD-99990 PMC1"),
        ("EMDB_ID SAMPLE_ID", f"EMD-99990 {'x' * 200}"),
        ("EMDB_ID SAMPLE_ID NCBI_ID UNIPROT_ID", "EMD-99990 1 9606 P69905 more"),
        ("EMDB_ID SAMPLE_ID NCBI_ID UNIPROT_ID", "EMD-99990 1 P69905"),
    ],
)
def test_what_would_have_to_be_guessed_is_kept_whole(header: str, row: str) -> None:
    found = the_set(header, row)
    assert (found.related, found.map_sample, found.external_record) == ([], [], [])
    assert [one.raw_text for one in found.kept_value] == [row.replace(" ", "\t")]


def test_a_missing_last_cell_says_nothing() -> None:
    found = the_set("EMDB_ID EMPIAR_ID PROVENANCE", "EMD-99990 EMPIAR-99901")
    assert len(found.related) == 1


def test_windows_line_ends_byte_order_mark_and_quotes_change_nothing() -> None:
    plain = "EMDB_ID\tEMPIAR_ID\nEMD-99990\tEMPIAR-99901\n\nEMD-99991\tEMPIAR-99902"
    other = '\ufeff"EMDB_ID"\t"EMPIAR_ID"\r\n"EMD-99990"\t"EMPIAR-99901"\r\n\t\r\nEMD-99991\tEMPIAR-99902\r\n'
    ours, theirs = (next(iter(readings(text).values())) for text in (plain, other))
    assert ours.model_dump() == theirs.model_dump()


def test_a_quote_that_never_closes_swallows_no_row() -> None:
    rows = [f'EMD-9999{number}\t1\t"made-up\tP69905' for number in range(5)]
    (found,) = readings("\n".join(["EMDB_ID\tSAMPLE_ID\tSAMPLE_NAME\tUNIPROT_ID", *rows])).values()
    assert [sample.title for sample in found.map_sample] == ['"made-up'] * 5


def test_rows_are_parted_by_blocks_whatever_their_order() -> None:
    rows = [f"EMD-{number}\tEMPIAR-9{number % 7:04d}" for number in range(9990, 12010)]
    shuffled = [*rows, rows[0]]
    random.Random(5).shuffle(shuffled)
    ours, theirs = (readings("\n".join(["EMDB_ID\tEMPIAR_ID", *some])) for some in (rows, shuffled))
    assert list(ours) == [f"LINKS-EMICSS-EMPIAR-{start}" for start in (9000, 10000, 11000, 12000)]
    assert [len(one.related) for one in ours.values()] == [10, 1000, 1000, 10]
    assert {name: one.model_dump() for name, one in ours.items()} == {
        name: one.model_dump() for name, one in theirs.items()
    }


def test_a_part_is_read_again_from_its_own_bytes() -> None:
    found = [one for path in TABLES for one in results(path.read_bytes()) if isinstance(one, Reading)]
    for one in found:
        (again,) = results(one.source_bytes)
        assert isinstance(again, Reading)
        assert (again.study.model_dump(), again.leaves) == (one.study.model_dump(), one.leaves)
        assert again.source_bytes == one.source_bytes
    assert {one.part for one in found} == {0, 1, 2, 3}


# --- what is no table, and what is hostile


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"EMDB_ID\n",
        b"EMDB_ID\tFLAVOUR\nEMD-99990\tx\n",
        b"EMDB_ID,EMPIAR_ID\nEMD-99990,EMPIAR-99901\n",
        b"EMPIAR_ID\tPROVENANCE\nEMPIAR-99901\tEMPIAR\n",
        b"Files\tEMDB_ID\tEMPIAR_ID\na.tif\tEMD-99990\tEMPIAR-99901\n".replace(b"EMDB_ID", b"EMDB"),
        b'{"EMDB_ID\\tEMPIAR_ID": 1}',
        "EMDB_ID\tEMPIAR_ID\n".encode("utf-16"),
        b"\x00\xff\t" * 1000,
    ],
)
def test_what_is_no_such_table_is_not_recognised(data: bytes) -> None:
    assert not emicss.recognises(Document("x", "", data))


def test_file_lists_and_tables_do_not_steal_from_each_other() -> None:
    listed = Document("x.tsv", "", b"Files\tWell\na.tif\tB2\n")
    table = Document("x.tsv", "", b"EMDB_ID\tEMPIAR_ID\nEMD-99990\tEMPIAR-99901\n")
    assert [file_lists.recognises(one) for one in (listed, table)] == [True, False]
    assert [emicss.recognises(one) for one in (listed, table)] == [False, True]


def the_error(data: bytes) -> SourceMalformed:
    found = [one for one in results(data) if not isinstance(one, Reading)]
    assert len(found) == 1
    assert isinstance(found[0], SourceMalformed)
    return found[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"EMDB_ID\tEMPIAR_ID" + b"\tX" * 1_000_000 + b"\n", "the header row has more than 1000 cells"),
        (b"EMDB_ID\tEMPIAR_ID\n", "the table has a header row and no other"),
        (b"EMDB_ID\tEMPIAR_ID\n\n\r\n \n", "the table has a header row and no other"),
        (b"EMDB_ID\tEMPIAR_ID\t\xff\nEMD-99990\tEMPIAR-99901\n", "the header row is not UTF-8 text"),
    ],
)
def test_a_broken_table_is_refused_in_words(data: bytes, words: str) -> None:
    assert words in str(the_error(data))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"EMD-99990" + b"\t" * 1_000_000, "row 3 has more than 1000 cells"),
        (b"EMD-99990\tEMPIAR-99901 caf\xe9", "row 3 is not UTF-8 text (byte 0xe9)"),
        (b"EMD-99990\t" + b"x" * 100_000, "row 3 is longer than 65536 bytes"),
        (b"\x00\x80\xff", "row 3 is not UTF-8 text"),
    ],
)
def test_a_broken_row_is_told_and_the_others_are_read(row: bytes, words: str) -> None:
    data = b"\n".join(
        [b"EMDB_ID\tEMPIAR_ID", b"EMD-99990\tEMPIAR-99901", row, row, b"EMD-99991\tEMPIAR-99902"]
    )
    error = the_error(data)
    assert words in str(error)
    assert ", and 1 more can't be read; the other rows are read" in str(error)
    assert error.pointer == "3:1"
    (reading,) = (one for one in results(data) if isinstance(one, Reading))
    assert isinstance(reading.study, LinkSet)
    assert len(reading.study.related) == 2


def test_a_block_with_too_many_rows_is_refused_alone() -> None:
    rows = [f"EMD-99990\tEMPIAR-{number}" for number in range(100_000, 200_001)]
    found = results("\n".join(["EMDB_ID\tEMPIAR_ID", "EMD-50000\tEMPIAR-99901", *rows]))
    assert [one.accession for one in found if isinstance(one, Reading)] == ["LINKS-EMICSS-EMPIAR-50000"]
    assert "100001 rows for EMD-99000 to EMD-99999" in str(
        next(one for one in found if isinstance(one, SourceError))
    )


CELLS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "N/A",
                "None",
                "jane.doe@example.org",
                "Ask <al@example.net>",
                "\x02\x00\x7f",
                "a\u2028b\r",
            ),
            *(
                '"',
                '""',
                '"a ""b"""',
                '"a" b',
                "EMD-99990",
                "emd-99991",
                "EMDB-99992",
                "EMD-1",
                "EMPIAR-99901",
            ),
            *("9ZZZ", "9zzy", "pdb_00009zzz", "P69905", "P69905-2", "9606", "0", "GO:0019031", "10.1234/A b"),
            *(
                "https://doi.org/10.1234/a",
                "1",
                "x;y,|z",
                "%zz",
                "http://[x",
                "../../x",
                "\U0001f41f",
                "x" * 5000,
            ),
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=8),
)
NAMES = st.sampled_from([*sorted(emicss.COLUMNS), "FLAVOUR", "al@example.net", "", "EMDB_ID", '"', "\x01"])


@st.composite
def soiled(draw: st.DrawFn) -> bytes:
    """A table with cells, names and row lengths that may be anything."""
    names = draw(st.permutations(["EMDB_ID", "EMPIAR_ID", *draw(st.lists(NAMES, max_size=5))]))
    rows = [
        draw(st.lists(CELLS, min_size=max(1, len(names) - 2), max_size=len(names) + 2))
        for _ in range(draw(st.integers(1, 6)))
    ]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join("\t".join(row) for row in (names, *rows)).encode()


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.nightly
@given(soiled())
def test_whatever_stands_in_a_table_nothing_is_lost(data: bytes) -> None:
    found = results(data)
    assert found
    for one in found:
        assert not isinstance(one, SourceError) or len(str(one).split()) > 5
        said = str(one) if isinstance(one, SourceError) else one.study.model_dump_json() + str(one.unmapped)
        assert not ADDRESS.search(said)
    sets = [one for one in found if isinstance(one, Reading)]
    rows = [row.removesuffix(b"\r") for row in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")[1:]]
    assert sum(one.leaves.total for one in sets) == cells(rows)
    for one in sets:
        assert sum(one.unmapped.values()) == one.leaves.kept
        to_nquads([one.study], Iris(), Iris().record_graph(one.accession, one.source))


def test_the_header_is_looked_for_within_bounds() -> None:
    assert len(emicss_table.first_line(b"x" * 10_000_000)) <= emicss_table.MOST_BYTES_OF_ROW + 3
