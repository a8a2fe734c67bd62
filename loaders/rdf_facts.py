"""The statements of one study from foreign RDF, and what became of each: a statement is a leaf of the leaf account."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from rembigraph.loaders.leaves import RULES
from rembigraph.loaders.rdf_terms import (
    RDF,
    RDF_FIRST,
    RDF_NIL,
    RDF_REST,
    RDF_TYPE,
    Statement,
    Term,
    Text,
    is_blank,
    short,
    written,
)
from rembigraph.loaders.reading import Leaves
from rembigraph.loaders.values import without_email
from rembigraph.ontology.generated.models import KeptValue

_MAPPED = "mapped"
_RDF_LIST = RDF + "List"
_CELL = frozenset({RDF_FIRST, RDF_REST, RDF_TYPE})
_LIST_BUDGET = 8  # a list may be the object of many facts: so often it is followed, on average
_PRIVATE = (
    (re.compile(r"(?:has)?e-?mail(?:address)?|mbox(?:_sha1sum)?", re.IGNORECASE), "private-email"),
    (re.compile(r"(?:has)?(?:telephone|phone|tel|fax)(?:number)?", re.IGNORECASE), "private-contact"),
)


class Facts:
    """Accounts for the statements that one study is read from.

    Args:
        statements: in document order; their graphs don't matter here, and what is said twice is one fact.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        unique = dict.fromkeys(statement._replace(graph="") for statement in statements)
        self.statements: tuple[Statement, ...] = tuple(unique)
        self._states = [_private_rule(statement.predicate) for statement in self.statements]
        self._list_items_left = _LIST_BUDGET * len(self.statements)
        self._about: dict[str, list[int]] = {}
        for number, statement in enumerate(self.statements):
            self._about.setdefault(statement.subject, []).append(number)

    def about(self, node: str) -> Iterator[tuple[int, Statement]]:
        """Yield what is said of a node, with the number of each fact; private facts are not said."""
        for number in self._about.get(node, ()):
            if not self._states[number].startswith("private-"):
                yield number, self.statements[number]

    def subjects(self) -> Iterable[str]:
        """Return every node that something is said of, in document order."""
        return self._about

    def typed(self, *classes: str) -> list[str]:
        """Return the nodes of these classes, in document order."""
        return [
            subject
            for subject in self._about
            if any(said.predicate == RDF_TYPE and said.object in classes for _, said in self.about(subject))
        ]

    # --- RDF lists

    def items(self, number: int) -> tuple[list[tuple[int, Term]], list[int]]:
        """Return the terms that a fact gives, each with the number of its fact, and the facts that only link them.

        An RDF list gives its items in order; any other object gives itself.
        """
        term = self.statements[number].object
        if isinstance(term, Text) or (term != RDF_NIL and not self._is_cell(term)):
            return [(number, term)], []
        found: list[tuple[int, Term]] = []
        links = [number]
        seen: set[str] = set()
        while isinstance(term, str) and term != RDF_NIL:
            if term in seen or self._list_items_left < 0 or not self._is_cell(term):
                return [(number, self.statements[number].object)], []
            seen.add(term)
            self._list_items_left -= 1
            following: Term = RDF_NIL
            for fact, said in self.about(term):
                if said.predicate == RDF_FIRST:
                    found.append((fact, said.object))
                else:
                    links.append(fact)
                following = said.object if said.predicate == RDF_REST else following
            term = following
        return found, links

    def _is_cell(self, node: str) -> bool:
        """Whether a node is a cell of a list and nothing else."""
        if not is_blank(node) or not 2 <= len(self._about.get(node, ())) <= len(_CELL):
            return False
        said = Counter(statement.predicate for _, statement in self.about(node))
        plain = all(fact.object == _RDF_LIST for _, fact in self.about(node) if fact.predicate == RDF_TYPE)
        return plain and said[RDF_FIRST] == said[RDF_REST] == 1 and not said.keys() - _CELL

    # --- the account

    def mapped(self, number: int) -> None:
        """Record that a fact is in a typed slot."""
        self._states[number] = _MAPPED

    def ignored(self, number: int, rule: str) -> None:
        """Record that a fact is left out under a rule of `RULES`, unless it is mapped."""
        if rule not in RULES:
            raise KeyError(rule)
        self._states[number] = self._states[number] or rule

    def leaves(self) -> Leaves:
        """Return the sums."""
        mapped, kept = self._states.count(_MAPPED), self._states.count("")
        return Leaves(mapped=mapped, kept=kept, ignored=len(self._states) - mapped - kept)

    def states(self) -> Iterator[tuple[Statement, str]]:
        """Yield every fact with `mapped`, `kept`, or the name of the rule that it is ignored under."""
        for statement, state in zip(self.statements, self._states, strict=True):
            yield statement, state or "kept"

    def kept(self, accession: str) -> list[KeptValue]:
        """Return every fact without a slot: subject and predicate as the pointer, the object in N-Triples.

        Each has a name made of what it says, so that it never meets the kept values that a record brings along.
        """
        found = []
        for statement, state in self.states():
            if state == "kept":
                pointer = without_email(f"{written(statement.subject)} {written(statement.predicate)}")
                raw_text = without_email(written(statement.object))
                name = sha256(f"{pointer} {raw_text}".encode()).hexdigest()[:16]
                found.append(KeptValue(id=f"{accession}/kept/rdf-{name}", pointer=pointer, raw_text=raw_text))
        return found

    def unmapped(self) -> dict[str, int]:
        """Return how many kept facts each predicate has."""
        return dict(
            Counter(short(statement.predicate) for statement, state in self.states() if state == "kept")
        )


def reached(facts: Facts, root: str, others: Iterable[str]) -> set[str]:
    """Return every node that a study leads to, not through another study."""
    barred = {*others} - {root}
    found, waiting = {root}, [root]
    while waiting:
        for _, said in facts.about(waiting.pop()):
            if isinstance(said.object, str) and said.object not in found and said.object not in barred:
                found.add(said.object)
                waiting.append(said.object)
    return found


def _private_rule(predicate: str) -> str:
    name = re.split(r"[/#:]", predicate)[-1]
    return next((rule for pattern, rule in _PRIVATE if pattern.fullmatch(name)), "")
