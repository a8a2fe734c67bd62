"""Finds what is wrong with an ontology, its shapes and its examples: defects that no reasoner sees.

Each lint is a function that returns complaints in words; `LINTS` names them. Each was met in a published ontology of
our field or in what LinkML generates. The tests run them on what we publish, and prove with a seeded fault that each
can complain.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rdflib import DCAT, DCTERMS, OWL, PROV, RDF, RDFS, SH, SKOS, XSD, Graph, Literal, URIRef
from rdflib.namespace import VANN, DefinedNamespace
from rdflib.term import Node
from rembigraph.ontology.identifiers import PREFIXES, SHAPES, VOCABULARY
from rembigraph.ontology.owl import DOMAIN, NS, ONTOLOGY, RANGE

PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
KINDS = (OWL.Class, *PROPERTIES, SKOS.ConceptScheme, SKOS.Concept)
KNOWN: tuple[type[DefinedNamespace], ...] = (OWL, RDF, RDFS, SKOS, XSD, DCTERMS, PROV, SH, DCAT, VANN)
NUMBERS = {XSD.integer, XSD.double, XSD.decimal, XSD.float}
UNIT_WORDS = re.compile(
    r"\b(bytes?|pixels?|(nano|micro|milli|centi)?met(re|er)s?|ångströms?|seconds?|volts?|kelvin|degrees?|SI units?"
    r"|nm|um|µm|mm|kV)\b"
)
AMERICAN = re.compile(r"(?i)\b\w*(analyz|organiz|color|center(?!ed)|labeled|modeling|license[^s])\w*\b")
FIRST_LETTER = {"class": str.isupper, "property": str.islower}
STATUSES = {"stable", "deprecated"}
TRUE = Literal(True)


@dataclass
class Published:
    """What is checked together.

    Attributes:
        ontology: the published ontology.
        shapes: all shapes, generated and hand-written.
        data: example records as RDF, all in this vocabulary.
        queries: text of the named queries, each a competency question.
        prefixes: prefixes of the schema and of the JSON-LD context.
        slots: names of slots and classes in records.
        version: version of the package.
        released: text of `released_terms.tsv`.
        without_question: classes that no query is about, with the reason.
        without_example: classes of which no example record can be given, with the reason.
    """

    ontology: Graph
    shapes: Graph
    data: Graph
    queries: dict[str, str]
    prefixes: dict[str, str]
    slots: set[str]
    version: str
    released: str
    without_question: dict[str, str] = field(default_factory=dict)
    without_example: dict[str, str] = field(default_factory=dict)

    def terms(self, *kinds: Node) -> list[URIRef]:
        """Return our terms of these kinds (all kinds if none is given), sorted."""
        wanted = kinds or KINDS
        found = {s for kind in wanted for s in self.ontology.subjects(RDF.type, kind)}
        return sorted(s for s in found if isinstance(s, URIRef) and ours(s))


def ours(term: Node) -> bool:
    """Whether a term is in our vocabulary."""
    return isinstance(term, URIRef) and term.startswith(VOCABULARY)


def name(term: Node) -> str:
    """Return a term as a CURIE where a prefix is known."""
    for prefix, namespace in {**PREFIXES, "rembish": SHAPES}.items():
        if str(term).startswith(namespace):
            return f"{prefix}:{str(term).removeprefix(namespace)}"
    return str(term)


def _in_order(terms: Iterable[Node]) -> list[Node]:
    return sorted(set(terms), key=str)


def labels_and_definitions(published: Published) -> Iterator[str]:
    """Every term has a label and a definition that says more than the label."""
    graph = published.ontology
    for term in published.terms():
        label = str(graph.value(term, RDFS.label) or "").strip()
        definition = str(graph.value(term, SKOS.definition) or "").strip()
        if not label:
            yield f"{name(term)} has no label"
        if not definition:
            yield f"{name(term)} has no definition"
        elif definition.strip(".").lower() == label.lower() and (term, RDF.type, SKOS.Concept) not in graph:
            yield f"the definition of {name(term)} repeats its label"


def duplicate_labels(published: Published) -> Iterator[str]:
    """No two classes or properties share a label, nor two concepts of one scheme."""
    graph = published.ontology
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for term in published.terms():
        scheme = graph.value(term, SKOS.inScheme)
        for label in graph.objects(term, RDFS.label):
            groups[(str(scheme or ""), str(label).lower())].append(name(term))
    for (_, shared), terms in sorted(groups.items()):
        if len(terms) > 1:
            yield f"{', '.join(terms)} share the label {shared!r}"


def empty_texts(published: Published) -> Iterator[str]:
    """No text is empty."""
    for graph in (published.ontology, published.shapes):
        for subject, predicate, value in graph:
            if isinstance(value, Literal) and not str(value).strip():
                yield f"{name(subject)} has an empty {name(predicate)}"


def undefined_terms(published: Published) -> Iterator[str]:
    """Every term of ours that the ontology, the shapes or the examples use is defined."""
    defined = set(published.ontology.subjects())
    for graph in (published.ontology, published.shapes, published.data):
        used = {term for triple in graph for term in triple if ours(term)}
        yield from (f"{name(term)} is used but not defined" for term in _in_order(used - defined))


def unknown_foreign_terms(published: Published) -> Iterator[str]:
    """Terms of OWL, RDFS, SKOS and their like exist there (`owl:subClassOf` does not)."""
    for graph in (published.ontology, published.shapes):
        used = {term for triple in graph for term in triple if isinstance(term, URIRef)}
        for namespace in KNOWN:
            start = str(namespace)
            for term in sorted(term for term in used if term.startswith(start) and term != URIRef(start)):
                if term not in namespace:
                    yield f"{name(term)} does not exist"


def wrong_ranges(published: Published) -> Iterator[str]:
    """A property of literals has no class as its range and is not inverse functional."""
    graph = published.ontology
    for term in published.terms(OWL.DatatypeProperty):
        if (term, RDF.type, OWL.ObjectProperty) in graph:
            yield f"{name(term)} is a property of literals and of things"
        if (term, RDF.type, OWL.InverseFunctionalProperty) in graph:
            yield f"{name(term)} is a property of literals and inverse functional"
        for value in [*graph.objects(term, RDFS.range), *graph.objects(term, RANGE)]:
            if not str(value).startswith(str(XSD)) and value != RDF.JSON:
                yield f"{name(term)} is a property of literals with the range {name(value)}"


def biting_restrictions(published: Published) -> Iterator[str]:
    """Nothing is inferred from the use of a property: no rdfs:domain, no rdfs:range."""
    for predicate in (RDFS.domain, RDFS.range):
        for subject in _in_order(published.ontology.subjects(predicate)):
            yield f"{name(subject)} has {name(predicate)}; use schema:domainIncludes or schema:rangeIncludes"


def units_without_shape(published: Published) -> Iterator[str]:
    """A number whose description names a unit has it in the shape: fixed, or in a field beside it."""
    shapes, unit = published.shapes, NS["unitCode"]
    for node in _in_order(shapes.subjects(SH.property)):
        members = list(shapes.objects(node, SH.property))
        beside = any((member, SH.path, unit) in shapes for member in members)
        for member in members:
            words_of = str(shapes.value(member, SH.description) or "")
            number = shapes.value(member, SH.datatype) in NUMBERS
            if number and UNIT_WORDS.search(words_of) and not beside and (member, unit, None) not in shapes:
                yield f"{name(member)} speaks of a unit that no program can read"


def unlisted_properties(published: Published) -> Iterator[str]:
    """Every property of shapes and examples is in the ontology: ours, or listed with rembi:usesTerm."""
    listed = set(published.ontology.objects(None, NS["usesTerm"]))
    known: set[Node] = {RDF.type, *listed, *published.terms(*PROPERTIES)}
    paths = {path for path in published.shapes.objects(None, SH.path) if isinstance(path, URIRef)}
    for predicate in _in_order({*paths, *published.data.predicates()} - known):
        yield f"{name(predicate)} is used in shapes or data, but the ontology does not name it"


def unused_properties(published: Published) -> Iterator[str]:
    """Every property that the ontology names is checked by a shape, or stands in no record by intent."""
    graph = published.ontology
    paths = set(published.shapes.objects(None, SH.path))
    for term in published.terms(OWL.ObjectProperty, OWL.DatatypeProperty):
        if term not in paths and (term, DOMAIN, None) in graph:
            yield f"{name(term)} is in the ontology, but no shape has it"


def hijacked_terms(published: Published) -> Iterator[str]:
    """Nothing is said about terms of other vocabularies."""
    for subject in sorted({s for s in published.ontology.subjects() if isinstance(s, URIRef)}):
        if not ours(subject) and subject != ONTOLOGY:
            yield f"{name(subject)} is not ours, yet something is said about it"


def label_languages(published: Published) -> Iterator[str]:
    """Each label and definition is in English, says so, and stands once."""
    graph = published.ontology
    for term in published.terms():
        for predicate in (RDFS.label, SKOS.prefLabel, SKOS.definition):
            values = list(graph.objects(term, predicate))
            if any(not isinstance(value, Literal) or value.language != "en" for value in values):
                yield f"{name(predicate)} of {name(term)} is not marked as English"
            if len(values) > 1:
                yield f"{name(term)} has more than one {name(predicate)}"


def spelling(published: Published) -> Iterator[str]:
    """Words for people are British."""
    graph = published.ontology
    for term in published.terms():
        for predicate in (RDFS.label, SKOS.definition):
            for text in graph.objects(term, predicate):
                for match in AMERICAN.finditer(str(text)):
                    yield f"{name(predicate)} of {name(term)} spells {match.group()!r} the American way"


def prefix_clashes(published: Published) -> Iterator[str]:
    """No slot or class has the name of a prefix: it would overwrite it in the JSON-LD context."""
    for clash in sorted(set(published.prefixes) & published.slots):
        yield f"{clash} is a prefix and a field or class"


def subclass_cycles(published: Published) -> Iterator[str]:
    """No class lies below itself."""
    graph = published.ontology
    for predicate in (RDFS.subClassOf, RDFS.subPropertyOf, SKOS.broader):
        for term in _in_order(graph.subjects(predicate)):
            above = {
                x
                for parent in graph.objects(term, predicate)
                for x in graph.transitive_objects(parent, predicate)
            }
            if term in above:
                yield f"{name(term)} lies below itself by {name(predicate)}"


def orphan_classes(published: Published) -> Iterator[str]:
    """Every class is reached: a property leads to it, it has a superclass, or records start with it."""
    graph = published.ontology
    for term in published.terms(OWL.Class):
        above = (term, RDFS.subClassOf, None) in graph
        if not (above or (None, RANGE, term) in graph or (term, NS["valueOf"], None) in graph):
            yield f"nothing leads to {name(term)}"
        if (None, DOMAIN, term) not in graph and (term, NS["usesTerm"], None) not in graph:
            yield f"{name(term)} has no property"


def term_names(published: Published) -> Iterator[str]:
    """Classes, schemes and concepts are UpperCamel, properties lowerCamel."""
    properties = set(published.terms(*PROPERTIES))
    levels = set(published.ontology.subjects(SKOS.inScheme, NS["Levels"]))
    for term in published.terms():
        local = term.removeprefix(VOCABULARY)
        kind = "property" if term in properties or term in levels else "class"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", local) or not FIRST_LETTER[kind](local[0]):
            yield f"{name(term)} is not {'lowerCamel' if kind == 'property' else 'UpperCamel'}"


def classes_without_question(published: Published) -> Iterator[str]:
    """Every class has a competency question: a query names it, or a property that only leads from or to it."""
    asked = "\n".join(published.queries.values())
    for term in published.terms(OWL.Class):
        local = term.removeprefix(VOCABULARY)
        if not _asked(published.ontology, term, asked) and not published.without_question.get(local):
            yield f"no named query is about {name(term)}"


def _asked(graph: Graph, term: URIRef, text: str) -> bool:
    own = [p for p in graph.subjects(DOMAIN, term) if len(list(graph.objects(p, DOMAIN))) == 1]
    leading = [p for p in graph.subjects(RANGE, term) if len(list(graph.objects(p, RANGE))) == 1]
    foreign = [
        p for p in graph.objects(term, NS["valueOf"]) if len(list(graph.subjects(NS["valueOf"], p))) == 1
    ]
    return any(_mentions(text, each) for each in (term, *own, *leading, *foreign))


def _mentions(text: str, term: Node) -> bool:
    return f"<{term}>" in text or re.search(rf"\b{re.escape(name(term))}\b", text) is not None


def classes_without_example(published: Published) -> Iterator[str]:
    """Every class has an example record."""
    for term in published.terms(OWL.Class):
        local = term.removeprefix(VOCABULARY)
        if (None, RDF.type, term) not in published.data and not published.without_example.get(local):
            yield f"no example record has a {name(term)}"


def excuses_without_class(published: Published) -> Iterator[str]:
    """A class that is excused from a question or an example exists, and the reason is in words."""
    known = {term.removeprefix(VOCABULARY) for term in published.terms(OWL.Class)}
    for excuses in (published.without_question, published.without_example):
        yield from (f"{local} is excused, but is no class" for local in sorted(set(excuses) - known))
        yield from (
            f"{local} is excused without a reason" for local, why in excuses.items() if not why.strip()
        )


def version_mismatch(published: Published) -> Iterator[str]:
    """The ontology's version is the package's."""
    graph = published.ontology
    wanted = {OWL.versionIRI: f"{ONTOLOGY}/{published.version}", OWL.versionInfo: published.version}
    for predicate, value in wanted.items():
        found = [str(given) for given in graph.objects(ONTOLOGY, predicate)]
        if found != [value]:
            yield f"{name(predicate)} is {' and '.join(found) or 'missing'}, the package says {value}"


def removed_terms(published: Published) -> Iterator[str]:
    """No term of a release is gone: it is deprecated instead, with what replaces it."""
    terms = set(published.terms())
    for term, (_, status) in released_terms(published.released).items():
        iri = URIRef(VOCABULARY + term)
        if iri not in terms:
            yield f"rembi:{term} was released and is gone; set owl:deprecated instead"
        elif (status == "deprecated") != ((iri, OWL.deprecated, TRUE) in published.ontology):
            yield f"rembi:{term} is {status} in released_terms.tsv, but not so in the ontology"


def released_terms(text: str) -> dict[str, tuple[str, str]]:
    """Read `released_terms.tsv`: term -> (version since which it is there, status).

    Raises:
        ValueError: a row has another form, or a term stands twice.
    """
    rows = list(csv.reader(io.StringIO(text), delimiter="\t"))
    if not rows:
        return {}
    counts = Counter(row[0] for row in rows[1:])
    if rows[0] != ["term", "since", "status"] or any(len(r) != 3 or r[2] not in STATUSES for r in rows[1:]):
        raise ValueError("released_terms.tsv: rows are term, since, status (stable or deprecated)")
    if counts and max(counts.values()) > 1:
        raise ValueError(f"released_terms.tsv: {counts.most_common(1)[0][0]} stands twice")
    return {term: (since, status) for term, since, status in rows[1:]}


def release(before: str, ontology: Graph) -> str:
    """Return `released_terms.tsv` with the terms of this version; those of earlier versions stay whatever happens."""
    version = str(ontology.value(ONTOLOGY, OWL.versionInfo))
    terms = {term: row for term, row in released_terms(before).items() if row[0] != version}
    for subject in {s for kind in KINDS for s in ontology.subjects(RDF.type, kind) if ours(s)}:
        deprecated = (subject, OWL.deprecated, TRUE) in ontology
        local = str(subject).removeprefix(VOCABULARY)
        since = terms.get(local, (version, ""))[0]
        terms[local] = since, "deprecated" if deprecated else "stable"
    lines = [
        "term\tsince\tstatus",
        *(f"{t}\t{since}\t{status}" for t, (since, status) in sorted(terms.items())),
    ]
    return "\n".join(lines) + "\n"


LINTS: dict[str, Callable[[Published], Iterator[str]]] = {
    function.__name__: function
    for function in (
        labels_and_definitions,
        duplicate_labels,
        empty_texts,
        undefined_terms,
        unknown_foreign_terms,
        wrong_ranges,
        biting_restrictions,
        units_without_shape,
        unlisted_properties,
        unused_properties,
        hijacked_terms,
        label_languages,
        spelling,
        prefix_clashes,
        subclass_cycles,
        orphan_classes,
        term_names,
        classes_without_question,
        classes_without_example,
        excuses_without_class,
        version_mismatch,
        removed_terms,
    )
}


def complaints(published: Published) -> dict[str, list[str]]:
    """Run every lint; return the complaints of those that complain."""
    found = {title: list(lint(published)) for title, lint in LINTS.items()}
    return {title: texts for title, texts in found.items() if texts}
