"""A graph that remembers says what one says that does not, also after changes."""

from __future__ import annotations

import random

from rdflib import Graph, URIRef
from rembigraph.shapes.remembering import RememberingGraph

TERMS = [URIRef(f"https://example.org/{number}") for number in range(4)]


def test_it_says_what_another_graph_says_whatever_is_added_and_removed() -> None:
    dice, plain, remembering = random.Random(3), Graph(), RememberingGraph()
    for _ in range(400):
        triple = tuple(dice.choice(TERMS) for _ in range(3))
        pattern = tuple(dice.choice([term, None]) for term in triple)
        change = dice.choice(["add", "addN", "set", "remove", "remove pattern"])
        for graph in (plain, remembering):
            if change == "remove pattern":
                graph.remove(pattern)
            elif change == "addN":
                graph.addN([(*triple, graph)])
            else:
                getattr(graph, change)(triple)
        assert set(plain) == set(remembering)
        assert set(plain.triples(pattern)) == set(remembering.triples(pattern))
        assert (triple in plain) == (triple in remembering)
        assert set(plain.objects(*triple[:2])) == set(remembering.objects(*triple[:2]))


def test_what_is_there_already_is_no_change() -> None:
    graph = RememberingGraph()
    graph.add((TERMS[0], TERMS[1], TERMS[2]))
    assert list(graph.objects(TERMS[0], TERMS[1])) == [TERMS[2]]
    known = dict(graph._known)
    graph.add((TERMS[0], TERMS[1], TERMS[2]))
    assert graph._known.items() >= known.items()
