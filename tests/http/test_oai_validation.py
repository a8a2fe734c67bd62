"""What the validator behind openarchives.org asks of a repository, in its order, asked of ours on loopback.

The validator itself is run from outside: it needs a public address and a keeper's real e-mail address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.conftest import documents
from tests.feeding import Catalogue

OAI = "{http://www.openarchives.org/OAI/2.0/}"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
KEEPER = "the.keeper@catalogue-of-images.org"


class Repository:
    """A repository as the validator sees it: by its base address alone."""

    def __init__(self, base: str) -> None:
        self.base = base

    def ask(self, query: str) -> ET.Element:
        """Ask by GET and check what is checked of every answer."""
        return self._checked(httpx.get(f"{self.base}?{query}", timeout=60, follow_redirects=False))

    def post(self, **arguments: str) -> ET.Element:
        """Ask by POST."""
        return self._checked(httpx.post(self.base, data=arguments, timeout=60))

    def _checked(self, answer: httpx.Response) -> ET.Element:
        assert answer.status_code == 200
        root = ET.fromstring(answer.content)
        assert root.tag == f"{OAI}OAI-PMH"
        namespace, schema = root.get(LOCATION, "").split()[:2]
        assert namespace == "http://www.openarchives.org/OAI/2.0/"
        assert schema == "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
        assert re.fullmatch(SECONDS, root.findtext(f"{OAI}responseDate", ""))
        return root

    def codes(self, query: str) -> set[str | None]:
        """Codes of the errors in an answer, each of which says something to people."""
        errors = self.ask(query).findall(f"{OAI}error")
        assert all(error.text for error in errors)
        return {error.get("code") for error in errors}

    @property
    def example(self) -> tuple[str, str]:
        """The first set that has a record, and the identifier of a record in it that is not deleted."""
        for each in self.ask("verb=ListSets").iter(f"{OAI}setSpec"):
            headers = self.ask(f"verb=ListIdentifiers&metadataPrefix=oai_dc&set={each.text}").iter(
                f"{OAI}header"
            )
            for header in headers:
                if header.get("status") != "deleted":
                    return str(each.text), header.findtext(f"{OAI}identifier", "")
        raise AssertionError("no set has a record")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    catalogue = Catalogue(tmp_path_factory.mktemp("validated"))
    catalogue.publish(*documents())
    catalogue.publish(withdraw=["EXAMPLE-0105"])
    with catalogue.served(KEEPER) as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr("rembigraph.app.feeds.oai.PAGE", 10)
        yield Repository(f"{address}/oai")


def test_identify(repository: Repository) -> None:
    found = repository.ask("verb=Identify").find(f"{OAI}Identify")
    assert found is not None
    assert found.findtext(f"{OAI}baseURL") == repository.base
    assert found.findtext(f"{OAI}protocolVersion") == "2.0"
    assert found.findtext(f"{OAI}granularity") == "YYYY-MM-DDThh:mm:ssZ"
    assert re.fullmatch(SECONDS, found.findtext(f"{OAI}earliestDatestamp", ""))
    addresses = [one.text or "" for one in found.findall(f"{OAI}adminEmail")]
    assert addresses
    assert all(re.fullmatch(r"\w[\w\-.]+@[a-zA-Z0-9\-.]+\.[a-z]{2,}", one) for one in addresses)


def test_formats_of_a_record_hold_dublin_core(repository: Repository) -> None:
    _, identifier = repository.example
    formats = repository.ask(f"verb=ListMetadataFormats&identifier={quote_plus(identifier)}")
    assert "oai_dc" in {one.text for one in formats.iter(f"{OAI}metadataPrefix")}


def test_a_record_has_its_set_and_is_in_the_list_of_its_second(repository: Repository) -> None:
    category, identifier = repository.example
    record = repository.ask(f"verb=GetRecord&identifier={quote_plus(identifier)}&metadataPrefix=oai_dc")
    assert category in {one.text for one in record.iter(f"{OAI}setSpec")}
    (time,) = [one.text for one in record.iter(f"{OAI}datestamp")]
    assert re.fullmatch(SECONDS, str(time))
    query, found = f"from={time}&until={time}&metadataPrefix=oai_dc", set()
    while query:
        page = repository.ask(f"verb=ListRecords&{query}")
        found |= {one.text for one in page.iter(f"{OAI}identifier")}
        token = page.findtext(f".//{OAI}resumptionToken")
        query = f"resumptionToken={quote_plus(token)}" if token else ""
    assert identifier in found


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ("junk", {"badVerb"}),
        ("verb=junk", {"badVerb"}),
        ("verb=GetRecord&metadataPrefix=oai_dc", {"badArgument"}),
        ("verb=GetRecord&identifier={id}", {"badArgument"}),
        ("verb=GetRecord&identifier=invalid%22id&metadataPrefix=oai_dc", {"badArgument", "idDoesNotExist"}),
        ("verb=ListIdentifiers&until=junk", {"badArgument"}),
        ("verb=ListIdentifiers&from=junk", {"badArgument"}),
        ("verb=ListIdentifiers&resumptionToken=junk&until=2000-02-05", {"badArgument", "badResumptionToken"}),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=junk", {"badArgument"}),
        ("verb=ListRecords&resumptionToken=junk", {"badResumptionToken"}),
        (
            "verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=junk&until=1990-01-10",
            {"badArgument", "badResumptionToken"},
        ),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=junk", {"badArgument"}),
        ("verb=ListRecords", {"badArgument"}),
        (
            "verb=ListRecords&metadataPrefix=oai_dc&from=2002-02-05&until=2002-02-06T05:35:00Z",
            {"badArgument"},
        ),
        ("verb=ListRecords&metadataPrefix=oai_dc&until={early}", {"noRecordsMatch"}),
    ],
)
def test_errors(repository: Repository, query: str, allowed: set[str]) -> None:
    earliest = repository.ask("verb=Identify").findtext(f".//{OAI}earliestDatestamp", "")
    early = f"{int(earliest[:4]) - 1}{earliest[4:]}"
    _, identifier = repository.example
    assert repository.codes(query.format(id=identifier, early=early)) & allowed


def test_post(repository: Repository) -> None:
    assert len(list(repository.post(verb="Identify").iter(f"{OAI}Identify"))) == 1
    _, identifier = repository.example
    answer = repository.post(verb="GetRecord", identifier=identifier, metadataPrefix="oai_dc")
    assert len(list(answer.iter(f"{OAI}GetRecord"))) == 1


def test_resumption_tokens(repository: Repository) -> None:
    first = repository.ask("verb=ListRecords&metadataPrefix=oai_dc")
    (token,) = first.iter(f"{OAI}resumptionToken")
    assert token.text
    assert token.get("cursor") == "0"
    second = repository.ask(f"verb=ListRecords&resumptionToken={quote_plus(token.text)}")
    assert second.find(f"{OAI}error") is None
    (next_token,) = second.iter(f"{OAI}resumptionToken")
    assert next_token.get("cursor") == str(len(list(first.iter(f"{OAI}record"))))
