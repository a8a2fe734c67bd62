"""JSON-LD in bounds: no JSON-LD processor runs, nothing is fetched, and nothing is dropped in silence.

The W3C algorithms drop what they can't read (a name without a meaning, an IRI with a blank). Here a name without a
meaning gives a relative IRI, so that its value is kept, and an illegal IRI is an error with its line. What plain
metadata does not need (contexts inside contexts, `@nest`, `@import`) is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.json_bounds import JsonFloat, parse_json
from rembigraph.loaders.rdf_context import MAX_CONTEXTS, Context, Definition, Refused
from rembigraph.loaders.rdf_syntax import (
    MAX_CHARACTERS,
    MAX_STATEMENTS,
    decoded,
    place,
    refuse_nul,
    too_many_statements,
)
from rembigraph.loaders.rdf_terms import (
    RDF,
    RDF_FIRST,
    RDF_NIL,
    RDF_REST,
    RDF_TYPE,
    RELATIVE,
    XSD,
    Statement,
    Term,
    Text,
    is_blank,
    size_of,
)
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed

_KEYWORDS = (b'"@context"', b'"@id"', b'"@graph"', b'"@type"')
_SNIFFED_BYTES = 64 * 1024
_BRACKETS_ONLY = 65
_PLAIN_LISTS = {"", "@set", "@list"}


def is_json_ld(document: Document) -> bool:
    """Whether the bytes begin like JSON and hold a keyword of JSON-LD, or nest too deep to be anything."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith((b"{", b"[")):
        return False
    if any(keyword in document.data for keyword in _KEYWORDS):
        return True
    brackets = head[:_BRACKETS_ONLY].translate(None, b"[{")
    return not brackets and len(head) >= _BRACKETS_ONLY


def json_statements(document: Document) -> list[Statement]:
    """Read a JSON-LD document.

    Raises:
        SourceMalformed: it is not JSON, breaks a bound, or uses what is not read here.
    """
    parsed = parse_json(document)
    text = decoded(document)
    reading = _Reading()
    try:
        statements = reading.document(parsed)
    except _TooManyError:
        raise too_many_statements(document) from None
    except Refused as error:
        raise SourceMalformed(
            error.message,
            source=document.place,
            pointer=_place(text, error.quoted),
            code=error.code,
            fix=error.fix,
        ) from None
    for statement in statements:
        if isinstance(statement.object, Text) and "\0" in statement.object.text:
            refuse_nul(document, text, max(text.lower().find("\\u0000"), 0))
    return statements


def _place(text: str, quoted: str) -> str:
    """Find the line of a name or value: JSON is parsed without places."""
    for written in (json.dumps(quoted, ensure_ascii=False), json.dumps(quoted), quoted):
        position = text.find(written)
        if quoted and position >= 0:
            return place(text, position)
    return "1:1"


class _TooManyError(Exception):
    pass


class _Reading:
    """Reads one document; blank nodes are numbered in its order."""

    def __init__(self) -> None:
        self._found: list[Statement] = []
        self._blanks = 0
        self._labels: dict[str, str] = {}
        self._contexts: dict[str, Context] = {}
        self._characters = 0

    def document(self, parsed: Any) -> list[Statement]:
        for top in parsed if isinstance(parsed, list) else [parsed]:
            if not isinstance(top, dict):
                raise Refused("a JSON-LD document is an object or a list of objects", "", "no-graph")
            self._top(top, self._context(top.get("@context")))
        return self._found

    def _context(self, raw: Any) -> Context:
        """The same context is read once; a list of documents has not many different ones."""
        name = _json(raw)
        if name not in self._contexts and len(self._contexts) >= MAX_CONTEXTS:
            raise Refused(f"there are more than {MAX_CONTEXTS} contexts in it", "@context", "context")
        return self._contexts.setdefault(name, self._contexts.get(name) or Context.of(raw))

    def _top(self, top: dict[str, Any], context: Context) -> None:
        """An object that only has a graph describes no node, and its graph is the default one."""
        names = {context.keyword(key) for key in top} - {"@context"}
        if names == {"@graph"}:
            for key, value in top.items():
                if context.keyword(key) == "@graph":
                    self._graph(value, context, "")
        elif names:
            self._node(top, context, "", top=True)

    def _graph(self, value: Any, context: Context, graph: str) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                self._node(item, context, graph)
            elif item is not None:
                raise Refused("@graph holds something that is no node", str(item)[:80], "no-graph")

    # --- nodes

    def _node(self, raw: dict[str, Any], context: Context, graph: str, *, top: bool = False) -> str:
        if "@context" in raw and not top:
            message = "a node has a @context of its own"
            fix = "Move its definitions to the @context of the document."
            raise Refused(message, "@context", "nested-context", fix)
        node = self._name_of(raw, context)
        for key, value in raw.items():
            keyword = context.keyword(key)
            if keyword:
                self._keyword(node, keyword, value, (context, graph))
            else:
                self._property(node, key, value, (context, graph))
        return node

    def _name_of(self, raw: dict[str, Any], context: Context) -> str:
        given = [raw[key] for key in raw if context.keyword(key) == "@id" and raw[key] is not None]
        if not given:
            return self._fresh()
        if not isinstance(given[0], str) or len(given) > 1:
            raise Refused("an @id is one text", "@id", "wrong-id", "Write the IRI of the node.")
        return self._named(context.node(given[0]))

    def _named(self, name: str) -> str:
        """Blank nodes keep their label; a label from the file can't be one of ours."""
        return self._labels.setdefault(name, name) if is_blank(name) else name

    def _fresh(self) -> str:
        self._blanks += 1
        return f"_:.{self._blanks}"

    def _keyword(self, node: str, keyword: str, value: Any, within: tuple[Context, str]) -> None:
        context, graph = within
        match keyword:
            case "@id" | "@context":
                return
            case "@type":
                self._types(node, value, within)
            case "@graph":
                if graph:
                    raise Refused("there is a graph in a graph", "@graph", "nested-graph")
                self._graph(value, context, node)
            case "@reverse":
                self._reverse(node, value, within)
            case "@included":
                self._graph(value, context, graph)
            case "@index":
                self._add(node, RELATIVE + "@index", Text(str(value)), graph)
            case _:
                message = f"{keyword} is not read here"
                raise Refused(message, keyword, "keyword", "Write the document in plain JSON-LD 1.0.")

    def _types(self, node: str, value: Any, within: tuple[Context, str]) -> None:
        context, graph = within
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                self._add(node, RDF_TYPE, self._named(context.vocabulary_iri(item)), graph)
            elif item is not None:
                raise Refused("a @type is a text", "@type", "wrong-type", "Write the IRI of a class.")

    def _reverse(self, node: str, value: Any, within: tuple[Context, str]) -> None:
        context, graph = within
        if not isinstance(value, dict):
            raise Refused("@reverse is an object of properties", "@reverse", "keyword")
        for key, items in value.items():
            for item in items if isinstance(items, list) else [items]:
                for subject in self._objects(item, context.definition(key), within):
                    if isinstance(subject, Text):
                        raise Refused("a value under @reverse is no node", key, "keyword")
                    self._add(subject, context.vocabulary_iri(key), node, graph)

    # --- values

    def _property(self, node: str, key: str, value: Any, within: tuple[Context, str]) -> None:
        context, graph = within
        definition = context.definition(key)
        predicate = context.vocabulary_iri(key)
        if is_blank(predicate):
            raise Refused(f"the property {_shown(key)} is a blank node", key, "wrong-property")
        for term in self._values(value, definition, within):
            if definition.reverse and isinstance(term, str):
                self._add(term, predicate, node, graph)
            else:
                self._add(node, predicate, term, graph)

    def _values(self, value: Any, definition: Definition, within: tuple[Context, str]) -> Iterator[Term]:
        if definition.container == "@language" and isinstance(value, dict):
            for language, items in value.items():
                yield from self._in_language(items, language, within)
        elif definition.container == "@list" and not (isinstance(value, dict) and "@list" in value):
            yield self._list(value if isinstance(value, list) else [value], definition, within)
        else:
            for item in value if isinstance(value, list) else [value]:
                yield from self._objects(item, definition, within)

    def _in_language(self, items: Any, language: str, within: tuple[Context, str]) -> Iterator[Term]:
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, str):
                tag = "" if language in {"@none", ""} else language
                yield Text(item, "", within[0].language_tag(tag) if tag else "")
            elif item is not None:
                raise Refused("a text in a language is a text", language, "wrong-value")

    def _objects(self, item: Any, definition: Definition, within: tuple[Context, str]) -> Iterator[Term]:
        """Yield the terms that one value stands for: none for null, several for a set."""
        context, graph = within
        if item is None:
            return
        if isinstance(item, list):
            for part in item:
                yield from self._objects(part, definition, within)
        elif not isinstance(item, dict):
            yield self._scalar(item, definition, context)
        else:
            keywords = {context.keyword(key): key for key in item}
            if "@value" in keywords:
                yield from _value_object(item, context)
            elif "@list" in keywords:
                _only(keywords, {"@list", "@index"})
                listed = item[keywords["@list"]]
                yield self._list(listed if isinstance(listed, list) else [listed], definition, within)
            elif "@set" in keywords:
                _only(keywords, {"@set", "@index"})
                yield from self._objects(item[keywords["@set"]], definition, within)
            else:
                yield self._node(item, context, graph)

    def _scalar(self, value: Any, definition: Definition, context: Context) -> Term:
        if isinstance(value, str) and definition.type in {"@id", "@vocab"}:
            iri = context.node(value) if definition.type == "@id" else context.vocabulary_iri(value)
            return self._named(iri)
        if definition.type == "@json":
            return Text(_json(value), RDF + "JSON")
        typed = definition.type if not definition.type.startswith("@") else ""
        if isinstance(value, str):
            return Text(
                value, "" if typed == XSD + "string" else typed, "" if typed else definition.language or ""
            )
        text, native = _native(value)
        return Text(text, typed or native)

    def _list(self, items: list[Any], definition: Definition, within: tuple[Context, str]) -> str:
        terms = [term for item in items for term in self._objects(item, definition, within)]
        following = RDF_NIL
        for term in reversed(terms):
            cell = self._fresh()
            self._add(cell, RDF_FIRST, term, within[1])
            self._add(cell, RDF_REST, following, within[1])
            following = cell
        return following

    def _add(self, subject: str, predicate: str, term: Term, graph: str) -> None:
        self._characters += len(subject) + len(predicate) + size_of(term)
        if len(self._found) >= MAX_STATEMENTS or self._characters > MAX_CHARACTERS:
            raise _TooManyError
        self._found.append(Statement(subject, predicate, term, graph))


def _only(keywords: dict[str, str], allowed: set[str]) -> None:
    for keyword, key in keywords.items():
        if keyword not in allowed:
            raise Refused(f"{_shown(key)} can't stand beside a value", key, "wrong-value")


def _value_object(item: dict[str, Any], context: Context) -> Iterator[Term]:
    members = {context.keyword(key): value for key, value in item.items()}
    _only({context.keyword(key): key for key in item}, {"@value", "@type", "@language", "@index"})
    value, datatype, language = members["@value"], members.get("@type"), members.get("@language")
    if value is None:
        return
    if datatype == "@json":
        yield Text(_json(value), RDF + "JSON")
        return
    if isinstance(value, (dict, list)) or not all(
        part is None or isinstance(part, str) for part in (datatype, language)
    ):
        raise Refused("a @value is a text, a number or a truth value", "@value", "wrong-value")
    typed = context.vocabulary_iri(datatype) if datatype else ""
    if language:
        if typed or not isinstance(value, str):
            raise Refused("only a text without @type has a @language", language, "language")
        yield Text(value, "", context.language_tag(language))
    elif isinstance(value, str):
        yield Text(value, "" if typed == XSD + "string" else typed)
    else:
        text, native = _native(value)
        yield Text(text, typed or native)


def _native(value: Any) -> tuple[str, str]:
    """Return a number or truth value as it was written, with its datatype."""
    if isinstance(value, bool):
        return ("true" if value else "false"), XSD + "boolean"
    if isinstance(value, JsonFloat):
        return value.text, XSD + "double"
    return str(value), XSD + "integer"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shown(name: str) -> str:
    return repr(without_email(name[:80]))
