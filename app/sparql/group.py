"""The structure of a query's groups, as far as SERVICE needs it: which elements stand next to each other.

Reads the tokens of a query that the engine has found to be SPARQL (grammar rules [53] GroupGraphPattern to [67]
GroupOrUnionGraphPattern); of what is in an element, only the variables and the groups are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from rembigraph.app.sparql.lexer import Token

Kind = Literal[
    "triples", "filter", "bind", "values", "optional", "minus", "graph", "service", "group", "other"
]

_KINDS: Final[dict[str, Kind]] = {
    "FILTER": "filter",
    "BIND": "bind",
    "VALUES": "values",
    "OPTIONAL": "optional",
    "MINUS": "minus",
    "GRAPH": "graph",
    "SERVICE": "service",
    "LATERAL": "other",
}
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


@dataclass(slots=True)
class Element:
    """One element of a group; `start` and `end` are token positions, the end exclusive.

    Attributes:
        groups: the groups in it: one, or the branches of a UNION. Those of FILTER EXISTS are not read.
    """

    kind: Kind
    start: int
    end: int
    groups: list[Group] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A group from `{` to `}`, or to the end of a sub-select in it.

    Attributes:
        is_select: whether it is a sub-select; its only element is then its WHERE group.
    """

    start: int
    end: int
    elements: list[Element] = field(default_factory=list)
    is_select: bool = False


class GroupReader:
    """Reads groups.

    Args:
        tokens: of the whole query.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens

    def where(self, form_index: int) -> Group:
        """Read the WHERE group of the query whose form keyword stands at a position."""
        position = form_index + 1
        if self.tokens[form_index].is_word("CONSTRUCT") and self.tokens[position].text == "{":
            position = self._after(position)
        return self.group(self._next_group(position))

    def group(self, start: int) -> Group:
        """Read the group whose `{` stands at a position."""
        end = self._after(start)
        found = Group(start, end)
        if self.tokens[start + 1].is_word("SELECT"):
            inner = self.group(self._next_group(start + 2))
            found.is_select = True
            found.elements.append(Element("group", inner.start, inner.end, [inner]))
            return found
        position = start + 1
        while position < end - 1:
            if self.tokens[position].text == ".":
                position += 1
                continue
            element = self._element(position)
            found.elements.append(element)
            position = max(element.end, position + 1)
        return found

    def variables(self, start: int, end: int) -> frozenset[str]:
        """Names of the variables between two positions, without their sign."""
        return frozenset(token.text[1:] for token in self.tokens[start:end] if token.kind == "variable")

    def projected(self, group: Group) -> frozenset[str]:
        """Names of the variables that a sub-select gives on as they are, without expression."""
        names, position = set(), group.start + 2
        while position < group.elements[0].start:
            token = self.tokens[position]
            position = self._after(position) if token.text == "(" else position + 1
            if token.kind == "variable":
                names.add(token.text[1:])
        return frozenset(names)

    def certain(self, group: Group) -> frozenset[str]:
        """Variables that are bound in each solution of a group by its patterns themselves."""
        if group.is_select:
            return frozenset()
        found: set[str] = set()
        for element in group.elements:
            found |= self._certain_in(element)
        targets = {name for each in group.elements if each.kind == "bind" for name in self._target(each)}
        return frozenset(found - targets)

    def _certain_in(self, element: Element) -> frozenset[str]:
        if element.kind == "triples":
            return self.variables(element.start, element.end)
        if element.kind == "graph":
            (inner,) = element.groups
            return self.variables(element.start, inner.start) | self.certain(inner)
        if element.kind == "group":
            return frozenset.intersection(*(self.certain(branch) for branch in element.groups))
        return frozenset()

    def _target(self, bind: Element) -> frozenset[str]:
        return self.variables(bind.end - 2, bind.end)

    def _element(self, start: int) -> Element:
        token = self.tokens[start]
        if token.text == "{":
            return self._union(start)
        kind = _KINDS.get(token.text.upper()) if token.kind == "word" else None
        if kind in ("optional", "minus", "graph", "service", "other"):
            inner = self.group(self._next_group(start + 1))
            return Element(kind, start, inner.end, [inner])
        if kind == "bind":
            return Element(kind, start, self._after(start + 1))
        if kind == "values":
            return Element(kind, start, self._after(self._next_group(start + 1)))
        if kind == "filter":
            return Element(kind, start, self._after_filter(start + 1))
        return Element("triples", start, self._after_triples(start))

    def _union(self, start: int) -> Element:
        groups = [self.group(start)]
        while self.tokens[groups[-1].end].is_word("UNION"):
            groups.append(self.group(groups[-1].end + 1))
        return Element("group", start, groups[-1].end, groups)

    def _after_filter(self, position: int) -> int:
        """A filter's constraint ends with its first bracket that is closed."""
        while self.tokens[position].text not in ("(", "{") and position < len(self.tokens) - 1:
            position += 1
        return self._after(position)

    def _after_triples(self, position: int) -> int:
        while True:
            token = self.tokens[position]
            if token.text in ("{", "}", ".") or token.kind == "end":
                return position
            if token.kind == "word" and token.text.upper() in _KINDS:
                return position
            position = self._after(position) if token.text in _OPENING else position + 1

    def _next_group(self, position: int) -> int:
        """Position of the next `{` outside of round brackets."""
        while self.tokens[position].text != "{" and position < len(self.tokens) - 1:
            position = self._after(position) if self.tokens[position].text == "(" else position + 1
        return position

    def _after(self, position: int) -> int:
        """Position after the bracket that closes the one at a position."""
        depth = 0
        while position < len(self.tokens):
            token = self.tokens[position]
            if token.kind == "sign":
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
            position += 1
            if depth <= 0:
                break
        return position


def walk(group: Group, path: tuple[tuple[Group, int], ...] = ()) -> Iterator[tuple[tuple[Group, int], ...]]:
    """Find the SERVICE elements that stand where they can be asked apart from the rest.

    Yields:
        For each, the groups from the nearest SELECT down to it, each with the number of the element that leads on.
        Those in FILTER EXISTS, GRAPH and other SERVICE clauses are not found.
    """
    for number, element in enumerate(group.elements):
        here = (*path, (group, number))
        if element.kind == "service":
            yield here
        elif element.kind in ("optional", "minus", "group"):
            for inner in element.groups:
                yield from walk(inner, () if group.is_select or inner.is_select else here)
