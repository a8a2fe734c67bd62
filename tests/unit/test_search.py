"""The study list: words, accessions, filters, facets, advice, bounds."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rembigraph.catalogue.criteria import (
    MAX_PAGE,
    MAX_PER_PAGE,
    Criteria,
    accessions_in,
    clean,
    match_expression,
    words_of,
)
from rembigraph.catalogue.search import Search
from rembigraph.ontology.errors import StoreDamaged
from rembigraph.ontology.identifiers import parse_accession

CURIES = {
    "NCBITaxon:9606": "Homo sapiens",
    "NCBITaxon:7955": "Danio rerio",
    "NCBITaxon:4932": "Saccharomyces cerevisiae",
}


def accessions(page):
    return [item.accession for item in page.items]


def brute(plain, *, organism=None, method=None, year=None, archive=None):
    """Say from the plain documents which studies pass the filters."""

    def passes(study):
        return (
            (organism is None or organism in {t["id"] for t in study.get("organism", [])})
            and (method is None or method in {t["id"] for t in study.get("imaging_method", [])})
            and (year is None or study.get("issued", "")[:4] == year)
            and (archive is None or parse_accession(study["accession"]).archive_key == archive)
        )

    return {study["accession"] for study in plain if passes(study)}


def test_everything_is_listed_newest_first(snapshot, made_up):
    page = snapshot.search.studies(per_page=100)
    assert page.total == len(made_up.plain)
    dates = [item.issued for item in page.items]
    assert dates == sorted(dates, reverse=True)
    assert set(accessions(page)) == {study["accession"] for study in made_up.plain}


@pytest.mark.parametrize(
    "q",
    [
        "EMPIAR-10819",
        "empiar 10819",
        "empiar10819",
        "Empiar_10819",
        "10.6019/EMPIAR-10819",
        "entry empiar-10819 please",
        "https://www.ebi.ac.uk/empiar/EMPIAR-10819/",
    ],
)
def test_an_accession_in_any_spelling_comes_first(snapshot, q):
    assert accessions(snapshot.search.studies(q))[0] == "EMPIAR-10819"


@pytest.mark.parametrize("q", ["s-bsst707", "S-BSST-707", "bsst707", "s bsst 707"])
def test_an_accession_of_the_bioimage_archive_too(snapshot, q):
    assert accessions(snapshot.search.studies(q))[0] == "S-BSST707"


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("idr 53", ["idr0053"]),
        ("IDR0053", ["idr0053"]),
        ("ssbd repos 158", ["ssbd-repos-000158"]),
        ("ssbd-db-20-Azuma-WormMembrane", ["ssbd-db-20-Azuma-WormMembrane"]),
        ("zebrafish", []),
        ("idr", []),
        ("../../etc/passwd", []),
    ],
)
def test_accessions_in_words(q, expected):
    assert accessions_in(q) == expected


def test_words_must_all_be_there_and_the_last_may_be_a_beginning(snapshot):
    search = snapshot.search
    assert set(accessions(search.studies("benchmark hela"))) == {"S-BSST707", "EMPIAR-10819"}
    assert set(accessions(search.studies("benchmark hel"))) == {"S-BSST707", "EMPIAR-10819"}
    assert accessions(search.studies("bench hela")) == []
    assert accessions(search.studies("krentzel")) == ["S-BSST707"]
    assert accessions(search.studies("Peddie")) == ["EMPIAR-10819"]


def test_it_says_why(snapshot):
    items = {item.accession: item for item in snapshot.search.studies("mitochondria").items}
    match = items["S-BSST707"].match
    assert match.field == "keywords"
    assert ("mitochondria", True) in match.pieces
    (item,) = (i for i in snapshot.search.studies("airyscan").items if i.accession == "EMPIAR-10819")
    assert [text for text, hit in item.heading.pieces if hit] == ["Airyscan"]


@pytest.mark.parametrize(
    "q",
    [
        '"',
        "'",
        "a*",
        "OR",
        "NOT x",
        "title:x",
        "(",
        "^x",
        "{title}: x",
        "NEAR(a b)",
        "a AND",
        "-",
        "; DROP TABLE study",
        "\x00",
        "\udc80",
        "ﬁsh",
        "日本語",
        "a" * 5000,
        " ",
        "%",
        "\U0001f9ec",
        "x" * 40 + " " + "y " * 60,
    ],
)
def test_no_text_is_an_expression(snapshot, q):
    page = snapshot.search.studies(q)
    assert page.total == len(page.items) or page.total > len(page.items)
    assert page.total or page.advice is not None


@pytest.mark.nightly
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=80),
    st.lists(st.text(max_size=30), max_size=3),
    st.integers(-5, 10**9),
    st.integers(-5, 10**9),
)
def test_any_parameters_give_a_page(snapshot, q, values, page, per_page):
    found = snapshot.search.studies(
        q, archive=values, organism=values, method=values, year=values, page=page, per_page=per_page, sort=q
    )
    assert found.total >= len(found.items)
    assert 1 <= found.criteria.page <= MAX_PAGE
    assert 1 <= found.criteria.per_page <= MAX_PER_PAGE


@pytest.mark.parametrize(
    "name",
    [
        "Homo sapiens",
        "human",
        "HUMAN",
        "homo  sapiens",
        "NCBITaxon:9606",
        "NCBITaxon_9606",
        "9606",
        "http://purl.obolibrary.org/obo/NCBITaxon_9606",
    ],
)
def test_organisms_by_every_name(snapshot, made_up, name):
    page = snapshot.search.studies(organism=[name], per_page=1000)
    assert set(accessions(page)) == brute(made_up.plain, organism="NCBITaxon:9606")


@pytest.mark.parametrize(
    "name", ["confocal microscopy", "Confocal Microscopy", "FBbi:00000251", "FBbi_00000251"]
)
def test_methods_by_every_name(snapshot, made_up, name):
    page = snapshot.search.studies(method=[name], per_page=1000)
    assert set(accessions(page)) == brute(made_up.plain, method="FBbi:00000251")


def test_a_text_stands_for_a_method_without_a_term(snapshot):
    (item,) = snapshot.search.studies(method=["fib-sem, no term given"]).items
    assert item.accession == "EXAMPLE-0102"
    assert not item.methods[0].is_term


@pytest.mark.parametrize("name", ["BioImageArchive", "BioImage Archive", "bia"])
def test_archives_by_every_name(snapshot, name):
    assert accessions(snapshot.search.studies(archive=[name])) == ["S-BSST707"]


def test_several_values_of_a_filter_mean_any_of_them(snapshot, made_up):
    page = snapshot.search.studies(organism=["human", "zebrafish"], year=[2016, "2017"], per_page=1000)
    either = brute(made_up.plain, organism="NCBITaxon:9606") | brute(made_up.plain, organism="NCBITaxon:7955")
    years = brute(made_up.plain, year="2016") | brute(made_up.plain, year="2017")
    assert set(accessions(page)) == either & years


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"organism": "NCBITaxon:9606"},
        {"method": "FBbi:00050000"},
        {"year": "2018"},
        {"archive": "EMPIAR"},
        {"organism": "NCBITaxon:7955", "method": "FBbi:00000251"},
        {"organism": "NCBITaxon:4932", "method": "FBbi:00000251", "year": "2019", "archive": "Example"},
    ],
)
def test_facets_equal_a_brute_force_count(snapshot, made_up, filters):
    page = snapshot.search.studies(per_page=1000, **{kind: [value] for kind, value in filters.items()})
    assert set(accessions(page)) == brute(made_up.plain, **filters)
    facets = {facet.kind: facet for facet in page.facets}
    for kind, of in (
        ("organism", lambda s: {t["id"] for t in s.get("organism", [])}),
        ("year", lambda s: {s["issued"][:4]} if s.get("issued") else set()),
        ("archive", lambda s: {parse_accession(s["accession"]).archive_key}),
    ):
        left = brute(made_up.plain, **{k: v for k, v in filters.items() if k != kind})
        expected = Counter(
            value for study in made_up.plain if study["accession"] in left for value in of(study)
        )
        assert {value.query: value.studies for value in facets[kind].values} == dict(expected), kind
        assert [v.query for v in facets[kind].values if v.selected] == (
            [filters[kind]] if kind in filters else []
        )


def test_the_correlative_filter_follows_links_from_both_ends(snapshot):
    search = snapshot.search
    joined = set(accessions(search.studies(correlative=True, per_page=1000)))
    assert joined == {"S-BSST707", "EMPIAR-10819", "EXAMPLE-0101", "EXAMPLE-0102", "EXAMPLE-0104"}
    alone = set(accessions(search.studies(correlative=False, per_page=1000)))
    assert joined | alone == set(accessions(search.studies(per_page=1000)))
    assert not joined & alone
    (facet,) = (f for f in search.studies("hela").facets if f.kind == "correlative")
    assert facet.values[0].studies == 2


def test_pages_cover_the_list_without_overlap(snapshot, made_up):
    seen = []
    for number in range(1, 20):
        page = snapshot.search.studies(page=number, per_page=7, sort="title")
        seen += accessions(page)
    assert len(seen) == len(set(seen)) == len(made_up.plain)
    assert page.items == ()


@pytest.mark.parametrize(
    "sort", ["newest", "oldest", "title", "accession", "largest", "relevance", "nonsense"]
)
def test_orders_are_stable(snapshot, sort):
    first = accessions(snapshot.search.studies("cells", sort=sort, per_page=100))
    assert first == accessions(snapshot.search.studies("cells", sort=sort, per_page=100))
    if sort == "accession":
        assert first[0] < first[-1]


def test_unknown_sizes_come_last_and_stay_unknown(snapshot):
    items = snapshot.search.studies(sort="largest", per_page=100).items
    assert items[0].accession == "EMPIAR-10819"
    assert all(item.byte_size is None for item in items[1:])


def test_an_empty_list_gives_advice(snapshot):
    search = snapshot.search
    assert search.studies("zebrafsh").advice.queries == ("zebrafish",)
    assert search.studies("EMPIAR-10820").advice.accessions == ("EMPIAR-10819",)
    advice = search.studies("hela", organism=["Danio rerio"], archive=["SSBD"]).advice
    assert not search.studies("hela").advice
    assert advice.drops == ()
    advice = search.studies("airyscan", organism=["Danio rerio"]).advice
    assert ("organism", "Danio rerio", 2) in advice.drops
    (unknown,) = search.studies(organism=["homo sapien"]).advice.unknown
    assert unknown[:2] == ("organism", "homo sapien")
    assert "Homo sapiens" in unknown[2]
    (unknown,) = search.studies(archive=["nowhere"]).advice.unknown
    assert "EMPIAR" in unknown[2]


def test_counts_are_those_of_the_list(snapshot, made_up):
    counts = snapshot.counts
    assert counts["studies"] == snapshot.search.studies().total == len(made_up.plain)
    assert counts["archives"] == Counter(parse_accession(s["accession"]).archive_key for s in made_up.plain)
    assert counts["correlative_studies"] == snapshot.search.studies(correlative=True).total
    for entry in counts["organisms"]:
        assert entry["studies"] == snapshot.search.studies(organism=[entry["value"]]).total
    for entry in counts["methods"]:
        assert entry["studies"] == snapshot.search.studies(method=[entry["value"]]).total
    assert counts["bytes"] == 91124559572
    assert counts["bytes_stated_by"] == 1
    assert counts["kept_values"] == 1
    assert (counts["sets"], counts["sets_with_transformation"], counts["sets_across_archives"]) == (3, 1, 2)
    assert {"relation": "images_same_specimen", "evidence": "prose", "links": 1} in counts["links"]
    assert all(each["archive"] != "Example" for each in counts["newest"])


def test_an_index_of_another_version_is_refused(tmp_path):
    with pytest.raises(StoreDamaged):
        Search.open(tmp_path)
    (tmp_path / "index.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreDamaged):
        Search.open(tmp_path)


def test_criteria_are_cut_to_bounds():
    criteria = Criteria.of(
        "x " * 500, organism=[str(n) for n in range(100)], page=10**12, per_page=10**12, sort="; drop"
    )
    assert len(criteria.q) <= 200
    assert len(criteria.organism) == 10
    assert (criteria.page, criteria.per_page, criteria.sort) == (MAX_PAGE, MAX_PER_PAGE, "relevance")
    assert Criteria.of("  ").sort == "newest"
    assert criteria.without("organism").organism == ()
    assert Criteria.of(organism=["a", "b"]).without("organism", "a").organism == ("b",)
    assert Criteria.of(page=4).including("organism", "a").page == 1


def test_words_are_quoted():
    assert words_of('a"b c_d') == ["a", "b", "c", "d"]
    assert match_expression([]) == ""
    assert match_expression(["AND", "x"]) == '"AND" AND "x"*'
    assert clean("a\x00b") == "a b"
