"""Term tables, the graph made of them, and the two questions that need both hierarchies."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pyoxigraph as ox
import pytest
from rembigraph.catalogue.generations import default_copies, write_meta
from rembigraph.catalogue.queries import named_queries
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.catalogue.terms import derive_terms, terms_hash, terms_quads, terms_triples
from rembigraph.loaders import Document, Reading, read
from rembigraph.loaders.values import licence_iri, taxon_iri
from rembigraph.ontology import build_terms, term_tables
from rembigraph.ontology.completion import complete
from rembigraph.ontology.fields import classes, concept_labels, predicates
from rembigraph.ontology.generated.models import ResolutionMethod, Study
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, VOCABULARY, Iris, expand_curie
from rembigraph.ontology.term_tables import (
    ancestors,
    contradicts,
    licence,
    lineage,
    method,
    method_by_label,
    resolve_method,
    resolve_organism,
    taxon,
    taxon_by_name,
)

TERMS = Path(term_tables.__file__).parent / "terms"
SUPER_RESOLUTION = f"{VOCABULARY}SuperResolutionMicroscopy"


def _iri(curie: str) -> str:
    iri = expand_curie(curie)
    assert "://" in iri
    return iri


VERTEBRATES = _iri("NCBITaxon:7742")
PLATYNEREIS = _iri("NCBITaxon:6358")
ELECTRON = _iri("FBbi:00000256")


# --- the tables


def test_the_tables_are_sorted_complete_and_without_contradiction() -> None:
    assert list(build_terms.problems()) == []
    assert sum(path.stat().st_size for path in TERMS.glob("*.tsv")) < 400_000


def test_every_lineage_ends_at_the_top_of_the_tree() -> None:
    tops = {lineage(iri)[-1] for iri in term_tables.taxa()}
    expected = {"cellular organisms", "Viruses", "unclassified entries", "other entries"}
    assert {term_tables.taxa()[iri].scientific_name for iri in tops} <= expected
    human = [term_tables.taxa()[iri].scientific_name for iri in lineage(_iri("NCBITaxon:9606"))]
    assert human[:3] == ["Homo sapiens", "Homo", "Homininae"]
    assert {"Mammalia", "Vertebrata", "Metazoa", "Eukaryota"} < set(human)
    assert human[-1] == "cellular organisms"


def test_our_own_methods_have_names_that_nothing_else_has() -> None:
    own = {iri for iri in term_tables.methods() if iri.startswith(VOCABULARY)}
    taken = {entry.iri for entry in classes().values()} | set(concept_labels()) | set(predicates())
    assert len(own) > 15
    assert not {iri.casefold() for iri in own} & {iri.casefold() for iri in taken}
    assert all(term_tables.methods()[iri].definition.endswith(".") for iri in own)
    assert all(iri.removeprefix(VOCABULARY)[0].isupper() for iri in own)


def test_a_term_that_is_not_known_has_nothing_above_it() -> None:
    assert [look_up("http://example.org/x") for look_up in (taxon, method, licence)] == [None] * 3
    assert lineage("http://example.org/x") == ()
    assert ancestors("http://example.org/x") == frozenset()


@pytest.mark.parametrize(
    "curie",
    [
        "FBbi:00000321",
        "FBbi:00000332",
        "FBbi:00000334",
        "FBbi:00000335",
        "FBbi:00000336",
        "FBbi:00000340",
        "FBbi:00000618",
        "obo:MI_2213",
        "rembi:CryoStructuredIlluminationMicroscopy",
    ],
)
def test_super_resolution_methods_lie_under_an_imaging_method(curie: str) -> None:
    above = ancestors(_iri(curie))
    assert SUPER_RESOLUTION in above
    assert _iri("FBbi:00000345") in above
    assert _iri("FBbi:00000222") in above


@pytest.mark.parametrize("curie", ["FBbi:00000251", "FBbi:00000349", "FBbi:00000369", "FBbi:00000256"])
def test_other_methods_are_no_super_resolution(curie: str) -> None:
    """ANSOM (FBbi_00000349) is on bright-field studies by the archive's mistake, so it must not count."""
    assert SUPER_RESOLUTION not in ancestors(_iri(curie))


@pytest.mark.parametrize(
    "curie",
    [
        "FBbi:00050000",
        "FBbi:00000585",
        "FBbi:00100015",
        "FBbi:00100017",
        "rembi:CorrelativeLightAndElectronMicroscopy",
        "rembi:SingleParticleCryoElectronMicroscopy",
        "rembi:MicrocrystalElectronDiffraction",
        "rembi:AtumScanningElectronMicroscopy",
    ],
)
def test_electron_methods_lie_under_electron_microscopy(curie: str) -> None:
    assert ELECTRON in ancestors(_iri(curie))


def test_x_ray_and_force_methods_are_no_electron_microscopy() -> None:
    for curie in ("rembi:CryoSoftXRayTomography", "rembi:XRayMicrotomography", "FBbi:00000259"):
        assert ELECTRON not in ancestors(_iri(curie))
    assert _iri("FBbi:00001002") in ancestors(_iri("rembi:CryoSoftXRayTomography"))


# --- names


@pytest.mark.parametrize(
    ("text", "curie", "how"),
    [
        ("Homo sapiens", "NCBITaxon:9606", "label"),
        ("homo Sapiens", "NCBITaxon:9606", "label"),
        ("Homo sapiens (human)", "NCBITaxon:9606", "label"),
        ("Human (Homo sapiens)", "NCBITaxon:9606", "synonym"),
        (
            "Homo sapiens (Human bone osteosarcoma cell line (U-2 OS cells)).",
            "NCBITaxon:9606",
            "label",
        ),
        ("Danio  rerio", "NCBITaxon:7955", "label"),
        ("zebrafish", "NCBITaxon:7955", "synonym"),
        ("Bos Taurus (cow)", "NCBITaxon:9913", "label"),
        ("Mycobacterium smegmatis", "NCBITaxon:1772", "synonym"),
        ("NCBITaxon:9606", "NCBITaxon:9606", "identifier"),
        ("http://purl.obolibrary.org/obo/NCBITaxon_9606", "NCBITaxon:9606", "identifier"),
        ("Oryzias latipes", "NCBITaxon:8090", "label"),
        ("Schizosaccharomyces pombe", "NCBITaxon:4896", "label"),
    ],
)
def test_an_exact_name_is_resolved(text: str, curie: str, how: str) -> None:
    assert resolve_organism(text) == (_iri(curie), how)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Unknown",
        "C. elegans",
        "Cardamine hirsute",
        "Mus muculus",
        "yeast",
        "Escherichia coli, Staphylococcus aureus",
        "Homo sapiens (Mus musculus)",
        "NCBITaxon:999999999",
        "Homo sapien",
        "(human)",
    ],
)
def test_what_is_no_exact_name_of_one_taxon_is_not_resolved(text: str) -> None:
    assert resolve_organism(text) == (None, "unresolved")
    assert taxon_by_name(text) is None


def test_a_name_of_several_taxa_means_the_one_above_the_others_or_none() -> None:
    assert taxon_by_name("Drosophila") == _iri("NCBITaxon:7215")  # the genus, not its subgenus
    assert taxon_by_name("xenopus") == _iri("NCBITaxon:8353")
    assert taxon_by_name("wrasses") == _iri("NCBITaxon:1489928")  # the order, not its family


def test_a_name_of_unrelated_taxa_is_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    fish, fungus = _iri("NCBITaxon:7955"), _iri("NCBITaxon:4932")
    index: dict[str, Any] = {}
    term_tables._enter(index, fish, "Aba", ())
    term_tables._enter(index, fungus, "aba", ())
    monkeypatch.setattr(term_tables, "_taxon_names", lambda: index)
    assert taxon_by_name("ABA") is None
    assert taxon_by_name("Aba") == fish  # as it is written, it is the name of one
    assert taxon_by_name("aba") == fungus


@pytest.mark.parametrize(
    ("text", "curie", "how"),
    [
        ("fluorescence microscopy", "FBbi:00000246", "label"),
        ("STED microscopy", "FBbi:00000334", "synonym"),
        ("Structured illumination microscopy (SIM)", "FBbi:00000332", "label"),
        ("focussed ion beam scanning electron microscopy (FIB-SEM)", "FBbi:00050000", "synonym"),
        ("SPIM", "FBbi:00000369", "synonym"),
        ("Cryo-electron tomography", "FBbi:00100015", "synonym"),
        ("TEM", "FBbi:00000258", "synonym"),
        ("super-resolution microscopy", "rembi:SuperResolutionMicroscopy", "label"),
        ("Soft X-ray Tomography", "rembi:SoftXRayTomography", "label"),
        ("cryo-CLEM", "rembi:CryoCorrelativeLightAndElectronMicroscopy", "synonym"),
        ("FBbi:00000246", "FBbi:00000246", "identifier"),
    ],
)
def test_an_exact_method_name_is_resolved(text: str, curie: str, how: str) -> None:
    assert resolve_method(text) == (_iri(curie), how)
    assert method_by_label(text) == (None if how == "identifier" else _iri(curie))


@pytest.mark.parametrize("text", ["", "-", "imaging", "light sheet imaging", "FIB-SEM (SBF-SEM)", "PARS"])
def test_what_is_no_exact_method_name_is_not_resolved(text: str) -> None:
    assert resolve_method(text) == (None, "unresolved")


def test_ways_of_resolution_are_those_of_the_model() -> None:
    assert set(get_args(term_tables.Resolved)) < {member.value for member in ResolutionMethod}


# --- contradictions


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (8033, "Oryzias latipes"),  # Salvelinus
        (4853, "Schizosaccharomyces pombe"),  # Cunninghamella elegans
        (1802, "X. laevis"),  # a bacterium
        (9606, "Mus musculus"),
        (9606, "Pongo exoticus"),
        (10090, "Human"),
    ],
)
def test_a_label_of_another_taxon_contradicts_the_id(number: int, label: str) -> None:
    assert contradicts(_iri(f"NCBITaxon:{number}"), label)


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (9606, "Homo sapiens"),
        (9606, "human"),
        (9606, "Homo sapien"),
        (8355, "X. laevis"),
        (10090, "M. muculus"),
        (10090, "Mus muculus"),
        (10090, "NCBITaxon:10090"),
        (50463, "Cardamine hirsute"),
        (5270, "Mycosarcoma maydis"),
        (511145, "Escherichia coli"),  # a strain under the name of its species
        (562, "Escherichia coli K-12"),
        (9527, "Macaca fascicularis"),
        (9527, "Somegenus unheardof"),  # of a family no genus is expected
        (6239, "nematode"),
        (999999999, "Homo sapiens"),  # may be a strain that the table lacks
    ],
)
def test_what_may_be_the_same_taxon_is_no_contradiction(number: int, label: str) -> None:
    assert not contradicts(_iri(f"NCBITaxon:{number}"), label)


def test_contradictions_of_the_archives_are_no_names() -> None:
    rows = term_tables.read_table("contradictions.tsv")
    assert {row["id"] for row in rows} == {"NCBITaxon:1802", "NCBITaxon:4853", "NCBITaxon:8033"}
    for row in rows:
        assert contradicts(_iri(row["id"]), row["label"])
        assert taxon_by_name(row["label"]) != _iri(row["id"])


# --- licences


def test_every_spelling_of_a_licence_is_read_as_its_iri() -> None:
    for one in term_tables.licences().values():
        assert {licence_iri(spelling) for spelling in one.spellings} == {one.iri}
        assert licence_iri(one.spdx) == one.iri
        assert licence(one.iri) == one


def test_what_a_licence_allows_follows_from_its_name() -> None:
    for one in term_tables.licences().values():
        parts = one.spdx.split("-")
        assert one.commercial_use == ("NC" not in parts)
        assert one.adaptations == ("ND" not in parts)
        assert one.same_licence == ("SA" in parts)
        assert one.attribution == ("BY" in parts)
        assert ("not commercial" in one.in_words) == (not one.commercial_use)


# --- the graph


def test_the_graph_is_canonical_and_depends_on_the_tables_only() -> None:
    iris = Iris()
    quads = terms_quads(iris)
    lines = quads.decode().splitlines()
    assert lines == sorted(set(lines))
    parsed = list(ox.parse(quads, format=ox.RdfFormat.N_QUADS))
    assert sorted(f"{quad} ." for quad in parsed) == lines
    assert {quad.graph_name for quad in parsed} == {ox.NamedNode(iris.graph("terms"))}
    elsewhere = terms_quads(Iris("https://data.example/")).decode()
    assert elsewhere.replace("https://data.example/", DEFAULT_DATA_BASE) == quads.decode()
    assert terms_triples().count(b"\n") == len(lines)
    assert len(terms_hash()) == 64


def test_every_term_has_one_preferred_label() -> None:
    store = _store([])
    rows: Any = store.query(
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"
        "SELECT ?term (COUNT(?label) AS ?n) WHERE { ?term skos:prefLabel ?label } GROUP BY ?term"
    )
    counts = {row["term"].value: int(row["n"].value) for row in rows}
    assert set(counts) == {*term_tables.taxa(), *term_tables.methods(), *term_tables.licences()}
    assert set(counts.values()) == {1}


def test_the_graph_is_written_once_and_again_only_when_the_tables_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ox.Store()
    derived = derive_terms(_context(store, None))
    graph = ox.NamedNode(Iris().graph("terms"))
    held = set(store.quads_for_pattern(None, None, None, graph))
    assert len(held) == terms_triples().count(b"\n")
    assert len(set(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))) == len(held)

    write_meta(tmp_path, {"generation": 1, "derived": derived})
    untouched = ox.Store()
    assert derive_terms(_context(untouched, tmp_path)) == derived
    assert len(untouched) == 0

    triple = '<http://example.org/a> <http://www.w3.org/2000/01/rdf-schema#label> "a" .\n'
    monkeypatch.setattr("rembigraph.catalogue.terms.terms_triples", triple.encode)
    monkeypatch.setattr("rembigraph.catalogue.terms.terms_hash", lambda: "another")
    assert derive_terms(_context(store, tmp_path)) == {"terms": "another"}
    assert len(store) == 2


@pytest.mark.parametrize("meta", ["", "[]", '{"derived": null}', '{"derived": {"terms": 7}}'])
def test_the_graph_is_written_when_the_generation_before_does_not_say_what_it_holds(
    tmp_path: Path, meta: str
) -> None:
    (tmp_path / "meta.json").write_text(meta, encoding="utf-8")
    store = ox.Store()
    derive_terms(_context(store, tmp_path))
    assert len(store) == 2 * terms_triples().count(b"\n")


def _context(store: ox.Store, previous: Path | None) -> Any:
    return SimpleNamespace(store=store, data_base=DEFAULT_DATA_BASE, previous=previous)


# --- the questions


def _store(documents: Iterable[bytes]) -> ox.Store:
    """Return a store of records and the terms, with the default graph as the catalogue makes it."""
    store = ox.Store()
    for quads in (*documents, terms_quads(Iris())):
        store.bulk_load(quads, format=ox.RdfFormat.N_QUADS)
        store.bulk_load(default_copies(quads, DEFAULT_DATA_BASE), format=ox.RdfFormat.N_TRIPLES)
    return store


def _quads(study: Study, source: str = "rembigraph") -> bytes:
    return to_nquads([study], Iris(), Iris().record_graph(str(study.accession), source))


def _ask(store: ox.Store, name: str) -> set[tuple[str, str, str]]:
    rows: Any = store.query(named_queries()[name].text)
    return {tuple(row[key].value for key in ("accession", "organism", "method")) for row in rows}


FISH_AT_SSBD = taxon_iri("https://www.ncbi.nlm.nih.gov/datasets/taxonomy/7955")
MADE_UP: list[tuple[str, list[str | None], list[str]]] = [
    # accession, organisms, methods
    ("EXAMPLE-0001", ["NCBITaxon:9606"], ["FBbi:00000332"]),
    ("EXAMPLE-0002", [FISH_AT_SSBD], ["FBbi:00000334", "FBbi:00000251"]),
    ("EXAMPLE-0003", ["NCBITaxon:7227"], ["FBbi:00000334"]),  # a fly is no vertebrate
    ("EXAMPLE-0004", ["NCBITaxon:10090"], ["FBbi:00000251"]),  # confocal is no super-resolution
    ("EXAMPLE-0005", ["NCBITaxon:10090"], ["obo:MI_2213"]),
    ("EXAMPLE-0006", ["NCBITaxon:10090", "NCBITaxon:4932"], ["FBbi:00000336"]),
    ("EXAMPLE-0007", ["NCBITaxon:6359"], ["FBbi:00050000"]),
    ("EXAMPLE-0008", ["NCBITaxon:6358"], ["rembi:CorrelativeLightAndElectronMicroscopy"]),
    ("EXAMPLE-0009", ["NCBITaxon:6359"], ["FBbi:00000251"]),
    ("EXAMPLE-0010", ["NCBITaxon:6347"], ["FBbi:00000258"]),  # another worm
    ("EXAMPLE-0011", [], ["FBbi:00000334"]),
    ("EXAMPLE-0012", ["NCBITaxon:999999999"], ["FBbi:00000334"]),
]


@pytest.fixture(scope="module")
def made_up_store() -> ox.Store:
    documents = []
    for accession, organisms, methods in MADE_UP:
        plain = {
            "accession": accession,
            "title": f"Made up: {accession}",
            "organism": [{"id": one, "scientific_name": "as the archive has it"} for one in organisms],
            "imaging_method": [{"id": one, "label": "as the archive has it"} for one in methods],
        }
        documents.append(_quads(complete(Study.model_validate(plain), "rembigraph")))
    return _store(documents)


def test_vertebrates_by_any_super_resolution_method(made_up_store: ox.Store) -> None:
    assert _ask(made_up_store, "vertebrates_by_super_resolution") == {
        ("EXAMPLE-0001", "Homo sapiens", "structured illumination microscopy (SIM)"),
        ("EXAMPLE-0002", "Danio rerio", "stimulated emission depletion (STED)"),
        ("EXAMPLE-0005", "Mus musculus", "super-resolution microscopy"),
        ("EXAMPLE-0006", "Mus musculus", "STORM (stochastic optical reconstruction microscopy)"),
    }


def test_platynereis_by_electron_microscopy_of_any_kind(made_up_store: ox.Store) -> None:
    assert _ask(made_up_store, "platynereis_electron_microscopy") == {
        ("EXAMPLE-0007", "Platynereis dumerilii", "focused ion beam scanning electron microscopy"),
        ("EXAMPLE-0008", "Platynereis", "correlative light and electron microscopy"),
    }


# --- real records


@dataclass(frozen=True)
class _Crates:
    studies: list[Study]
    store: ox.Store


@pytest.fixture(scope="module")
def crates(shared: Path) -> _Crates:
    studies, documents = [], []
    for folder in ("rocrate_bia", "rocrate_idr", "rocrate_ssbd"):
        for file in sorted((shared / "realdata" / folder).glob("*.json")):
            for reading in read(Document(str(file), "", file.read_bytes())):
                assert isinstance(reading, Reading)
                studies.append(reading.study)
                documents.append(_quads(reading.study, reading.source))
    return _Crates(studies, _store(documents))


def _rows(name: str) -> list[dict[str, str]]:
    """Read a table without the code that is tested."""
    with (TERMS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _below(top: str, pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Everything below a term, itself included, by going down from it: the queries go up."""
    children: dict[str, list[str]] = {}
    for child, parent in pairs:
        children.setdefault(parent, []).append(child)
    found, waiting = set(), [top]
    while waiting:
        found.add(step := waiting.pop())
        waiting += [child for child in children.get(step, ()) if child not in found]
    return found


def _taxa_below(top: str) -> set[str]:
    return {_iri(one) for one in _below(top, ((row["id"], row["parent"]) for row in _rows("organisms.tsv")))}


def _methods_below(top: str) -> set[str]:
    pairs = [(row["narrower"], row["broader"]) for row in _rows("method_bridge.tsv")]
    pairs += [
        (row["id"], parent) for row in _rows("methods.tsv") for parent in row["parents"].split("|") if parent
    ]
    return {_iri(one) for one in _below(top, pairs)}


def _by_hand(studies: list[Study], taxa: set[str], methods: set[str]) -> set[tuple[str, str, str]]:
    names = {_iri(row["id"]): row["scientific_name"] for row in _rows("organisms.tsv")}
    tables = [*_rows("methods.tsv"), *_rows("own_methods.tsv")]
    names |= {_iri(row["id"]): row["label"] for row in tables}
    return {
        (str(study.accession), names[str(one.id)], names[str(term.id)])
        for study in studies
        for one in study.organism or []
        for term in study.imaging_method or []
        if one.id in taxa and term.id in methods
    }


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "taxa", "methods", "fewest"),
    [
        (
            "vertebrates_by_super_resolution",
            lambda: _taxa_below("NCBITaxon:7742"),
            lambda: _methods_below("rembi:SuperResolutionMicroscopy"),
            3,
        ),
        (
            "platynereis_electron_microscopy",
            lambda: _taxa_below("NCBITaxon:6358"),
            lambda: _methods_below("obo:FBbi_00000256"),
            1,
        ),
    ],
)
def test_the_questions_over_all_real_crates(
    crates: _Crates,
    name: str,
    taxa: Callable[[], set[str]],
    methods: Callable[[], set[str]],
    fewest: int,
) -> None:
    expected = _by_hand(crates.studies, taxa(), methods())
    assert len(expected) >= fewest
    assert _ask(crates.store, name) == expected


@pytest.mark.realdata
def test_the_tables_know_the_terms_of_the_real_crates(crates: _Crates) -> None:
    taxa = {str(one.id) for study in crates.studies for one in study.organism or []}
    methods = {str(one.id) for study in crates.studies for one in study.imaging_method or []}
    ncbi = {iri for iri in taxa if "NCBITaxon_" in iri}
    assert len(ncbi) > 100
    # newer than the taxonomy that the table was built from: Riccia warnstorfii
    assert ncbi - set(term_tables.taxa()) == {_iri("NCBITaxon:5931123")}
    assert {iri for iri in methods if "FBbi_" in iri} <= set(term_tables.methods())


@pytest.mark.realdata
def test_only_the_known_labels_contradict_their_ids(crates: _Crates, shared: Path) -> None:
    pairs = {(one.id, one.scientific_name) for study in crates.studies for one in study.organism or []}
    with (shared / "terms_seed.tsv").open(encoding="utf-8", newline="") as lines:
        pairs |= {
            (expand_curie(row["curie"]), row["label_seen"]) for row in csv.DictReader(lines, delimiter="\t")
        }
    wrong = {(iri, label) for iri, label in pairs if iri and label and contradicts(iri, label)}
    known = {(_iri(row["id"]), row["label"]) for row in term_tables.read_table("contradictions.tsv")}
    assert wrong == known


@pytest.mark.realdata
def test_an_archives_label_never_resolves_to_another_term_than_its_id(shared: Path) -> None:
    with (shared / "terms_seed.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    for row in rows:
        iri, label = expand_curie(row["curie"]), row["label_seen"]
        if row["curie"].startswith("FBbi:"):
            assert resolve_method(label)[0] == iri, label
        elif (found := taxon_by_name(label)) is not None:
            assert found == iri or contradicts(iri, label), label
    assert list(build_terms.problems(shared / "terms_seed.tsv")) == []


# --- building


class _Ncbi:
    """Stands for taxoniq."""

    class NoValue(Exception):
        """Raised where there is no common name."""

    class Taxon:
        """A taxon of a made-up tree: 1 root, 2 Bacteria, 7 Aus, 9 Aus bus."""

        names = {1: "root", 2: "Bacteria", 7: "Aus", 9: "Aus bus"}  # noqa: RUF012
        parents = {9: 7, 7: 2, 2: 1}  # noqa: RUF012

        def __init__(self, number: int) -> None:
            self.scientific_name = self.names[number]
            self.tax_id = number
            self.rank = SimpleNamespace(name="no_rank")

        @property
        def lineage(self) -> list[Any]:
            above = self.parents.get(self.tax_id)
            return [self, *(type(self)(above).lineage if above else [])]

        @property
        def common_name(self) -> str:
            if self.tax_id == 7:
                raise _Ncbi.NoValue
            return {2: "bacteria", 9: "bus"}[self.tax_id]


def test_organisms_are_built_with_everything_above_them() -> None:
    rows, missing = build_terms.organism_rows([9, 4], _Ncbi)
    assert missing == [4]
    assert rows == [
        ("NCBITaxon:2", "Bacteria", "no rank", "", "", ""),
        ("NCBITaxon:7", "Aus", "no rank", "", "", "NCBITaxon:2"),
        ("NCBITaxon:9", "Aus bus", "no rank", "bus", "", "NCBITaxon:7"),
    ]


def test_taxa_of_records_are_found_in_any_spelling(tmp_path: Path) -> None:
    seed = tmp_path / "seed.tsv"
    seed.write_text("NCBITaxon:9606\tHomo sapiens\n", encoding="utf-8")
    text = '"obo:NCBITaxon_71" NCBI:txid72 NCBI:txid000001 ncbi.nlm.nih.gov/datasets/taxonomy/73'
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    wanted = build_terms.wanted_ids(seed, [tmp_path])
    assert {9606, 71, 72, 73} < wanted
    assert 1 not in wanted


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("id\tx\nb\t1\na\t1\n", "not sorted"),
        ("id\tx\na\t1\na\t1\n", "a line twice"),
        ("id\tx\na\t1\t2\n", "wrong number of cells"),
        ('id\tx\na\t"1"\n', "a quotation mark"),
        ("id\tx\na\t1", "no final line feed"),
    ],
)
def test_a_fault_in_the_layout_of_a_table_is_found(tmp_path: Path, lines: str, problem: str) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(lines, encoding="utf-8")
    assert any(problem in found for found in build_terms._layout_problems(path))


def test_the_tables_are_read_without_heavy_modules() -> None:
    code = (
        "import sys; from rembigraph.ontology import term_tables as t; t.resolve_organism('human');"
        "print(*sorted({'pydantic', 'rdflib', 'taxoniq', 'linkml', 'pyoxigraph'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == ""
