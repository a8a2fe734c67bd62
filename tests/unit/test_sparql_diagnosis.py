"""Syntax errors that only the engine finds, in words and at the right place."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from rembigraph.app.sparql.diagnosis import diagnose
from rembigraph.app.sparql.gate import admit
from rembigraph.app.sparql.limits import QueryLimits

CASES = [
    ("SELECT * { ?s ?p ?o . FILTER(?o > ) }", (1, 35), "“)” does not fit", "operators"),
    ("SELECT ?x (1 AS ?x) {}", (1, 23), "same variable twice", ""),
    ("SELECT * {\n <rel> ?p ?o }", (2, 2), "relative", "BASE"),
    ("ASK { BIND(1 AS ?x) BIND(2 AS ?x) }", (1, 35), "“}”", "BIND"),
    ("SELECT * {{ _:a ?p ?o } { _:a ?p ?o }}", (1, 27), "_:a", "variable"),
    ("SELECT * { VALUES (?a ?b) { (1) } }", (1, 33), "“}”", "VALUES"),
    ("SELECT ?y (COUNT(?x) AS ?n) { ?x ?y ?z }", None, "GROUP BY", "SAMPLE"),
    ("SELECT * { ?x ?y ?z } GROUP BY ?y", None, "GROUP BY", "Name"),
    ("SELECT ?x WHERE\n ?x ?y ?z", (2, 2), "{ is missing", "braces"),
    ("SELECT ?x WHERE { ?x ?y }", (1, 25), "“}”", "not complete"),
    ("SELECT ?x WHERE { ?x ?y ?z } ORDER ?x", (1, 36), "BY", "ORDER BY"),
    ("SELECT ?x WHERE { ?x ?y ?z } LIMIT", (1, 35), "whole number", "LIMIT 100"),
    ("SELECT ?x WHERE { ?x ?y ?z } LIMIT -1", (1, 36), "whole number", "LIMIT 100"),
    ("SELECT ?x WHERE { ?x ?y ?z FILTER(?z == 1) }", (1, 39), "single =", "Leave one"),
    ("SELECT ?x WHERE { ?x ?y ?z FILTER(?z IN 1, 2) }", (1, 41), "list in brackets", "IN (1, 2)"),
    ("SELECT ?x WHERE { GRAPH { ?x ?y ?z } }", (1, 25), "which graph", "GRAPH ?graph"),
    ("SELECT ?x FROM WHERE { ?x ?y ?z }", (1, 16), "IRI of a graph", "FROM <"),
    ("SELECT ?x WHERE { ?x ?y ?z BIND(?z + 1) }", (1, 39), "“)”", "AS ?name"),
    ("SELECT ?x { ?x ?y ?z } GROUP BY ?x HAVING COUNT(?z) > 1", (1, 53), "“>”", "HAVING(COUNT(?x) > 1)"),
    ("SELECT ?x WHERE { { ?x ?y ?z } UNION ?x ?a ?b }", (1, 38), "{ is missing", "braces"),
    ("SELECT ?x WHERE { ?x ?y ?z FILTER EXISTS ?x ?a ?b }", (1, 42), "{ is missing", "braces"),
    ("DESCRIBE", (1, 9), "ends too early", "missing"),
    ("SELECT COUNT(?x) WHERE { ?x ?y ?z }", (1, 8), "COUNT", "(COUNT(?x) AS ?n)"),
    ("SELECT (COUNT(?x)) WHERE { ?x ?y ?z }", (1, 18), "no name", "AS"),
    ("SELECT ?x, ?y WHERE { ?x ?y ?z }", (1, 10), "commas", ""),
    ("SELECT ?x WHERE { ?x ?y ?z FILTER ?x = 1 }", (1, 35), "brackets", "FILTER(…)"),
    ("SELECT ?x WHERE { OPTIONAL ?x ?y ?z }", (1, 28), "{ is missing", ""),
    ("SELECT * { ?s ?p ?o ?x ?y }", (1, 21), "“?x”", "dot"),
    ('ASK { ?s ?p "\\uD800" }', (1, 13), "escape", ""),
    ("PREFIX a: <urn:a> ASK { ?s ?p a:b.c.d }", (1, 31), "two dots", "in full"),
    ("ASK { ?s ?p <http://[> }", (1, 13), "no valid IRI", ""),
    ("SELECT * {} FROM <urn:a>", (1, 13), "“FROM”", ""),
    ("ASK { ?s ?p '''a\nb''' .\n ?s ?p }", (3, 8), "“}”", "not complete"),
    ("SELECT ?s { ?s a <urn:x> } LIMIT 1 LIMIT 1", (1, 36), "“LIMIT”", ""),
]


@pytest.mark.parametrize(("text", "place", "words", "fix"), CASES)
def test_diagnosis(text: str, place: tuple[int, int] | None, words: str, fix: str) -> None:
    store = ox.Store()
    admit(text, QueryLimits())
    with pytest.raises(SyntaxError) as caught:
        store.query(text)
    error = diagnose(text, str(caught.value), store.query)
    if place:
        assert (error.line, error.column) == place
    assert words in error.message
    assert fix in error.fix
    assert "expected" not in str(error)
