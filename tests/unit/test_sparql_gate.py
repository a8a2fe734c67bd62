"""The gate: what passes, what is refused, and that no SERVICE clause gets through in any disguise."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from rembigraph.app.sparql.gate import admit
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.ontology.errors import QueryError, QueryRefused, QuerySyntaxError

LIMITS = QueryLimits()
SHARED = Path(os.environ.get("REMBIGRAPH_SHARED") or Path(__file__).resolve().parents[3] / "shared")
HOSTILE = SHARED / "hostile" / "queries.json"
PREFIXES = "PREFIX : <http://127.0.0.1:1/> PREFIX a: <urn:a> "


def hostile_queries() -> list[dict[str, str]]:
    return json.loads(HOSTILE.read_text()) if HOSTILE.exists() else []


@pytest.mark.skipif(not HOSTILE.exists(), reason="the hostile corpus is not here (REMBIGRAPH_SHARED)")
@pytest.mark.parametrize("case", hostile_queries(), ids=lambda case: case["id"])
def test_hostile_corpus(case: dict[str, str]) -> None:
    text = (HOSTILE.parent / case["file"]).read_text()
    refusal = None
    try:
        admit(text, LIMITS)
    except QueryError as error:
        refusal = error
    if case["expect"] == "policy":
        assert isinstance(refusal, QueryRefused)
        assert refusal.rule == "service"
        assert "SERVICE" in refusal.message
    elif case["expect"] == "reject" and case["id"] != "x04_surrogate_escape":  # the engine refuses that one
        assert refusal is not None
    else:
        assert refusal is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", "select"),
        ("# ASK\nPREFIX a: <urn:a#>\nBASE <urn:b>\nprefix : <urn:c>\nask {}", "ask"),
        ('VERSION "1.2" CONSTRUCT WHERE { ?s ?p ?o }', "construct"),
        ("DESCRIBE<urn:x>", "describe"),
        ("Select(1 AS ?x){}", "select"),
    ],
)
def test_form_is_found(text: str, form: str) -> None:
    assert admit(text, LIMITS).form == form


def test_dataset_clauses_are_found_and_nothing_else() -> None:
    text = (
        PREFIXES
        + "SELECT * FROM <urn:x#y> FROM a:b from named :c { ?from ?p 'FROM <urn:no>' } # FROM <urn:no>"
    )
    query = admit(text, LIMITS)
    assert query.default_graphs == ("<urn:x#y>", "a:b")
    assert query.named_graphs == (":c",)
    assert query.names_dataset
    assert query.prologue == PREFIXES
    assert query.prefixes == {"": "http://127.0.0.1:1/", "a": "urn:a"}
    assert not admit("ASK { ?s ?p 'FROM' }", LIMITS).names_dataset


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s <http://example.org/SERVICE> ?o }",
        "SELECT * { ?s <http://example.org/a#SERVICE> ?o } # SERVICE <http://x/> {",
        "SELECT * { ?s ?p 'SERVICE <http://x/> {}' }",
        'SELECT * { ?s ?p """\nSERVICE <http://x/> {}\n""" }',
        "SELECT ?service $SERVICE { ?service ?p $SERVICE }",
        "PREFIX service: <urn:s#> PREFIX : <urn:t#> SELECT * { ?s service:service :SERVICE . GRAPH service:g { } }",
        "PREFIX service: <urn:s#> SELECT * FROM service:g { ?s a service:Service }",
        "PREFIX e: <urn:s#> SELECT * { ?s e:x.service 'x'@service ; a e:service }",
        "BASE <http://x/> SELECT * { ?s <#SERVICE> ?o . ?o <#service> <'SERVICE'> }",
        "PREFIX edam: <http://edamontology.org/> SELECT * { ?s edam:web_service _:service.x }",
    ],
)
def test_the_word_service_elsewhere_passes(text: str) -> None:
    ox.Store().query(text)  # the engine reads it
    admit(text, LIMITS)


@pytest.mark.parametrize(
    "body",
    [
        "SERVICE <http://x/> {}",
        "service silent ?e {}",
        "SERVICE:x {}",  # the engine reads the keyword and the name :x
        "?s ?p 1SERVICE:x {}",
        "?s ?p trueSERVICE:x {}",
        "SERVICESILENT:x {}",
        "?s ?p a:b.c.SERVICE:x {}",  # it ends a name before its second dot
        "?s ?p a:b.c.SERVICE<http://x/>{}",
        'FILTER(?a<?b)#>"""\nSERVICE:x {} #"""\n',  # it reads a comparison and a comment
        "FILTER(?a<'>''')SERVICE:x{}#'''\n",
        "\\u0053ERVICE <http://x/> {}",
        "SERVICE#\n<http://x/>{}",
    ],
)
def test_disguised_service_is_refused_by_name(body: str) -> None:
    with pytest.raises(QueryRefused, match="SERVICE") as caught:
        admit(f"{PREFIXES}SELECT * {{ ?a ?b ?c . {body} }}", LIMITS)
    assert caught.value.rule == "service"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", "update"),
        ("PREFIX a: <urn:a> WITH a:g DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "update"),
        ("LOAD <http://x/>", "update"),
        ("SELECT * {} ; DROP ALL", "update"),
        ("SELECT * { ?s ?p \\u003f }", "escape"),
        ("SELECT * {" + "{" * 128 + "}" * 129, "depth"),
        ("ASK { FILTER(" + "!" * 129 + "true) }", "unary"),
        ("ASK { FILTER(" + "- + " * 65 + "1) }", "unary"),
        ("ASK { VALUES ?x { " + "1 " * 20_000 + "} }", "tokens"),
        ("ASK {}" + " " * 65_536, "bytes"),
        ("ASK { ?s ?p '" + "é" * 33_000 + "' }", "bytes"),
    ],
)
def test_rules(text: str, rule: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        admit(text, LIMITS)
    assert caught.value.rule == rule


def test_limits_are_exact() -> None:
    admit("SELECT * {" + "{" * 127 + "}" * 128, LIMITS)
    admit("ASK { FILTER(" + "!" * 128 + "true) }", LIMITS)
    admit("ASK {}" + " " * (65_536 - 6), LIMITS)


@pytest.mark.parametrize(
    ("text", "place", "words", "fix"),
    [
        ("", (1, 1), "empty", "SELECT"),
        ("PREFIX a: <urn:a>\n", (2, 1), "ends after", "SELECT"),
        ("SELECT *\nWHER { ?s ?p ?o }", (2, 1), "WHER", "WHERE"),
        ("SELEC * {}", (1, 1), "SELEC", "SELECT"),
        ("SELECT * { ?s foaf:name ?o }", (1, 15), "foaf:", "PREFIX foaf: <http://xmlns.com/foaf/0.1/>"),
        ("PREFIX dct: <urn:x> ASK { ?s dcts:x dcat2:y }", (1, 30), "dcts:", "dct:"),
        ("SELECT * {\n  ?s ?p ?o", (1, 10), "never closed", "}"),
        ("SELECT * { ?s ?p ?o }\r\n}", (2, 1), "closes nothing", ""),
        ("SELECT * { FILTER(?x }", (1, 22), "line 1, column 18", ")"),
        ("ASK { ?s ?p 'x\n' }", (1, 13), "string", "quotes"),
        ("ASK { ?s ?p é }", (1, 13), "é", ""),
        ("ASK { ?s <http://x/a b> ?o }", (1, 10), "no IRI", "%"),
        ("PREFIX a <urn:a> ASK {}", (1, 8), "not complete", "PREFIX dcterms:"),
        ("ASK { ?s ?p '\ud800' }", (1, 14), "surrogate", ""),
        ("ASK { ?s ?p “x” }", (1, 13), "'“'", "straight quotes"),
        ("ASK { ?s ?p ?o FILTER(?o = 1 & ?p = 2) }", (1, 30), "'&'", "&&"),
        ("ASK { ?s ?p ?o FILTER(?o ≤ 1) }", (1, 26), "'≤'", "<="),
    ],
)
def test_words_are_checked_with_exact_places(text: str, place: tuple[int, int], words: str, fix: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        admit(text, LIMITS)
    error = caught.value
    assert (error.line, error.column) == place
    assert words in error.message
    assert fix in error.fix


@pytest.mark.nightly
def test_reading_is_linear() -> None:
    """Texts that make a careless pattern quadratic: 60,000 characters are read at once."""
    wide = QueryLimits(max_query_bytes=10**6, max_tokens=10**6)
    for unit in ("a.", "a-", "<a", '"""', "a:b..", "<#", "<'#service>", "service:", "_:a.service."):
        with pytest.raises(QueryError):
            admit("ASK { " + unit * (60_000 // len(unit)), wide)


# A fuzz against the engine: texts it accepts, in which the word SERVICE is a keyword to it. It is one when
# another word in its place makes the text unreadable.


TERMS = r"""
?x ?SERVICE $service a:b a:b.c a:b.c.d a:SERVICE :x SERVICE:x a:b.c.SERVICE a:b.c.SERVICE:x trueSERVICE:x
<urn:a> <urn:#x> <urn:'x> <#SERVICE> <SERVICE:x> 1 1. .5 true 'x' "x" '' "x"@en "x"^^a:b '#' "'" [] _:a
_:a.b.SERVICE '''x''' '''#''' '''"''' '"'
"""


class Soup:
    """Random queries of the shapes that tell a lexer from the engine's character grammar."""

    terms = TERMS.split()
    gaps = ("", " ", "", "\n", "#c\n", ' #"""\n', "#'''\n", "#>\n", "# SERVICE :x {\n")
    tails = ("", "", "\n", '#>"""\n', "#'''\n")

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, choices: tuple[str, ...] | list[str]) -> str:
        return self.random.choice(choices)

    def expression(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.4:
            return self.pick(self.terms)
        operator = self.pick(["<", "<", ">", "&&", "||", "+", "!="])
        return self.expression(depth + 1) + self.pick(self.gaps) + operator + self.expression(depth + 1)

    def service(self) -> str:
        gap = self.pick(self.gaps)
        target = self.pick(["<urn:a>", ":x", "a:b", "?x", "<urn:#x>"])
        return self.pick(["SERVICE", "sErViCe"]) + gap + self.pick(["", "SILENT"]) + gap + target + gap + "{}"

    def pattern(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 4)):
            triple = self.pick(self.gaps).join([self.pick(self.terms), "a", self.pick(self.terms)])
            parts.append(
                self.pick(
                    [triple + ".", triple, f"FILTER({self.expression()})", self.service(), self.service()]
                )
                + self.pick(self.tails)
            )
        return self.pick(self.gaps).join(parts)

    def query(self) -> str:
        declared = self.pick(["", "PREFIX SERVICE: <urn:s> PREFIX trueSERVICE: <urn:t> "])
        return f"{PREFIXES}{declared}ASK {{ {self.pattern()} }}"


def is_readable(text: str) -> bool:
    try:
        ox.Store().query(text)
    except SyntaxError:
        return False
    except (
        OSError,
        RuntimeError,
    ):  # it would have asked port 1 of this machine, which its HTTP client never does
        return True
    return True


@pytest.mark.nightly
def test_no_service_clause_passes() -> None:
    soup = Soup(20_250_101)
    keywords = 0
    for _ in range(20_000):
        text = soup.query()
        other = re.sub("service", lambda match: "XZ" + match[0][2:], text, flags=re.IGNORECASE)
        if not is_readable(text) or is_readable(other):
            continue
        keywords += 1
        with pytest.raises(QueryError):
            admit(text, LIMITS)
    assert keywords > 2_000
