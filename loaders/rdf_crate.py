"""Studies in GIDE's vocabulary (schema.org and what its profile adds) from any RDF: the nodes of a crate again.

The mapping is that of RO-Crates; here statements only take the form of a crate's nodes, and what became of each leaf
of the nodes is told back to the statements that it came from.
"""

from __future__ import annotations

import re
from typing import Any

from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.rdf_facts import Facts
from rembigraph.loaders.rdf_naming import accession_at_end
from rembigraph.loaders.rdf_terms import RDF_TYPE, RELATIVE, XSD, Term, Text, is_blank, written
from rembigraph.loaders.reading import Document
from rembigraph.loaders.ro_crate import MappedCrate, mapped_crate
from rembigraph.loaders.values import without_email
from rembigraph.ontology.identifiers import NotAnAccession, parse_accession

SCHEMAS = ("http://schema.org/", "https://schema.org/")
DATASET = tuple(f"{schema}Dataset" for schema in SCHEMAS)
_HAS_PART = frozenset({*(f"{schema}hasPart" for schema in SCHEMAS), "http://purl.org/dc/terms/hasPart"})
_IDENTIFIER = frozenset(
    {*(f"{schema}identifier" for schema in SCHEMAS), "http://purl.org/dc/terms/identifier"}
)
_ABOUT = frozenset(f"{schema}about" for schema in SCHEMAS)
_CONFORMS = frozenset({*(f"{schema}conformsTo" for schema in SCHEMAS), "http://purl.org/dc/terms/conformsTo"})
_DESCRIPTOR = "ro-crate-metadata.json"
_SPECIFICATION = "https://w3id.org/ro/crate/1.2"
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}(?:[eE][+-]?[0-9]{1,2})?")
_JSON_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})")
_WHOLE_IN_TEXT = frozenset({"", *(XSD + name for name in ("anyURI", "date", "gYear", "gYearMonth"))})


def datasets(facts: Facts) -> list[str]:
    """Return the Datasets that are studies: those that no other has as a part, or the one that a descriptor names."""
    found = facts.typed(*DATASET)
    described = [name for name in _described(facts) if name in found]
    if described:
        return described
    parts = {said.object for said in facts.statements if said.predicate in _HAS_PART}
    roots = [name for name in found if name not in parts]
    studies = [name for name in roots if accession_of(facts, name)]
    return studies or roots[:1]


def _described(facts: Facts) -> list[str]:
    descriptors = {
        said.subject
        for said in facts.statements
        if said.predicate in _CONFORMS and "w3id.org/ro/crate" in str(said.object)
    }
    about = (said for said in facts.statements if said.subject in descriptors and said.predicate in _ABOUT)
    return list(dict.fromkeys(said.object for said in about if isinstance(said.object, str)))


def accession_of(facts: Facts, node: str) -> str:
    """Return the accession that a Dataset names, itself or through a PropertyValue; empty for none."""
    for _, said in facts.about(node):
        if said.predicate in _IDENTIFIER:
            texts = [said.object.text] if isinstance(said.object, Text) else [said.object]
            texts += [part.object.text for _, part in facts.about(texts[0]) if isinstance(part.object, Text)]
            for text in texts:
                if found := _accession(text) or accession_at_end(text):
                    return found
    return accession_at_end(node)


def _accession(text: str) -> str:
    try:
        return parse_accession(text).text
    except NotAnAccession:
        return ""


def map_dataset(document: Document, facts: Facts, root: str, digest: str) -> MappedCrate:
    """Map the study that a Dataset is, and account for every fact.

    Raises:
        SourceMalformed: it has no accession of a known archive.
    """
    form = _CrateForm(facts, digest)
    parsed = form.crate(root)
    mapped = mapped_crate(document, parsed)
    form.tell(mapped.account.states())
    for resolution in mapped.study.resolution:
        resolution.pointer = form.place(resolution.pointer) if resolution.pointer else None
    return mapped


class _CrateForm:
    """The nodes of a crate made of facts, with the pointer of the leaf that each fact became."""

    def __init__(self, facts: Facts, digest: str) -> None:
        self._facts = facts
        self._digest = digest
        self._leaves: dict[str, int] = {}  # pointer -> fact
        self._links: dict[int, list[int]] = {}  # fact -> facts that only link it
        self._inexact: set[int] = set()
        self._subjects: dict[str, str] = {}  # pointer of a node -> subject

    def crate(self, root: str) -> dict[str, Any]:
        """Return the document, with a descriptor that says which Dataset is the study."""
        nodes: list[dict[str, Any]] = [
            {
                "@id": _DESCRIPTOR,
                "@type": "CreativeWork",
                "conformsTo": {"@id": _SPECIFICATION},
                "about": {"@id": self._name(root)},
            }
        ]
        cells = self._cells()
        for subject in self._facts.subjects():
            if subject not in cells and not self._is_descriptor(subject):
                nodes.append(self._node(subject, f"/@graph/{len(nodes)}"))
        return {"@graph": nodes}

    def tell(self, states: dict[str, str]) -> None:
        """Say of each fact what became of its leaf."""
        for pointer, number in self._leaves.items():
            state = states[pointer]
            if state == "kept" or (state == "mapped" and number in self._inexact):
                continue
            self._done(number, state)
            for link in self._links.get(number, ()):
                self._facts.ignored(link, "structural-list")

    def place(self, pointer: str) -> str:
        """Return what a pointer into the nodes says of the file: subject and predicate, or the subject alone."""
        number = self._leaves.get(pointer)
        if number is None:
            return without_email(written(self._subjects.get(pointer.removesuffix("/@id"), "")))
        said = self._facts.statements[number]
        return without_email(f"{written(said.subject)} {written(said.predicate)}")

    def _done(self, number: int, state: str) -> None:
        if state == "mapped":
            self._facts.mapped(number)
        else:
            self._facts.ignored(number, state)

    def _cells(self) -> set[str]:
        """Cells of lists: their items stand where the list does."""
        found: set[str] = set()
        for number in range(len(self._facts.statements)):
            _, links = self._facts.items(number)
            found.update(self._facts.statements[link].subject for link in links[1:])
        return found

    def _is_descriptor(self, subject: str) -> bool:
        """A descriptor in the file says what ours says."""
        said = [(number, fact) for number, fact in self._facts.about(subject)]
        names = {fact.predicate for _, fact in said}
        if not names & _CONFORMS or not names & _ABOUT:
            return False
        for number, fact in said:
            if fact.predicate in {RDF_TYPE} | _CONFORMS | _ABOUT:
                self._facts.ignored(number, "ro-crate-descriptor")
        return True

    def _node(self, subject: str, pointer: str) -> dict[str, Any]:
        node: dict[str, Any] = {"@id": self._name(subject), "@type": []}
        self._subjects[pointer] = subject
        for number, fact in self._facts.about(subject):
            if fact.predicate == RDF_TYPE and isinstance(fact.object, str):
                self._leaves[f"{pointer}/@type/{len(node['@type'])}"] = number
                node["@type"].append(fact.object)
                continue
            values = node.setdefault(fact.predicate, [])
            below = f"{pointer}/{_escaped(fact.predicate)}"
            items, links = self._facts.items(number)
            for item, term in items:
                self._links[item] = links
                values.append(self._value(item, term, f"{below}/{len(values)}"))
        if not node["@type"]:
            del node["@type"]
        return node

    def _value(self, number: int, term: Term, pointer: str) -> Any:
        if isinstance(term, str):
            self._leaves[f"{pointer}/@id"] = number
            return {"@id": self._name(term)}
        self._leaves[pointer] = number
        value, exact = _scalar(term)
        if not exact:
            self._inexact.add(number)
        return value

    def _name(self, node: str) -> str:
        if is_blank(node):
            return f"_:{self._digest}-{node[2:].lstrip('.')}"
        return node.removeprefix(RELATIVE) or "./"


def _scalar(term: Text) -> tuple[Any, bool]:
    """Return a literal as JSON, and whether that says all that it says."""
    if term.datatype == XSD + "boolean" and term.text in {"true", "false"}:
        return term.text == "true", True
    if term.datatype == XSD + "integer" and _JSON_INTEGER.fullmatch(term.text):
        return int(term.text), True
    if term.datatype in {XSD + "double", XSD + "decimal"} and _JSON_NUMBER.fullmatch(term.text):
        return JsonFloat(term.text), True
    return term.text, not term.language and term.datatype in _WHOLE_IN_TEXT


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
