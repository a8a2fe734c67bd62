"""Curation documents: what a curator decided about studies, in YAML, with who, when and why.

```yaml
curation:
  - accession: EXAMPLE-0001          # a corrected field
    field: title
    old_value: Made-up fihs
    new_value: Made-up fish
    who: https://orcid.org/0000-0002-1825-0097
    when: 2026-11-28
    why: misspelt
  - accession: EXAMPLE-0001          # a link confirmed or refuted
    link_to: EXAMPLE-0002
    verdict: refuted
    who: Ada Lovelace
    when: 2026-11-28T12:00:00Z
    why: The paper says that other cells were imaged.
```

Each decision is a record of its own: decisions add up whatever document they come in, and the later one about the same
thing holds. Without `new_value` the old one is only taken out; without `old_value` a gap is filled.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from rembigraph.loaders.curated_field import check_value, fields_of
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.rembi_yaml import MODEL
from rembigraph.loaders.values import E_MAIL_REMOVED, absolute_iri, doi, doi_iri, has_email, prose
from rembigraph.loaders.yaml_bounds import composed
from rembigraph.ontology.completion import complete_decision
from rembigraph.ontology.errors import SourceError, SourceMalformed
from rembigraph.ontology.external import external_of, parse_external
from rembigraph.ontology.fields import enum_iris
from rembigraph.ontology.generated.models import CurationDecision
from rembigraph.ontology.identifiers import (
    DEFAULT_DATA_BASE,
    NotAnAccession,
    expand_curie,
    is_iri,
    is_web_address,
    parse_accession,
)
from rembigraph.ontology.mentions import studies_named

FORMAT = "rembigraph-curation"
SOURCE = "curation"

NAMES = {
    "accession": "about_study",
    "thing": "about_thing",
    "field": "of_field",
    "old_value": "old_value",
    "new_value": "new_value",
    "link_to": "link_to",
    "verdict": "verdict",
    "relation": "link_relation",
    "who": "decided_by",
    "when": "decided_on",
    "why": "decision_reason",
}
"""Names in the document -> slots of a decision; the names of the slots are understood, too."""

MAX_TEXT = 50_000
"""Longest value, in characters."""

_SLOTS = NAMES | {slot: slot for slot in NAMES.values()}
_NEEDED = ("accession", "who", "when", "why")
_WITH_ADDRESSES = frozenset(
    {"who", "why"}
)  # e-mail addresses are taken out of them; elsewhere they are refused
_ENUMS = {"verdict": "Verdict", "relation": "LinkRelation"}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOM = b"\xef\xbb\xbf"
_MARKER = re.compile(rb"^curation:(?=\s|$)", re.MULTILINE)
_WHEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_EXAMPLE = "docs/curation.md shows the two kinds of decision."
_DATASET_DOI = "10.6019/"


def recognises(document: Document) -> bool:
    """Whether the text has a `curation:` line at its left margin and is not JSON."""
    text = document.data[: 1 << 20].removeprefix(_BOM)
    return not text.lstrip(b" \t\r\n").startswith((b"{", b"[", b"<", b"@")) and bool(_MARKER.search(text))


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every decision of the document; one that can't be read is yielded as an error, and the others count."""
    try:
        text, roots = composed(document)
    except SourceMalformed as error:
        yield error
        return
    found = [part for root in roots for part in _parts(document, text, root)]
    for number, part in enumerate(found, start=1):
        try:
            yield (
                part if isinstance(part, SourceMalformed) else _reading(part, number if len(found) > 1 else 0)
            )
        except SourceMalformed as error:
            yield error


@dataclass(frozen=True)
class _Place:
    """A decision, or another part of a curation document, in its document."""

    document: Document
    text: str
    node: yaml.Node
    pointer: str

    def line(self, field: str = "") -> int:
        """The line of a field, or where the decision begins."""
        if field and isinstance(self.node, yaml.MappingNode):
            for key, _ in self.node.value:
                if key.value in (field, NAMES.get(field)):
                    return int(key.start_mark.line) + 1
        return int(self.node.start_mark.line) + 1

    def error(
        self, message: str, field: str = "", fix: str = _EXAMPLE, code: str = "curation"
    ) -> SourceMalformed:
        pointer = f"{self.pointer}/{field}" if field else self.pointer
        pointer = f"{pointer} (line {self.line(field)})"
        return SourceMalformed(message, source=self.document.place, pointer=pointer, code=code, fix=fix)

    @property
    def source(self) -> bytes:
        """The decision as a document of its own, so that it can be read again alone."""
        start, end = self.node.start_mark, self.node.end_mark
        indent = " " * max(2, start.column)
        body = self.text[start.index : end.index].rstrip()
        return f"curation:\n{indent[:-2]}- {body}\n".encode()


# --- the decisions of a document


def _parts(document: Document, text: str, root: yaml.Node) -> Iterator[_Place | SourceMalformed]:
    """Yield the decisions below a root, and an error for everything else that stands there."""
    if not isinstance(root, yaml.MappingNode):
        place = _Place(document, text, root, "/")
        yield place.error(
            "a curation document begins with `curation:`, and the decisions are listed below it"
        )
        return
    seen = set()
    for key, value in root.value:
        name = str(key.value)[:80] if isinstance(key, yaml.ScalarNode) else "?"
        place = _Place(document, text, key, f"/{name}")
        if name in seen:
            yield place.error(
                f"{name!r} is written twice", fix="Write all decisions in one list.", code="duplicate"
            )
        elif name == "curation":
            yield from _listed(place, value)
        elif name != "model":
            fix = "List the decisions below `curation:`, who, when and why in each; studies go into other files."
            yield place.error(f"a curation document has no field {name!r}", fix=fix, code="unknown-field")
        elif not isinstance(value, yaml.ScalarNode) or value.value != MODEL:
            yield place.error(
                f"this version reads {MODEL}", fix=f"Write `model: {MODEL}`.", code="model-version"
            )
        seen.add(name)


def _listed(place: _Place, value: yaml.Node) -> Iterator[_Place | SourceMalformed]:
    items = value.value if isinstance(value, yaml.SequenceNode) else [value]
    if not items:
        yield place.error("the list holds no decision")
    for index, item in enumerate(items):
        found = _Place(place.document, place.text, item, f"/curation/{index}")
        whole = isinstance(item, yaml.MappingNode)
        yield found if whole else found.error("a decision is written as fields with values")


# --- one decision


def _reading(place: _Place, part: int) -> Reading:
    said = _said(place)
    decision = CurationDecision.model_validate({NAMES[name]: text for name, text in said.items() if text})
    _check(decision, place)
    complete_decision(decision)
    return Reading(
        decision,
        f"{SOURCE}-{decision.key}",
        FORMAT,
        place.source,
        Leaves(mapped=len(said)),
        quality="curated",
        source_date=str(decision.decided_on),
        part=part,
    )


def _said(place: _Place) -> dict[str, str]:
    """Return what a decision says: name -> clean text, empty for a null.

    Raises:
        SourceMalformed: a name is unknown or stands there twice, or a value is not one short text.
    """
    members: list[tuple[yaml.Node, yaml.Node]] = place.node.value
    names = {slot: name for name, slot in NAMES.items()} | {name: name for name in NAMES}
    said: dict[str, str] = {}
    for key, value in members:
        given = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if given not in names:
            raise _unknown(place, given[:80])
        name = names[given]
        if name in said:
            raise place.error(f"{name!r} is written twice", name, "Write it once.", "duplicate")
        said[name] = _text(place, name, value)
    return said


def _unknown(place: _Place, given: str) -> SourceMalformed:
    near = difflib.get_close_matches(given, NAMES, n=1)
    fix = f"Did you mean {near[0]!r}?" if near else f"A decision has {', '.join(NAMES)}."
    return place.error(f"a decision has no field {given!r}", given, fix, "unknown-field")


def _text(place: _Place, name: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise place.error(f"{name!r} is one value, not a list or fields", name, "Write one value.")
    if len(node.value) > MAX_TEXT:
        fix = f"Write at most {MAX_TEXT} characters."
        raise place.error(f"{name!r} has {len(node.value)} characters", name, fix, "too-large")
    if not node.style and node.value in _NULLS:  # plain: "" of libyaml, None of the pure loader
        return ""
    if name not in _WITH_ADDRESSES and has_email(node.value):
        raise place.error(
            f"{name!r} holds an e-mail address; the catalogue keeps none", name, "Leave it out."
        )
    text = prose(node.value)
    if text.strip(" <>()[]") == E_MAIL_REMOVED.strip("[]"):
        fix = "Write a name or an ORCID iD." if name == "who" else "Write a sentence."
        raise place.error(f"{name!r} is only an e-mail address; the catalogue keeps none", name, fix)
    if name in _ENUMS and text not in {"", *enum_iris(_ENUMS[name])}:
        fix = f"Write one of: {', '.join(enum_iris(_ENUMS[name]))}."
        raise place.error(f"{text[:80]!r} is not one of the values", name, fix, "wrong-value")
    return text


def _check(decision: CurationDecision, place: _Place) -> None:
    """Check that a decision is whole: what it is about, who decided it, when and why.

    Raises:
        SourceMalformed: it is not.
    """
    for name in _NEEDED:
        if not getattr(decision, NAMES[name]):
            raise place.error(f"a decision needs {name!r}", name)
    try:
        decision.about_study = parse_accession(_local(str(decision.about_study))).text
    except NotAnAccession as error:
        raise place.error(str(error), "accession", "Write an accession such as EMPIAR-10310.") from None
    if not _is_moment(str(decision.decided_on)):
        fix = "Write 2026-11-28, or 2026-11-28T12:00:00Z."
        raise place.error(f"{str(decision.decided_on)[:80]!r} is no date", "when", fix)
    if bool(decision.of_field) == bool(decision.link_to):
        raise place.error("a decision is about a `field` or about a link (`link_to`), one of them")
    if decision.link_to:
        _check_link(decision, place)
    else:
        _check_field(decision, place)


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_WHEN.fullmatch(text))


def _local(text: str) -> str:
    """The path of something in a catalogue, of which people may copy the whole IRI."""
    return text.removeprefix(DEFAULT_DATA_BASE)


# --- decisions about links


def _check_link(decision: CurationDecision, place: _Place) -> None:
    if not decision.verdict:
        raise place.error("a decision about a link needs a verdict", "verdict", "Write confirmed or refuted.")
    if decision.old_value or decision.new_value or decision.about_thing:
        raise place.error(
            "a decision about a link corrects no value", fix="Leave out old_value, new_value and thing."
        )
    end = _end(str(decision.link_to))
    if end is None:
        fix = "Write an accession, an EMDB or PDB identifier, or an IRI."
        raise place.error("`link_to` names nothing that a link can lead to", "link_to", fix)
    if end == decision.about_study:
        raise place.error(f"{end} can't be linked with itself", "link_to", "Name the other end of the link.")
    decision.link_to = end


def _end(text: str) -> str | None:
    """Return the end of a link as links name it, whether an accession, an identifier, a DOI or an address is given."""
    name = doi(text)
    given = name.removeprefix(_DATASET_DOI) if name else _local(text)
    try:
        return parse_accession(given).text
    except NotAnAccession:
        external = external_of(text) or parse_external(text)
    if external or name:
        return external.iri if external else doi_iri(str(name))
    iri = absolute_iri(expand_curie(text))
    named = studies_named(iri) if iri and is_web_address(iri) else []
    return named[0] if len(named) == 1 else iri


# --- decisions about fields


def _check_field(decision: CurationDecision, place: _Place) -> None:
    if decision.verdict or decision.link_relation:
        fix = "Leave them out, or name the other end of a link as `link_to`."
        raise place.error("a decision about a field has no verdict and no relation", fix=fix)
    if not decision.old_value and not decision.new_value:
        fix = "Write what the field says (`old_value`), what it should say (`new_value`), or both."
        raise place.error("a decision about a field needs a value", "old_value", fix)
    if decision.old_value == decision.new_value:
        fix = "Write what the field should say."
        raise place.error("`old_value` and `new_value` say the same", "new_value", fix)
    decision.about_thing = _thing(decision, place)
    fields = fields_of(str(decision.about_thing or ""), str(decision.about_study))
    of = fields.get(str(decision.of_field))
    if of is None:
        near = difflib.get_close_matches(str(decision.of_field)[:80], sorted(fields), n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "docs/reference/model.md lists the fields."
        message = (
            f"{decision.about_thing or 'a study'} has no field {str(decision.of_field)[:80]!r} for one value"
        )
        raise place.error(message, "field", fix, "unknown-field")
    wrong = check_value(str(decision.new_value or ""), of)
    if wrong:
        raise place.error(wrong[0], "new_value", wrong[1], "wrong-value")


def _thing(decision: CurationDecision, place: _Place) -> str | None:
    """Return the thing whose field is corrected: it lies below the study, or is named by an IRI of its own."""
    text, study = _local(expand_curie(str(decision.about_thing or ""))), str(decision.about_study)
    if not text or is_iri(text):
        return text or None
    first, _, rest = text.partition("/")
    try:
        owner = parse_accession(first).text
    except NotAnAccession:
        owner, rest = study, text
    if owner != study:
        fix = f"Write `accession: {owner}`, or a thing of {study}, such as specimen/fish-3."
        raise place.error(f"the thing lies in {owner}, and the decision is about {study}", "thing", fix)
    path = f"{study}/{rest}" if rest else study
    if not is_iri(f"urn:x:{path}") or (rest and {"", ".", ".."} & set(rest.split("/"))):
        raise place.error(
            f"{text[:80]!r} can't name a thing", "thing", "Write its path, such as specimen/fish-3."
        )
    return path
