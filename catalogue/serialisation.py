"""RDF forms of a record: Turtle, N-Triples, N-Quads, TriG, RDF/XML, and JSON-LD with short names.

Triple forms hold the merged facts; N-Quads and TriG say which named graph states each of them. All of them
are deterministic. The JSON-LD carries its own small context, so that no reader has to fetch one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Literal, Quad, RdfFormat, Triple, serialize
from rembigraph.catalogue.lookups import plain
from rembigraph.catalogue.recordview import RDF_TYPE, RecordView, Value, class_names, field_of, merge
from rembigraph.ontology.errors import CatalogueError
from rembigraph.ontology.identifiers import PREFIXES


class NotRepresentableError(CatalogueError):
    """This form of RDF cannot hold the record; another one can."""


@dataclass(frozen=True)
class Form:
    """A form of RDF.

    Attributes:
        name: short name.
        label: name for people.
        suffix: what the address of the form ends with.
        media_type: its media type.
        is_dataset: whether it names the graph of each fact.
    """

    name: str
    label: str
    suffix: str
    media_type: str
    is_dataset: bool = False


FORMS: Final[Mapping[str, Form]] = {
    form.name: form
    for form in (
        Form("turtle", "Turtle", "ttl", "text/turtle"),
        Form("jsonld", "JSON-LD", "jsonld", "application/ld+json"),
        Form("ntriples", "N-Triples", "nt", "application/n-triples"),
        Form("nquads", "N-Quads", "nq", "application/n-quads", is_dataset=True),
        Form("trig", "TriG", "trig", "application/trig", is_dataset=True),
        Form("rdfxml", "RDF/XML", "rdf", "application/rdf+xml"),
        Form("json", "JSON", "json", "application/json"),
    )
}
"""Forms by name; `json` is the JSON-LD under the media type that every program asks for."""

_FORMATS: Final = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "nquads": RdfFormat.N_QUADS,
    "trig": RdfFormat.TRIG,
    "rdfxml": RdfFormat.RDF_XML,
}
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XSD: Final = PREFIXES["xsd"]
_INTEGER: Final = re.compile(r"0|-?[1-9]\d{0,14}")
"""Whole numbers in canonical spelling that every JSON reader keeps exactly."""


def forms_of(view: RecordView) -> list[Form]:
    """Return the forms that can hold a record: all of them, or all but RDF/XML."""
    fits = not any(
        not value.text.isprintable() and _NOT_IN_XML.search(value.text)
        for facts in view.facts.values()
        for values in facts.values()
        for value in values
    )
    return [form for form in FORMS.values() if fits or form.name != "rdfxml"]


def serialise(quads: Iterable[Quad], form: str, first: str) -> bytes:
    """Return quads in a form of RDF.

    Args:
        quads: the quads, in named graphs.
        form: a name of `FORMS`.
        first: IRI of the subject that comes first.

    Raises:
        NotRepresentableError: the form cannot hold a character of the record (RDF/XML only).
    """
    if form in {"jsonld", "json"}:
        document = json_ld((plain(quad) for quad in quads), first)
        return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
    if FORMS[form].is_dataset:
        ordered: list[Any] = sorted(set(quads), key=lambda quad: (str(quad.graph_name), _order(quad, first)))
    else:
        triples = {Triple(quad.subject, quad.predicate, quad.object) for quad in quads}
        ordered = sorted(triples, key=lambda triple: _order(triple, first))
    if form == "rdfxml":
        _check_xml(ordered)
    named = form in {"turtle", "trig", "rdfxml"}
    written = serialize(ordered, format=_FORMATS[form], prefixes=dict(PREFIXES) if named else None) or b""
    # Readers of XML make a line feed of a bare carriage return; the serialiser does not escape it.
    return written.replace(b"\r", b"&#13;") if form == "rdfxml" else written


def _order(triple: Triple | Quad, first: str) -> tuple[bool, str, bool, str, str]:
    subject, predicate = str(triple.subject), str(triple.predicate)
    is_type = predicate == f"<{RDF_TYPE}>"
    return subject != f"<{first}>", subject, not is_type, predicate, str(triple.object)


def _check_xml(triples: Iterable[Triple]) -> None:
    for triple in triples:
        if isinstance(triple.object, Literal) and _NOT_IN_XML.search(triple.object.value):
            raise NotRepresentableError(
                "XML cannot hold a control character of this record", fix="ask for Turtle or JSON-LD"
            )


def json_ld(facts: Iterable[tuple[str, str, Value]], first: str) -> dict[str, Any]:
    """Return facts as a JSON-LD document: a context of the names in use, and a flat list of things."""
    nodes = merge(facts)
    writer = _Names(nodes)
    order = sorted(nodes, key=lambda subject: subject != first)
    things = [writer.thing(subject) for subject in order]
    return {"@context": writer.context(), "@graph": things}


class _Names:
    """Chooses a short name for each predicate and class, and says in the context how its values are typed."""

    def __init__(self, nodes: Mapping[str, Mapping[str, tuple[Value, ...]]]) -> None:
        self._nodes = nodes
        self._predicates: dict[str, str] = {}
        self._kinds: dict[str, set[str]] = {}
        self._classes: dict[str, str] = {}
        for subject, facts in nodes.items():
            for predicate, values in facts.items():
                if predicate == RDF_TYPE:
                    self._classes |= {
                        v.text: class_names()[v.text] for v in values if v.text in class_names()
                    }
                elif name := self._name(subject, predicate):
                    self._predicates[name] = predicate
                    self._kinds.setdefault(name, set()).update(map(_kind, values))

    def context(self) -> dict[str, Any]:
        terms: dict[str, Any] = {"id": "@id", "type": "@type"}
        terms |= {name: iri for iri, name in sorted(self._classes.items(), key=lambda item: item[1])}
        for name, predicate in sorted(self._predicates.items()):
            kind = self._coercion(name)
            terms[name] = {"@id": predicate, "@type": kind} if kind else predicate
        return terms

    def thing(self, subject: str) -> dict[str, Any]:
        thing: dict[str, Any] = {"id": subject}
        facts = self._nodes[subject]
        if RDF_TYPE in facts:
            thing["type"] = _compact([self._classes.get(value.text, value.text) for value in facts[RDF_TYPE]])
        named = {self._name(subject, predicate) or predicate: predicate for predicate in facts}
        for name, predicate in sorted(named.items()):
            if predicate != RDF_TYPE:
                kind = self._coercion(name) if name in self._predicates else ""
                thing[name] = _compact([_json_value(value, kind) for value in facts[predicate]])
        return thing

    def _name(self, subject: str, predicate: str) -> str:
        types = self._nodes[subject].get(RDF_TYPE, ())
        class_name = next((class_names()[v.text] for v in types if v.text in class_names()), "")
        of = field_of(class_name, predicate)
        return of.name if of else ""

    def _coercion(self, name: str) -> str:
        """The one type that all values of a name have; empty for plain text and for mixtures."""
        kinds = self._kinds[name]
        return next(iter(kinds)) if len(kinds) == 1 and "@value" not in kinds else ""


def _kind(value: Value) -> str:
    """`@id` for IRIs, the datatype of typed literals, `@value` for texts."""
    return "@id" if value.is_iri else value.datatype or "@value"


def _json_value(value: Value, kind: str) -> Any:
    if _kind(value) == kind:
        return _native(value) if kind != "@id" else value.text
    if value.is_iri:
        return {"@id": value.text}
    if value.language:
        return {"@value": value.text, "@language": value.language}
    if value.datatype:
        return {"@value": value.text, "@type": value.datatype}
    return {"@value": value.text} if kind else value.text


def _native(value: Value) -> Any:
    """Numbers and truth values as JSON has them, where reading them back gives the same literal."""
    if value.datatype == _XSD + "integer" and _INTEGER.fullmatch(value.text):
        return int(value.text)
    if value.datatype == _XSD + "boolean" and value.text in {"true", "false"}:
        return value.text == "true"
    return value.text


def _compact(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
