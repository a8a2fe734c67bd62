"""What every part of the RO-Crate mapping needs: accounting for values, identities, terms and taxa."""

from __future__ import annotations

import re
from collections.abc import Callable

from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.ro_crate_graph import CrateGraph, Node, Value
from rembigraph.loaders.values import (
    E_MAIL_REMOVED,
    has_email,
    is_placeholder,
    partial_date,
    prose,
    taxon_iri,
    term_iri,
    web_address,
    without_email,
)
from rembigraph.ontology.generated.models import OntologyTerm, Resolution, ResolutionMethod, Taxon

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_TERM_CODES = ("identifier", "termCode")
_SHORTEST_CODE = 5  # a shorter text at the end of an IRI may stand there by chance


def is_relative(name: str) -> bool:
    """Whether an id is a name inside the document, not an IRI or something meant as one."""
    return not _SCHEME.match(name)


class Crate:
    """A crate while it is mapped: its graph, its leaf account and what was resolved.

    Reading a value through this class says that it goes into a slot: it is then accounted for as mapped.
    """

    def __init__(self, graph: CrateGraph, account: LeafAccount) -> None:
        self.graph = graph
        self.account = account
        self.resolutions: dict[tuple[str, str], Resolution] = {}
        self._taxa: dict[str, Taxon] = {}
        self._terms: dict[str, OntologyTerm] = {}
        self._read: set[str] = set()

    # --- values

    def values(self, node: Node, name: str) -> list[Value]:
        """Return the values of a property; where it is empty, the empty slot says the same."""
        for pointer in node.empty.get(name, ()):
            self.account.mapped(pointer)
        values = node.properties.get(name, [])
        for value in values:
            if value.raw == "" and value.pointer:
                self.account.mapped(value.pointer)
        return values

    def follow(self, value: Value) -> None:
        """Account for a value whose target or text is in a slot."""
        if value.pointer:
            self._account_id(str(value.raw), value.pointer)

    def _account_id(self, name: str, pointer: str) -> None:
        if has_email(name):
            self.account.ignored(pointer, "private-email")
        else:
            self.account.mapped(pointer)

    def claim(self, node: Node, *types: str) -> None:
        """Account for a node that became a record: its id names it, its class stands for these types."""
        for pointer in node.id_pointers:
            self._account_id(node.id, pointer)
        self.claim_types(node, *types)

    def claim_types(self, node: Node, *types: str) -> None:
        """Account for types that the class of a record stands for."""
        for name in types:
            for pointer in node.types.get(name, ()):
                self.account.mapped(pointer)

    def dissolve(self, node: Node, *references: Value) -> None:
        """Account for a node that went whole into one slot: name and type say nothing more."""
        for pointer in (*node.id_pointers, *(value.pointer for value in references if value.pointer)):
            self.account.ignored(pointer, "structural-id")
        for pointers in node.types.values():
            for pointer in pointers:
                self.account.ignored(pointer, "structural-type")

    def peek(self, node: Node | None, name: str, *, names_a_person: bool = False) -> str | None:
        """Return the first usable text of a property, not taken. `Na` is a name, but no description."""
        for value in node.properties.get(name, ()) if node else ():
            text = prose(value.text or "")
            if text and text != E_MAIL_REMOVED and (names_a_person or not is_placeholder(text)):
                return text
        return None

    def take(self, node: Node | None, name: str, text: str | None) -> None:
        """Account for every value of a property that says what is in the slot."""
        for value in self.values(node, name) if node and text is not None else ():
            if value.text is not None and prose(value.text) == text:
                self.account.mapped(value.pointer)

    def text(self, node: Node, name: str, *, names_a_person: bool = False) -> str | None:
        """Return the first usable text of a property: one that is not blank and no placeholder."""
        self.values(node, name)
        text = self.peek(node, name, names_a_person=names_a_person)
        self.take(node, name, text)
        return text

    def texts(self, node: Node, name: str) -> list[str]:
        """Return every usable text of a property."""
        return [text for value in self.values(node, name) if (text := self.one_text(value))]

    def one_text(self, value: Value) -> str | None:
        """Return the text of one value if it is worth keeping, taking it."""
        text = prose(value.text or "")
        if not text or text == E_MAIL_REMOVED or is_placeholder(text):
            return None
        self.account.mapped(value.pointer)
        return text

    def date(self, node: Node, name: str) -> str | None:
        """Return the first value of a property that is a date."""
        for value in self.values(node, name):
            found = partial_date(value.text or "")
            if found:
                self.account.mapped(value.pointer)
                return found
        return None

    def addresses(self, node: Node, name: str) -> list[str]:
        """Return the web addresses among the values of a property, written as text or as references."""
        found: list[str] = []
        for value in self.values(node, name):
            address = web_address(value.raw) if isinstance(value.raw, str) else None
            if address:
                self.follow(value)
                found.append(address)
        return found

    # --- identity

    def identity(
        self, node: Node, of_field: str, label: str | None, iri_of: Callable[[str], str | None]
    ) -> tuple[str | None, str | None]:
        """Return IRI and key of a node: at most one of them.

        A name inside the document becomes the key. What looks like an IRI and is none stays visible as an
        unresolved value, and the thing gets an IRI of its own.

        Args:
            node: the node.
            of_field: field that it goes into.
            label: its name for people.
            iri_of: gives the IRI of an id in its one spelling, or None.
        """
        if node.anonymous or has_email(node.id):
            return None, None
        iri = iri_of(self.graph.names.expanded(node.id))
        if iri is None and is_relative(node.id):
            key = node.id.removeprefix("_:").lstrip("#").strip()
            return None, key or None
        if iri is None:
            self.resolve(of_field, node.id, label, None, node.id_pointers[0])
        return iri, None

    def resolve(self, of_field: str, raw: str, label: str | None, iri: str | None, pointer: str) -> None:
        """Record how an identifier was read, unless it stands in the record as it was written."""
        if raw == iri or (of_field, raw) in self.resolutions:
            return
        method = ResolutionMethod.by_identifier if iri else ResolutionMethod.unresolved
        self.resolutions[of_field, raw] = Resolution(
            of_field=of_field,
            raw_text=label,
            raw_identifier=without_email(raw),
            resolved_to=iri,
            resolution_method=method,
            pointer=pointer,
        )

    # --- terms and taxa

    def term(self, value: Value, of_field: str) -> OntologyTerm | None:
        """Return the term that a value names by reference or identifier; None if it names none.

        A reference to a node without a usable identifier gives a term with a label only.
        """
        node = self.graph.target(value)
        raw = value.raw if value.node else value.text or ""
        iri = self._iri(raw, node, term_iri)
        label = self.peek(node, "name")
        if iri is None and (label is None or has_email(raw)):
            return None
        term = self._terms.setdefault(iri or raw, OntologyTerm(id=iri, label=label))
        term.label = term.label or label
        self._finish(value, node, of_field, (iri, term.label))
        if node and self._first_time(node):
            self.claim(node, "DefinedTerm")
            self.take(node, "name", term.label)
            self._take_codes(node, iri, term_iri)
        return term

    def names_term(self, value: Value) -> bool:
        """Whether a value is the identifier of a term in itself."""
        return self._iri(value.node or value.text or "", None, term_iri) is not None

    def taxon(self, value: Value, of_field: str = "organism") -> Taxon | None:
        """Return the taxon that a value names by reference or identifier; None if it names none."""
        node = self.graph.target(value)
        raw = value.raw if value.node else value.text or ""
        iri = self._iri(raw, node, taxon_iri)
        name = self.peek(node, "scientificName") or self.peek(node, "name")
        if iri is None and (name is None or has_email(raw)):
            return None
        taxon = self._taxa.setdefault(iri or raw, Taxon(id=iri, scientific_name=name))
        taxon.scientific_name = taxon.scientific_name or name
        self._finish(value, node, of_field, (iri, taxon.scientific_name))
        if node and self._first_time(node):
            self._fill_taxon(taxon, node)
        return taxon

    def _first_time(self, node: Node) -> bool:
        """Whether the node has not been read as a term or taxon before."""
        first = node.id not in self._read
        self._read.add(node.id)
        return first

    def _fill_taxon(self, taxon: Taxon, node: Node) -> None:
        self.claim(node, "Taxon")
        for name in ("scientificName", "name"):
            self.take(node, name, taxon.scientific_name)
        common = [*(taxon.common_name or []), *self.texts(node, "vernacularName")]
        taxon.common_name = list(dict.fromkeys(common))
        self._take_codes(node, taxon.id, lambda text: taxon_iri(text, bare=True))

    def _iri(self, raw: str, node: Node | None, iri_of: Callable[[str], str | None]) -> str | None:
        """The IRI that a raw identifier means; where it means none, the first code of the node that does."""
        iri = iri_of(raw) or iri_of(self.graph.names.expanded(raw))
        if iri:
            return iri
        codes = (
            value.text or ""
            for name in _TERM_CODES
            for value in (node.properties.get(name, ()) if node else ())
        )
        return next((found for code in codes if (found := iri_of(code))), None)

    def _finish(
        self, value: Value, node: Node | None, of_field: str, meaning: tuple[str | None, str | None]
    ) -> None:
        iri, label = meaning
        self.follow(value)
        if node is None or not node.anonymous:
            pointer = node.id_pointers[0] if node else value.pointer
            self.resolve(of_field, str(value.raw), label, iri, pointer)

    def _take_codes(self, node: Node, iri: str | None, iri_of: Callable[[str], str | None]) -> None:
        """Account for codes that say the same as the IRI."""
        for name in _TERM_CODES:
            for value in node.properties.get(name, ()):
                code = (value.text or "").strip()
                same = iri_of(code) == iri or (len(code) >= _SHORTEST_CODE and str(iri).endswith(code))
                if iri and same:
                    self.account.mapped(value.pointer)
