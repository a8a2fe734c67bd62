"""OAI-PMH as specified: errors are its own, whatever is asked; lists go on while the catalogue changes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest
from rembigraph.app.feeds.oai_request import Position

from tests.conftest import DATA, documents
from tests.feeding import KEEPER, Catalogue, study

OAI = "{http://www.openarchives.org/OAI/2.0/}"
ID = quote(f"{DATA}EMPIAR-10819", safe="")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    catalogue = Catalogue(tmp_path_factory.mktemp("feeds"))
    catalogue.publish(*documents())
    catalogue.publish(withdraw=["EXAMPLE-0105"])
    with catalogue.served() as address, httpx.Client(base_url=address) as opened:
        yield opened


def read(answer: httpx.Response) -> ET.Element:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert [child.tag for child in root][:2] == [f"{OAI}responseDate", f"{OAI}request"]
    return root


def code(root: ET.Element) -> str | None:
    error = root.find(f"{OAI}error")
    return None if error is None else error.get("code")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "badVerb"),
        ("verb=", "badVerb"),
        ("verb=GetMetadata", "badVerb"),
        ("verb=identify", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01&from=2026-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-1-1", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01T00:00:00.5Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01T00:00:00%2B01:00", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=0000-00-00", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01&until=2026-01-02T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-02&until=2026-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=a%20b", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=no:such", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=9999-12-31T23:59:59Z", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=1999-12-31", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=9999-12-31", None),
        ("verb=ListIdentifiers&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=%00%FF", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=EMPIAR-10819", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=%00%1B%EF%BF%BE", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix=oai_dc&identifier={ID}", None),
        (f"verb=GetRecord&metadataPrefix=marc&identifier={ID}", "cannotDisseminateFormat"),
        ("verb=ListMetadataFormats&identifier=x", "idDoesNotExist"),
        ("&".join(["verb=Identify"] * 60), "badArgument"),
    ],
)
def test_what_is_wrong_is_the_protocols_error(client: httpx.Client, query: str, expected: str | None) -> None:
    root = read(client.get(f"/oai?{query}"))
    assert code(root) == expected
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert code(read(client.post("/oai", content=query, headers=form))) == expected
    told = root.find(f"{OAI}request")
    assert told is not None
    assert bool(told.attrib) == (expected not in {"badVerb", "badArgument"})


def test_any_bytes_get_an_answer_of_the_protocol(client: httpx.Client) -> None:
    dice = random.Random(3)
    names = ["verb", "from", "until", "set", "metadataPrefix", "identifier", "resumptionToken", "x"]
    values = [
        "ListRecords",
        "ListIdentifiers",
        "GetRecord",
        "ListSets",
        "oai_dc",
        "rembi",
        "2026-01-01",
        "correlative",
    ]
    codes = set()
    for _ in range(300):
        pairs = [(dice.choice(names), dice.choice(values)) for _ in range(dice.randrange(1, 5))]
        query = bytearray(urlencode(pairs).encode())
        for _ in range(dice.randrange(3)):
            query[dice.randrange(len(query))] = dice.choice(b"%&=+;<>\"'0z")
        codes.add(code(read(client.get("/oai?" + query.decode()))))
    assert codes >= {"badVerb", "badArgument"}


def test_a_mangled_token_is_refused(client: httpx.Client) -> None:
    token = Position("ListRecords", "oai_dc", name="EXAMPLE-0101", time="2026-01-01T00:00:00Z").token(
        "9999-01-01"
    )
    assert code(read(client.get("/oai", params={"verb": "ListRecords", "resumptionToken": token}))) is None
    for place in range(len(token)):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        asked = {"verb": "ListRecords", "resumptionToken": other}
        assert code(read(client.get("/oai", params=asked))) == "badResumptionToken", place
    old = Position("ListRecords", "oai_dc").token("2020-01-01T00:00:00Z")
    assert (
        code(read(client.get("/oai", params={"verb": "ListRecords", "resumptionToken": old})))
        == "badResumptionToken"
    )
    asked = {"verb": "ListIdentifiers", "resumptionToken": token}
    assert code(read(client.get("/oai", params=asked))) == "badResumptionToken"


def test_it_says_who_it_is(client: httpx.Client) -> None:
    said = {child.tag.removeprefix(OAI): child.text for child in read(client.get("/oai?verb=Identify"))[2]}
    assert said["adminEmail"] == KEEPER
    assert said["deletedRecord"] == "persistent"
    assert said["granularity"] == "YYYY-MM-DDThh:mm:ssZ"
    assert said["baseURL"] == f"{str(client.base_url).rstrip('/')}/oai"


def test_no_keeper_is_made_up(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.publish(study(1))
    with catalogue.served(keeper="") as address:
        refused = httpx.get(f"{address}/oai?verb=Identify")
        assert refused.status_code == 503
        assert "REMBIGRAPH_ADMIN_EMAIL" in refused.json()["fix"]
        assert code(read(httpx.get(f"{address}/oai?verb=ListRecords&metadataPrefix=oai_dc"))) is None


@pytest.mark.parametrize("prefix", ["oai_dc", "oai_datacite", "datacite", "dcat_ap", "rembi"])
def test_every_record_is_well_formed_in_every_format(client: httpx.Client, prefix: str) -> None:
    root = read(client.get("/oai", params={"verb": "ListRecords", "metadataPrefix": prefix}))
    records = root.findall(f".//{OAI}record")
    headers = read(client.get("/oai", params={"verb": "ListIdentifiers", "metadataPrefix": prefix}))
    statuses = [header.get("status") for header in headers.findall(f".//{OAI}header")]
    assert statuses == [record[0].get("status") for record in records]
    for record in records:
        metadata = record.find(f"{OAI}metadata")
        assert (metadata is None) == (record[0].get("status") == "deleted")
        assert metadata is None or len(metadata) == 1


@pytest.mark.slow
def test_a_list_goes_on_while_the_catalogue_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rembigraph.app.feeds.oai.PAGE", 4)
    catalogue = Catalogue(tmp_path)
    catalogue.publish(*(study(number) for number in range(1, 11)))
    with catalogue.served() as address, httpx.Client(base_url=address) as client:
        asked = {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}
        seen: dict[str, bool] = {}
        places, number = [], 0
        while True:
            root = read(client.get("/oai", params=asked))
            for header in root.findall(f".//{OAI}header"):
                seen[re.sub(".*-", "", header.findtext(f"{OAI}identifier") or "")] = not header.get("status")
            token = root.find(f".//{OAI}resumptionToken")
            assert token is not None
            places.append((token.get("cursor"), token.get("completeListSize")))
            assert bool(token.text) == bool(token.get("expirationDate"))
            if not token.text:
                break
            asked = {"verb": "ListIdentifiers", "resumptionToken": token.text}
            number += 1
            if number == 1:  # one that was given goes, one that was not is changed, one comes
                catalogue.publish(
                    study(9, "Changed"), study(11), withdraw=["EXAMPLE-0001"], dates="2026-01-01"
                )
        assert seen == {f"{one:04d}": one != 1 for one in range(1, 12)}
        assert places == [("0", "10"), ("4", "12"), ("8", "12")]
