"""The pages over HTTP: what they show, the forms of RDF, redirects, errors, validators, hostile records."""

import csv
import http.client
import io
import json
import re
from urllib.parse import urlsplit

import httpx
import pytest
import rdflib
from pyoxigraph import RdfFormat, parse
from rdflib.compare import isomorphic
from rembigraph.app.pages.rendering import HTML_HEADERS, make_renderer
from rembigraph.app.pages.site import local_link
from rembigraph.app.pages.text import clean
from rembigraph.app.problems import STATUSES, status_of
from rembigraph.catalogue.home import Home
from rembigraph.ontology import errors

from tests.conftest import DATA, pages_app, running
from tests.parsed_page import Page

PUBLIC = "https://catalogue.example"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = [
    "/",
    "/studies",
    "/studies?q=hela",
    "/studies?q=nothing+at+all",
    "/S-BSST707",
    "/EMPIAR-10819",
    "/EXAMPLE-0101",
    "/EXAMPLE-0102",
    "/EXAMPLE-0103",
    "/EXAMPLE-0104",
    "/EXAMPLE-0101/image/stack",
    "/EXAMPLE-0101/transform/lm--em",
    "/EXAMPLE-0101/specimen/cell%207",
    "/EMPIAR-99998",
    "/EXAMPLE-0105",
    "/nothing",
]


@pytest.fixture(scope="module")
def client(pages_url):
    with httpx.Client(base_url=pages_url) as opened:
        yield opened


def page(client, path, status=200):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text[:300]
    return Page(answer.text)


# --- every page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for name, value in HTML_HEADERS.items():
        assert answer.headers[name] == value
    found = Page(answer.text)
    assert len(found.all("h1")) == 1
    assert found.all("html", lang="en")
    assert len(found.all("main")) == 1
    assert len([attrs for attrs in found.all("title") if "id" not in attrs]) == 1
    assert found.all("a", href="#main")
    names = {name for name, _ in found.elements}
    assert {each["type"] for each in found.all("script")} <= {"application/ld+json"}
    assert not names & {"iframe", "object", "embed", "img", "style", "base"}
    for _, attrs in found.elements:
        assert not any(name.startswith("on") or name == "style" for name in attrs)
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_here_or_are_marked_as_leading_elsewhere(client, path):
    for attrs in page(client, path, client.get(path, headers=HTML).status_code).all("a"):
        href = attrs["href"]
        if href.startswith(("/", "#")):
            assert not href.startswith("//")
        elif not href.startswith(PUBLIC):
            assert urlsplit(href).scheme in {"http", "https"}
            assert {"noopener", "nofollow", "external"} <= set(attrs["rel"].split())


NOT_HERE = {"/EXAMPLE-0102/specimen/cell-7"}
"""What made-up records name and do not describe."""


@pytest.mark.crawl
def test_no_link_inside_is_broken(browser_url):
    seen, waiting = set(), ["/"]
    with httpx.Client(base_url=browser_url, follow_redirects=True, timeout=60) as client:
        while waiting:
            path = waiting.pop()
            if path in seen or path.startswith(("/sparql", "/status", "/ns")) or len(seen) > 400:
                continue
            seen.add(path)
            answer = client.get(path, headers=HTML)
            assert answer.status_code == (404 if path in NOT_HERE else 200), path
            if answer.headers["content-type"].startswith("text/html"):
                hrefs = [a["href"] for a in Page(answer.text).all("a")]
                waiting += [href.split("#")[0] for href in hrefs if re.match(r"/[^/]", href) or href == "/"]
    assert len(seen) > 100
    assert "/data" in seen


@pytest.mark.parametrize(
    "path", ["/", "/studies", "/S-BSST707", "/EXAMPLE-0101/image/stack", "/S-BSST707.ttl"]
)
def test_head_says_what_get_would(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == 200
    assert head.content == b""
    ignored = {"date", "server"}
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in got.headers.items() if k not in ignored
    }


@pytest.mark.parametrize(
    "path", ["/", "/studies?q=hela", "/S-BSST707", "/S-BSST707.jsonld", "/EXAMPLE-0101/image/stack"]
)
def test_what_the_client_holds_is_not_sent_again(client, path):
    first = client.get(path)
    etag = first.headers["etag"]
    assert client.get(path).headers["etag"] == etag
    for tag in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["vary"].startswith("Accept")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/studies", "/S-BSST707", "/EXAMPLE-0104", "/empiar-10819", "/EMPIAR-99998"]
)
def test_the_host_header_never_shows(client, path):
    hostile = {
        **HTML,
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
    }
    answer = client.get(path, headers=hostile)
    assert "evil.example" not in answer.text + str(answer.headers)
    assert "gopher" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client, method):
    for path in ("/", "/studies", "/S-BSST707", "/static/icon.svg"):
        assert client.request(method, path).status_code == 405


# --- home and list


def test_home_shows_counts_that_lead_to_what_they_count(client, made_up):
    found = page(client, "/")
    assert f"{len(made_up.plain)} studies" not in found.text
    total = next(iter(found.all("a", href="/studies")))
    assert total is not None
    assert str(len(made_up.plain)) in found.text
    assert "S-BSST707" in found.text
    assert "EMPIAR-10819" in found.text
    assert "images the same specimen" in found.text
    assert "stated in running text" in found.text.lower()
    assert found.text.index("Correlative studies") < found.text.index("Newest releases")
    assert f"{PUBLIC}/sparql" in found.text


def test_home_of_an_empty_catalogue(tmp_path):
    home = Home.init(tmp_path / "catalogue", DATA)
    with running(lambda address: pages_app(home, address)) as address:
        assert "Nothing is here yet" in httpx.get(address + "/", headers=HTML).text
        answer = httpx.get(address + "/S-BSST707")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_the_list_page_shows_filters_and_ways_to_drop_them(client):
    found = page(client, "/studies?q=cells&organism=human&year=2018&correlative=no")
    removals = {a["href"] for a in found.all("a", **{"class": "chip chip-on"})}
    assert removals == {
        "/studies?organism=human&year=2018&correlative=no",
        "/studies?q=cells&year=2018&correlative=no",
        "/studies?q=cells&organism=human&correlative=no",
        "/studies?q=cells&organism=human&year=2018",
    }
    assert found.all("span", role="status")
    assert "Homo sapiens" in found.text


def test_paging_links(client):
    first = page(client, "/studies?per_page=10")
    assert first.all("link", rel="next", href="/studies?per_page=10&page=2")
    assert not first.all("link", rel="prev")
    last = page(client, "/studies?per_page=10&page=5")
    assert last.all("a", rel="prev", href="/studies?per_page=10&page=4")
    assert not last.all("a", rel="next")
    assert "There is no page 99" in page(client, "/studies?page=99").text


def test_an_empty_list_proposes_what_would_help(client):
    found = page(client, "/studies?q=airyscan&organism=zebrafish")
    assert "0 studies" in found.text
    assert "Drop organism zebrafish : 2 studies" in found.text
    assert page(client, "/studies?q=zebrafsh").all("a", href="/studies?q=zebrafish")


def test_the_list_as_json(client, made_up):
    answer = client.get(
        "/studies", params={"q": "hela", "organism": "human"}, headers={"Accept": "application/json"}
    )
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["total"] == len(document["items"]) == 2
    item = {each["accession"]: each for each in document["items"]}["EMPIAR-10819"]
    assert item["iri"] == f"{DATA}EMPIAR-10819"
    assert item["url"] == f"{PUBLIC}/EMPIAR-10819"
    assert item["organisms"] == [
        {"iri": "http://purl.obolibrary.org/obo/NCBITaxon_9606", "label": "Homo sapiens"}
    ]
    assert (item["bytes"], item["parts"], item["license"]) == (91124559572, 1, None)
    assert document["facets"]["archive"] == [
        {"value": "BioImageArchive", "label": "BioImage Archive", "studies": 1},
        {"value": "EMPIAR", "label": "EMPIAR", "studies": 1},
    ]
    every, link = [], "/studies?format=json&per_page=10"
    while link:
        document = client.get(link.removeprefix(PUBLIC)).json()
        every += [each["accession"] for each in document["items"]]
        link = document["links"].get("next")
    assert sorted(every) == sorted(study["accession"] for study in made_up.plain)


def test_the_list_as_csv(client, made_up):
    answer = client.get("/studies?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="studies.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["accession"] for row in rows} == {study["accession"] for study in made_up.plain}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page=0", 400),
        ("page=x", 400),
        ("page=-1", 400),
        ("page=1e9", 400),
        ("sort=random", 400),
        ("correlative=maybe", 400),
        ("format=exe", 406),
        ("page=99999", 200),
        ("per_page=100000", 200),
        ("q=" + "a" * 5000, 200),
        ("q=%00%ff", 200),
        ("archive=&organism=&method=&year=&q=", 200),
        ("page=", 200),
    ],
)
def test_parameters_are_checked(client, query, status):
    assert client.get(f"/studies?{query}").status_code == status


# --- study


def test_a_study_shows_its_other_part_first(client):
    for here, there in (("S-BSST707", "EMPIAR-10819"), ("EMPIAR-10819", "S-BSST707")):
        found = page(client, f"/{here}")
        assert found.text.index("One whole in two archives") < found.text.index("About this study")
        assert found.all("a", href=f"/{there}")
        assert "The FIB SEM data can be found on EMPIAR, entry # EMPIAR-10819." in found.text
        assert "The depositors say so, in running text, record of S-BSST707." in found.text
        assert "images the same specimen" in found.text
        assert found.all("a", href="https://www.ebi.ac.uk/empiar/EMPIAR-10819/")
        assert found.all("link", rel="canonical", href=f"{PUBLIC}/{here}")


def test_transformations_are_told_from_both_ends(client):
    for accession in ("EXAMPLE-0101", "EXAMPLE-0102"):
        text = page(client, f"/{accession}").text
        assert "Correlation with a coordinate transformation and its error" in text
        assert "53.1 nm root mean square, fiducial registration error, over 8 points" in text
        assert "Light to electrons" in text
    assert (
        "No record describes how the images of these studies are brought together"
        in page(client, "/S-BSST707").text
    )
    assert "was also imaged in another study" in page(client, "/EXAMPLE-0200").text


def test_a_study_in_words(client):
    found = page(client, "/S-BSST707")
    for piece in (
        "CC BY 4.0",
        "credit the authors",
        "13 October 2021",
        "No licence is given.",
        "Asked for by REMBI",
    ):
        assert piece in found.text
    assert found.text.index("Daniel Krentzel") < found.text.index("Romain Laine")
    assert found.all("a", href="https://orcid.org/0000-0002-1825-0097")
    assert [a for a in found.all("a") if a["href"].startswith("/sparql?query=")]
    text = page(client, "/EMPIAR-10819").text
    assert "91.1 GB in 5 899 files" in text
    assert "not stated in the record" in text
    assert "kept as it is" in page(client, "/EXAMPLE-0102").text


def test_parts_that_are_elsewhere_lead_to_their_archive(client):
    found = page(client, "/EXAMPLE-0104")
    assert not found.all("a", href="/S-BIAD4711")
    assert found.all("a", href="https://www.ebi.ac.uk/biostudies/bioimages/studies/S-BIAD4711")
    assert found.all("a", href="https://www.ebi.ac.uk/emdb/EMD-1")
    assert "a suggestion, not a statement" in found.text
    assert "replaced by this study" in found.text


def test_things_have_pages(client):
    found = page(client, "/EXAMPLE-0101/image/stack")
    assert found.all("a", href="/EXAMPLE-0101/acquisition/confocal")
    assert found.all("a", href="/EXAMPLE-0101/specimen/cell%207")
    assert found.all("a", href="/EXAMPLE-0101")
    assert "What points to it" in found.text
    for spelling in ("cell%207", "cell 7", "%63ell%207"):
        assert page(client, f"/EXAMPLE-0101/specimen/{spelling}").all("h1")
    assert "A key that ends like a suffix" in page(client, "/EXAMPLE-0101/image/a.json").text
    assert client.get("/EXAMPLE-0101/image/a.json.ttl").headers["content-type"].startswith("text/turtle")
    assert client.get("/EXAMPLE-0101/image/none").status_code == 404
    assert client.get("/EXAMPLE-0101/image").status_code == 404


FORMS = [
    ("ttl", "text/turtle", "turtle"),
    ("nt", "application/n-triples", "nt"),
    ("jsonld", "application/ld+json", "json-ld"),
    ("rdf", "application/rdf+xml", "xml"),
]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", ["/EXAMPLE-0101", "/EMPIAR-10819", "/EXAMPLE-0101/image/stack"])
def test_forms_by_suffix_and_by_accept_hold_the_same_graph(client, path):
    reference = rdflib.Graph().parse(data=client.get(path + ".nt").content, format="nt")
    assert len(reference) > 5
    for suffix, media_type, parser in FORMS:
        by_suffix = client.get(f"{path}.{suffix}", headers=HTML)
        by_accept = client.get(path, headers={"Accept": media_type})
        assert by_suffix.content == by_accept.content
        assert by_suffix.headers["content-type"].split(";")[0] == media_type
        assert by_accept.headers["content-location"] == f"{PUBLIC}{path}.{suffix}"
        assert by_accept.headers["vary"] == "Accept, Accept-Profile"
        assert isomorphic(rdflib.Graph().parse(data=by_suffix.content, format=parser), reference), suffix
    quads = set(parse(client.get(path + ".nq").content, format=RdfFormat.N_QUADS))
    assert quads == set(parse(client.get(path + ".trig").content, format=RdfFormat.TRIG))
    assert json.loads(client.get(path + ".json").content)["@graph"][0]["id"] == f"{DATA}{path[1:]}"


def test_a_record_names_its_other_forms(client):
    link = client.get("/S-BSST707", headers=HTML).headers["link"]
    assert f'<{PUBLIC}/S-BSST707>; rel="canonical"' in link
    for suffix, media_type, _ in FORMS:
        assert f'<{PUBLIC}/S-BSST707.{suffix}>; rel="describedby alternate"; type="{media_type}"' in link
    assert (
        f'<{PUBLIC}/S-BSST707.html>; rel="alternate"; type="text/html"'
        in client.get("/S-BSST707.ttl").headers["link"]
    )


def test_what_is_not_offered_is_refused_with_the_offer(client):
    answer = client.get("/S-BSST707", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert "text/turtle" in answer.json()["offered"]
    assert client.get("/", headers={"Accept": "image/png"}).status_code == 406
    xml = client.get("/EXAMPLE-0103.rdf")
    assert (xml.status_code, xml.json()["code"]) == (406, "not-representable")


# --- other spellings, absent and withdrawn studies


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/empiar-10819", "/EMPIAR-10819"),
        ("/S-BSST-707", "/S-BSST707"),
        ("/s-bsst707.ttl", "/S-BSST707.ttl"),
        ("/S-BSST707.JSONLD", "/S-BSST707.jsonld"),
        ("/S-BSST707/", "/S-BSST707"),
        ("/%53-BSST707", "/S-BSST707"),
        ("/example-0101/image/stack", "/EXAMPLE-0101/image/stack"),
        ("/EXAMPLE-0101/image/stack/", "/EXAMPLE-0101/image/stack"),
        ("/example-0101/specimen/cell%207", "/EXAMPLE-0101/specimen/cell%207"),
        ("/example-0101//evil.example/x", "/EXAMPLE-0101/evil.example/x"),
    ],
)
def test_other_spellings_lead_to_the_canonical_one(client, path, location):
    answer = client.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (301, location)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/%2f%2fevil.example",
        "/..%2f..%2fetc%2fpasswd",
        "/%00",
        "/\\evil.example",
        "/EMPIAR-10819%2f..",
        "/a" * 3000,
        "/http://evil.example",
        "/javascript:alert(1)",
        "/example-0101/%0d%0aSet-Cookie:x",
        "/S-BSST707%0d%0aX: y",
        "/graph/provenance",
        "/static/../app.py",
        "/static/x",
    ],
)
def test_hostile_paths_lead_nowhere(pages_url, path):
    host = urlsplit(pages_url)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=10)
    connection._validate_path = lambda _: None  # the path goes out as it is written here
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status in {400, 404}
    assert answer.getheader("location") is None
    connection.close()


def test_an_absent_study_leads_to_its_archive_and_neighbours(client):
    found = page(client, "/EMPIAR-10820", 404)
    assert "EMPIAR-10820 is not in this catalogue" in found.text
    assert found.all("a", href="https://www.ebi.ac.uk/empiar/EMPIAR-10820/")
    assert found.all("a", href="/EMPIAR-10819")
    body = client.get("/S-BIAD4711").json()
    assert (body["status"], body["code"], body["named_by"]) == (404, "unknown-accession", ["EXAMPLE-0104"])
    assert body["archive"] == "BioImage Archive"


@pytest.mark.parametrize(("path", "status"), [("/EXAMPLE-0105.html", 410), ("/EMPIAR-99998.html", 404)])
def test_the_name_of_a_page_gives_a_page_whatever_is_there(client, path, status):
    answer = client.get(path, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_a_withdrawn_study_says_why(client):
    found = page(client, "/EXAMPLE-0105", 410)
    assert "made up twice" in found.text
    assert found.all("a", href="/EXAMPLE-0104")
    body = client.get("/EXAMPLE-0105.ttl").json()
    assert (body["status"], body["reason"], body["successor"]) == (410, "made up twice", "EXAMPLE-0104")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", body["date"])


# --- hostile records


@pytest.mark.parametrize(
    "path", ["/EXAMPLE-0103", "/studies?q=script", "/", "/EXAMPLE-0103/specimen/..%2F..%2Fevil%3Fx%23y"]
)
def test_a_hostile_record_is_inert(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.text.lower().count("<script") == len(Page(answer.text).all("script")) <= 1
    assert "<svg onload" not in answer.text
    assert "javascript:" not in "".join(a["href"] for a in Page(answer.text).all("a"))
    assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", answer.text)
    assert not [a for a in Page(answer.text).all("a") if a["href"].startswith(("data:", "javascript:"))]


def test_a_hostile_record_still_says_what_it_says(client):
    found = page(client, "/EXAMPLE-0103")
    assert "<script>alert('x')</script>" in found.text
    assert "javascript:alert(1)" not in {a["href"] for a in found.all("a")}
    turtle = client.get("/EXAMPLE-0103.ttl").text
    assert "\u202e" in turtle or "\\u202E" in turtle.upper()
    assert client.get("/studies?q=script&format=json").json()["items"][0]["title"].startswith("<script>")


def test_templates_clean_whatever_they_print(made_up):
    render = make_renderer(PUBLIC, DATA)
    text = render(
        "problem.html",
        {
            "problem": type(
                "P",
                (),
                {
                    "status": 404,
                    "title": "<b>",
                    "detail": "\u202ex\x00",
                    "fix": "",
                    "where": "",
                    "details": {},
                },
            )(),
            "path": "/",
        },
    )
    assert "<b>" not in text.replace("<bdi>", "")
    assert "&lt;b&gt;" in text
    assert "\u202e" not in text
    assert clean("a\u202eb\x07\ufeff") == "a\ufffdb\ufffd\ufffd"


@pytest.mark.parametrize(
    ("iri", "path"),
    [
        (f"{DATA}S-BSST707", "/S-BSST707"),
        (f"{DATA}EXAMPLE-0101/specimen/cell%207", "/EXAMPLE-0101/specimen/cell%207"),
        (f"{DATA}/evil.example/x", ""),
        (f"{DATA}graph/provenance", ""),
        (f"{DATA}sparql", ""),
        (DATA, ""),
        ("https://evil.example/S-BSST707", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_local_links_lead_to_studies_only(iri, path):
    assert local_link(iri, DATA) == path


def test_pages_below_a_path(made_up):
    with running(lambda _: pages_app(made_up.home, "https://w3id.example/rembigraph/")) as address:
        found = Page(httpx.get(address + "/S-BSST707", headers=HTML).text)
        assert found.all("link", rel="canonical", href="https://w3id.example/rembigraph/S-BSST707")
        assert found.all("a", href="/rembigraph/EMPIAR-10819")
        assert httpx.get(address + "/s-bsst707").headers["location"] == "/rembigraph/S-BSST707"


# --- static files and errors


def test_static_files_are_kept_by_clients(client):
    (style,) = page(client, "/").all("link", rel="stylesheet")
    answer = client.get(style["href"])
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in client.get("/static/rembigraph.css?v=0").headers["cache-control"]
    assert len(answer.content) <= 24_000  # 6.5 kB gzipped
    assert "@import" not in answer.text
    assert "url(" not in answer.text
    assert client.get("/static/icon.svg").headers["content-type"] == "image/svg+xml"
    assert client.get("/static/base.html").status_code == 404


def test_every_error_has_a_status():
    def every(kind):
        return [kind, *(each for below in kind.__subclasses__() for each in every(below))]

    for kind in every(errors.CatalogueError):
        assert 400 <= status_of(kind) < 600
    assert (status_of(errors.Busy), status_of(errors.TooManyQueries)) == (503, 429)
    assert set(STATUSES.values()) <= {400, 403, 404, 406, 410, 413, 422, 429, 500, 502, 503, 504}


def test_an_error_of_ours_tells_nothing_of_the_disk(tmp_path, made_up, caplog):
    home = Home.init(tmp_path / "catalogue", DATA)
    (home.path / "current").symlink_to("generations/000007")
    with running(lambda address: pages_app(home, address)) as address:
        answer = httpx.get(address + "/S-BSST707")
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text
        assert answer.json()["code"] == "store-damaged"


def test_image_sets_say_what_the_archive_says(client):
    text = page(client, "/EXAMPLE-0102").text
    for words in (
        "micrographs - single frame",
        "46 images or tilt series",
        "1 frame each",
        "x 1 024 · y 768 · BIT",
        "3.425 Å along x and y",
        "focused ion beam scanning electron microscopy",
        "6.7 GB",
    ):
        assert words in text, words
