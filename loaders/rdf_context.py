"""What the `@context` of a JSON-LD document says of its names. Contexts are built in or written out, never fetched.

One context for the document, at most `MAX_CONTEXTS` parts and `MAX_DEFINITIONS` names: a name may be defined by
another, but not without end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urljoin

from pyoxigraph import Literal, NamedNode
from rembigraph.loaders.rdf_terms import RELATIVE
from rembigraph.loaders.ro_crate_graph import is_known_context
from rembigraph.loaders.values import without_email
from rembigraph.ontology.fields import generated
from rembigraph.ontology.identifiers import PREFIXES

MAX_CONTEXTS = 16
MAX_DEFINITIONS = 5_000
MAX_CHAIN = 16
MAX_CHARACTERS = 32_000_000  # of all names written out

KEYWORDS = frozenset(
    {
        "@context",
        "@direction",
        "@graph",
        "@id",
        "@import",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
    }
    | {
        "@nest",
        "@none",
        "@prefix",
        "@propagate",
        "@protected",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
    }
    | {"@base", "@container", "@vocab"}
)
_OURS = re.compile(r"https?://w3id\.org/rembigraph/(?:ns/)?(?:id/)?context(?:\.jsonld)?")
_SCHEMA = "http://schema.org/"
_BLANK_LABEL = re.compile(r"_:[A-Za-z0-9_](?:[\w.-]*[\w-])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTAINERS = frozenset({"", "@list", "@set", "@language"})


class Refused(Exception):
    """Something in a JSON-LD document that is not read; `quoted` is the text to look for its line by."""

    def __init__(self, message: str, quoted: str, code: str, fix: str = "Mend it there.") -> None:
        super().__init__(message)
        self.message, self.quoted, self.code, self.fix = message, quoted, code, fix


@dataclass(frozen=True)
class Definition:
    """What a name stands for and how its values are meant.

    Attributes:
        iri: IRI, keyword, or a name to be expanded further; empty where the name alone says it.
        type: `@id`, `@vocab`, `@json`, an IRI, or empty.
        container: `@list`, `@set`, `@language`, or empty.
        language: tag of plain texts; None where the default language holds.
        reverse: whether the value is the subject.
    """

    iri: str = ""
    type: str = ""
    container: str = ""
    language: str | None = None
    reverse: bool = False


_IRI_FIX = "Percent-encode what an IRI can't hold."
_UNDEFINED = Definition()


@dataclass
class Context:
    """The names of one document."""

    terms: dict[str, Definition] = field(default_factory=dict)
    vocabulary: str = ""
    base: str = RELATIVE
    language: str = ""
    _expanded: dict[str, str] = field(default_factory=dict)
    _characters: int = 0

    @classmethod
    def of(cls, raw: Any) -> Context:
        """Read the value of a document's `@context`.

        Raises:
            Refused: it is not built in, or uses what is not read here.
        """
        context = cls()
        parts = raw if isinstance(raw, list) else [raw]
        if len(parts) > MAX_CONTEXTS:
            raise Refused(f"@context has more than {MAX_CONTEXTS} parts", "@context", "context")
        for part in parts:
            if isinstance(part, dict):
                context._define(part)
            elif part is not None:
                context._define(_built_in(part))
        if len(context.terms) > MAX_DEFINITIONS:
            raise Refused(f"@context defines more than {MAX_DEFINITIONS} names", "@context", "context")
        context._resolve_types()
        return context

    def _define(self, definitions: dict[str, Any]) -> None:
        for name, value in definitions.items():
            match name:
                case "@vocab":
                    self.vocabulary = self._text(name, value)
                case "@base":
                    self.base = urljoin(self.base, self._text(name, value)) if value else RELATIVE
                case "@language":
                    self.language = self.language_tag(value) if value is not None else ""
                case "@version" | "@protected" | "@propagate":
                    continue
                case _ if name.startswith("@") and name in KEYWORDS:
                    message, fix = (
                        f"{name} in a @context is not read here",
                        "Write the names out in the document.",
                    )
                    raise Refused(message, name, "remote-context" if name == "@import" else "context", fix)
                case _:
                    self.terms[name] = _definition(name, value)

    @staticmethod
    def _text(name: str, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise Refused(f"{name} is a text", name, "context")
        return value or ""

    def _resolve_types(self) -> None:
        for name, definition in self.terms.items():
            if definition.type and not definition.type.startswith("@"):
                resolved = self.vocabulary_iri(definition.type)
                self.terms[name] = replace(definition, type=resolved)
            if definition.language:
                self.language_tag(definition.language)

    # --- names

    def definition(self, name: str) -> Definition:
        """Return how the values of a name are meant."""
        found = self.terms.get(name, _UNDEFINED)
        return replace(found, language=self.language) if found.language is None else found

    def keyword(self, name: str) -> str:
        """Return the keyword that a name is or stands for; empty for other names."""
        meant = self.terms[name].iri if name in self.terms else name
        return meant if meant in KEYWORDS else ""

    def vocabulary_iri(self, name: str) -> str:
        """Return the IRI of a property, class or datatype; a name without a meaning lies below `RELATIVE`.

        Raises:
            Refused: it is no legal IRI.
        """
        known = self._expanded.get(name)
        if known is None:
            known = self._expanded[name] = self._legal(self._expand(name), name)
        return known

    def node(self, name: str) -> str:
        """Return the IRI of a node, or its blank label.

        Raises:
            Refused: it is neither.
        """
        if name.startswith("_:"):
            if not _BLANK_LABEL.fullmatch(name):
                raise Refused(
                    f"{_shown(name)} is no label of a blank node", name, "iri", "Use letters and digits."
                )
            return name
        compact = self._compact(name, 0)
        if (
            not compact and ":" in re.split("[/?#]", name, maxsplit=1)[0]
        ):  # RFC 3986, 4.2: no relative reference
            raise Refused(f"{_shown(name)} gives no legal IRI: it has no scheme", name, "iri", _IRI_FIX)
        return self._legal(compact or _joined(self.base, name), name)

    def _expand(self, name: str) -> str:
        meant = self._follow(name, 0)
        if meant in KEYWORDS or meant.startswith("_:") or _SCHEME.match(meant):
            return meant
        if self.vocabulary:
            return (self._compact(self.vocabulary, 0) or self.vocabulary) + meant
        return _without_meaning(meant)

    def _follow(self, name: str, chain: int) -> str:
        """Follow what a name is defined as, then its prefix."""
        if chain > MAX_CHAIN:
            message = f"{_shown(name)} is defined by more than {MAX_CHAIN} other names in turn"
            raise Refused(message, name, "context", "Write its IRI.")
        found = self.terms.get(name)
        if found and found.iri and found.iri != name:
            return self._follow(found.iri, chain + 1)
        return self._compact(name, chain + 1) or name

    def _compact(self, name: str, chain: int) -> str:
        """Expand `prefix:rest`; empty when it is not that."""
        prefix, colon, rest = name.partition(":")
        if not colon or prefix in {"", "_"} or rest.startswith("//"):
            return name if _SCHEME.match(name) else ""
        if prefix in self.terms and self.terms[prefix].iri:
            return self._follow(prefix, chain + 1) + rest
        return name if _SCHEME.match(name) else ""

    def _legal(self, iri: str, name: str) -> str:
        self._characters += len(iri)
        if self._characters > MAX_CHARACTERS:
            raise Refused("the names of the document are too long when written out", "@context", "too-large")
        if iri.startswith("_:") or iri in KEYWORDS:
            return iri
        try:
            return NamedNode(iri).value
        except ValueError as error:
            raise Refused(f"{_shown(name)} gives no legal IRI: {error}", name, "iri", _IRI_FIX) from None

    @staticmethod
    def language_tag(tag: Any) -> str:
        """Return a language tag.

        Raises:
            Refused: it is none.
        """
        try:
            return str(Literal("", language=tag).language)
        except (ValueError, TypeError):
            fix = "Write a BCP 47 tag such as en or pt-BR."
            raise Refused(f"{_shown(str(tag))} is no language tag", str(tag), "language", fix) from None


def _definition(name: str, value: Any) -> Definition:
    if value is None or (isinstance(value, dict) and "@id" in value and value["@id"] is None):
        return Definition(iri=_without_meaning(name))
    if isinstance(value, str):
        return Definition(iri=value)
    if not isinstance(value, dict):
        raise Refused(f"the definition of {_shown(name)} is neither text nor object", name, "context")
    for unread in ("@context", "@nest", "@import", "@index", "@direction"):
        if unread in value:
            message = f"{unread} in the definition of {_shown(name)} is not read here"
            raise Refused(message, name, "nested-context", "Write the names out in the document.")
    given: dict[str, Any] = {
        key: value.get(key) or "" for key in ("@id", "@type", "@container", "@language", "@reverse")
    }
    if isinstance(given["@container"], list) and len(given["@container"]) == 1:
        given["@container"] = given["@container"][0]
    if not all(isinstance(text, str) for text in given.values()) or given["@container"] not in _CONTAINERS:
        message = f"the definition of {_shown(name)} is not read here"
        raise Refused(
            message,
            name,
            "context",
            "Only @id, @type, @language and the containers @list, @set, @language are.",
        )
    return Definition(
        iri=given["@id"] or given["@reverse"],
        type=given["@type"] if given["@type"] != "@none" else "",
        container=given["@container"],
        language=given["@language"] if "@language" in value else None,
        reverse=bool(given["@reverse"]),
    )


def _without_meaning(name: str) -> str:
    """A relative IRI for a name that its context gives no meaning: its value must not vanish."""
    return RELATIVE + quote(name, safe="/@:")


def _built_in(name: Any) -> dict[str, Any]:
    if isinstance(name, str) and _OURS.fullmatch(name):
        return _our_context()
    if is_known_context(name):
        return {
            "@vocab": _SCHEMA,
            "id": "@id",
            "type": "@type",
            "conformsTo": PREFIXES["dcterms"] + "conformsTo",
        }
    message = f"the context {_shown(str(name))} is not one of those that are built in"
    raise Refused(
        message, str(name), "remote-context", "Nothing is fetched: write its definitions in the document."
    )


@cache
def _our_context() -> dict[str, Any]:
    context: dict[str, Any] = json.loads(generated("context.jsonld"))["@context"]
    return context


def _joined(base: str, name: str) -> str:
    try:
        return urljoin(base, name)
    except ValueError:
        return base + name


def _shown(name: str) -> str:
    return repr(without_email(name[:200]))
