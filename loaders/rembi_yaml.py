"""Rembigraph YAML: the record model itself, written by hand, one study a document.

The schema guides the reading: text stays text (`NO`, `2020` and `1e3` included), numbers must be numbers, an unknown
field is an error with the nearest known name, and every error names its line. Fields for JSON (`parameters`,
`landmarks`) may be written as plain YAML. Aliases are refused: they make small files explode.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.yaml_bounds import composed
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.fields import Field, classes, enum_iris
from rembigraph.ontology.generated.models import Study
from rembigraph.ontology.identifiers import NotAnAccession

FORMAT = "rembigraph-yaml"
SOURCE = "rembigraph"
MODEL = "rembigraph/0.1"

_MARKER = re.compile(rb"^(model:[ \t]*['\"]?rembigraph/|accession:)", re.MULTILINE)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


def recognises(document: Document) -> bool:
    """Whether the text has a `model: rembigraph/...` or `accession:` line and is not JSON."""
    head = document.data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return not head.startswith((b"{", b"[", b"<", b"@")) and bool(_MARKER.search(document.data[: 1 << 20]))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every study of the document; one that can't be read is yielded as an error."""
    try:
        text, studies = composed(document)
    except SourceMalformed as error:
        yield error
        return
    if not studies:
        yield _malformed(
            document, "the file holds no study", fix="Write one document with an accession and a title."
        )
    for part, node in enumerate(studies, start=1):
        yield _read_study(document, text, node, part if len(studies) > 1 else 0)


def _read_study(document: Document, text: str, node: yaml.Node, part: int) -> Reading | SourceError:
    building = Building(document)
    values = building.record(node, "Study", "")
    if building.errors:
        return building.first_error()
    try:
        study = complete(Study.model_validate(values), SOURCE)
    except NotAnAccession as error:
        fix = "Write an accession such as EMPIAR-10310, S-BIAD1076, idr0001, or EXAMPLE-0001 for a made-up record."
        return _malformed(document, str(error), pointer="/accession", code="unknown-accession", fix=fix)
    except (ValidationError, ValueError) as error:
        return _malformed(document, f"the record can't be built: {error}", pointer=f"line {_line(node)}")
    source = text[node.start_mark.index : node.end_mark.index].encode("utf-8")
    return Reading(
        study, SOURCE, FORMAT, source, building.leaves(), source_date=study.modified or "", part=part
    )


@dataclass
class Building:
    """Builds plain values from YAML nodes under the schema, collecting every error."""

    document: Document
    errors: list[SourceMalformed] = field(default_factory=list)
    mapped: int = 0
    ignored: int = 0

    def leaves(self) -> Leaves:
        """Return the account of what was read so far."""
        return Leaves(mapped=self.mapped, ignored=self.ignored)

    def first_error(self) -> SourceMalformed:
        """Return the first error, which says how many more there are."""
        error = self.errors[0]
        if len(self.errors) > 1:
            lines = ", ".join(other.pointer for other in self.errors[1:6])
            error.message += f" ({len(self.errors) - 1} more errors: {lines})"
        return error

    def error(
        self, node: yaml.Node, pointer: str, message: str, fix: str = "", code: str = "wrong-value"
    ) -> None:
        """Note an error, with its line."""
        place = f"{pointer or '/'} (line {_line(node)})"
        self.errors.append(_malformed(self.document, message, pointer=place, code=code, fix=fix))

    def record(
        self, node: yaml.Node, name: str, pointer: str, aliases: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the values of a record of a class; `aliases` are other names of its fields."""
        if not isinstance(node, yaml.MappingNode):
            self.error(
                node, pointer, f"a {name} is written as fields with values", fix="Write `field: value` lines."
            )
            return {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            self._member(values, _renamed(key_node, aliases or {}), value_node, (name, pointer))
        return values

    def _member(
        self, values: dict[str, Any], key: yaml.Node, value: yaml.Node, place: tuple[str, str]
    ) -> None:
        name, pointer = place
        field_name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        below = f"{pointer}/{field_name}"
        of = classes()[name].fields.get(field_name)
        if name == "Study" and field_name == "model" and not pointer:
            self._check_model(value)
        elif field_name in values:
            self.error(
                key,
                below,
                f"{field_name!r} is written twice",
                fix="Write it once, as a list.",
                code="duplicate",
            )
        elif field_name == "id":
            values["id"] = self.literal(value, "string", below)
        elif of is None:
            self._unknown_field(key, name, field_name, below)
        else:
            values[field_name] = self.value(value, of, below)

    def _check_model(self, node: yaml.Node) -> None:
        self.ignored += 1
        if not isinstance(node, yaml.ScalarNode) or node.value != MODEL:
            self.error(
                node,
                "/model",
                f"this version reads {MODEL}",
                fix=f"Write `model: {MODEL}`.",
                code="model-version",
            )

    def _unknown_field(self, node: yaml.Node, name: str, given: str, pointer: str) -> None:
        near = difflib.get_close_matches(given, classes()[name].fields, n=1)
        fix = (
            f"Did you mean {near[0]!r}?" if near else f"docs/reference/model.md lists the fields of a {name}."
        )
        self.error(node, pointer, f"a {name} has no field {given!r}", fix=fix, code="unknown-field")

    def value(self, node: yaml.Node, of: Field, pointer: str) -> Any:
        """Return the value of a field; a list where it takes several."""
        if of.kind == "json":
            return None if _is_null(node) else json.dumps(self.plain(node), ensure_ascii=False)
        if not of.many:
            return self.one(node, of, pointer)
        if not isinstance(node, yaml.SequenceNode):
            return [] if _is_null(node) and self._count() else [self.one(node, of, pointer)]
        if not node.value:
            self.mapped += 1
        items = (self.one(item, of, f"{pointer}/{index}") for index, item in enumerate(node.value))
        return [item for item in items if item is not None]

    def _count(self) -> bool:
        self.mapped += 1
        return True

    def one(self, node: yaml.Node, of: Field, pointer: str) -> Any:
        """Return one value of a field."""
        if of.kind == "object":
            return None if _is_null(node) and self._count() else self.record(node, of.of, pointer)
        if of.kind == "enum":
            return self.enum(node, of.of, pointer)
        return self.literal(node, of.kind, pointer)

    def enum(self, node: yaml.Node, enum: str, pointer: str) -> str | None:
        """Return one of the values of an enum."""
        text: str | None = self.literal(node, "string", pointer)
        if text is None or text in enum_iris(enum):
            return text
        self.error(
            node,
            pointer,
            f"{text!r} is not one of the values",
            fix=f"Write one of: {', '.join(enum_iris(enum))}.",
        )
        return None

    def literal(self, node: yaml.Node, kind: str, pointer: str) -> Any:
        """Return a text, number, date or truth value."""
        self.mapped += 1
        if not isinstance(node, yaml.ScalarNode):
            self.error(
                node, pointer, "one value is expected here, not a list or fields", fix="Write one value."
            )
            return None
        if _is_null(node):
            return None
        try:
            return _literal(node.value, kind)
        except ValueError as error:
            self.error(node, pointer, f"{node.value[:60]!r} is not {error}", fix=f"Write {error}.")
            return None

    def plain(self, node: yaml.Node) -> Any:
        """The value of a JSON field, by the rules of YAML 1.2's core schema."""
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): self.plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item) for item in node.value]
        self.mapped += 1
        return _plain_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _literal(text: str, kind: str) -> Any:
    if kind == "integer":
        return int(_matching(text, r"[+-]?\d{1,30}", "a whole number"))
    if kind == "double":
        return float(_matching(text, r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", "a number"))
    if kind == "boolean":
        return _BOOLEANS[_matching(text, "true|True|false|False", "true or false")]
    if kind == "date":
        return _matching(text, r"\d{4}(-\d{2}(-\d{2})?)?", "a date (YYYY, YYYY-MM or YYYY-MM-DD)")
    return text


def _matching(text: str, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, text.strip()):
        raise ValueError(what)
    return text.strip()


def _plain_scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style in {"'", '"', "|", ">"}:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if re.fullmatch(r"[+-]?\d{1,30}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text):
        return float(text)
    return text


def _renamed(key: yaml.Node, aliases: Mapping[str, str]) -> yaml.Node:
    name = aliases.get(key.value) if isinstance(key, yaml.ScalarNode) else None
    return yaml.ScalarNode(key.tag, name, key.start_mark, key.end_mark) if name else key


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NULLS


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _malformed(
    document: Document, message: str, *, pointer: str = "", code: str = "malformed", fix: str = ""
) -> SourceMalformed:
    return SourceMalformed(message, source=document.place, pointer=pointer, code=code, fix=fix)
