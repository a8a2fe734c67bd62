"""Every study of the shared folder: citations parse and agree, DataCite validates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rembigraph.app.showing import open_snapshot
from rembigraph.catalogue.exports.citation import citation_text, cite
from rembigraph.catalogue.exports.datacite import DATACITE_JSON
from rembigraph.catalogue.exports.datacite_xml import DATACITE_XML
from rembigraph.catalogue.exports.described import Described
from rembigraph.catalogue.home import Home
from rembigraph.loaders.values import has_email

from tests.citing import FORMS, said_of
from tests.datacite_schema import faults

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
SITE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def studies(real_home: Home) -> Iterator[list[Described]]:
    with open_snapshot(real_home) as snapshot:
        found = []
        for accession in sorted(snapshot.search.accessions()):
            whole = snapshot.study(accession)
            if whole:
                page, parts = f"{SITE}/{accession}", tuple(snapshot.parts(accession))
                found.append(Described(whole.view, page, page, SITE, parts))
        assert len(found) > 800
        yield found


def test_all_citations_parse_and_agree(studies: list[Described]) -> None:
    wrong = {}
    for study in studies:
        cited = cite(study)
        want = (cited.accession, cited.title, tuple(name.inverted for name in cited.names), cited.year,
                cited.publisher, cited.doi, cited.url)  # fmt: skip
        said = said_of(study)
        if {tuple(vars(each).values()) for each in said} != {want}:
            wrong[cited.accession] = said
    assert wrong == {}


def test_every_study_with_a_year_has_valid_datacite_metadata(studies: list[Described]) -> None:
    dated = [study for study in studies if DATACITE_JSON.applies(study)]
    assert len(dated) > 0.99 * len(studies)
    found = {study.view.accession: faults(study) for study in dated}
    assert {accession: wrong for accession, wrong in found.items() if wrong} == {}


def test_no_form_holds_an_e_mail_address_and_all_are_the_same_each_time(studies: list[Described]) -> None:
    for study in studies:
        forms = [form for form in (*FORMS, DATACITE_JSON, DATACITE_XML) if form.applies(study)]
        documents = [form.make(study) for form in forms]
        assert documents == [form.make(study) for form in forms]
        text = "\n".join([citation_text(study), *(document.decode() for document in documents)])
        assert not has_email(text.replace("@dataset{", "")), study.view.accession
