"""What curators of the BioImage Archive write about EMPIAR entries: samples, preparation, acquisition, files.

EMPIAR asks for none of these, so the archive's curators write them from the paper, as YAML (or JSON), in two forms:
one names objects under `rembis` and assigns each image to them; the other lists `biosamples`, `protocols` and so on,
with rules that find specimens in file names. Everything is joined by title. Rules (regular expressions) stay kept
values: to apply them would need the files.

These documents have no title of the study. The accession stands in its place, reported as unresolved, so that nothing
is made up and the title of the archive's own record, if that is here, comes before it on pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from rembigraph.loaders.empiar import is_template
from rembigraph.loaders.empiar_curation_files import Files
from rembigraph.loaders.empiar_curation_samples import Samples
from rembigraph.loaders.empiar_entry import accession_of, without_title
from rembigraph.loaders.empiar_places import Place, Taking
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount, escaped
from rembigraph.loaders.reading import Document, Reading
from rembigraph.loaders.values import doi, doi_iri, prose, without_email
from rembigraph.loaders.yaml_bounds import as_json, composed
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import Publication, Resolution, ResolutionMethod, Study
from rembigraph.ontology.identifiers import Accession

FORMAT = "bia-curation"
SOURCE = "bia-curation"

_SNIFFED_BYTES = 1 << 20
_PARTS = "rembis|specimen_defaults|(?:specimen_imaging_preparation|image_acquisition)_protocols"
_YAML = (
    re.compile(rb"^['\"]?accession_id['\"]?[ \t]*:", re.MULTILINE),
    re.compile(
        rf"^['\"]?(?:{_PARTS}|biosamples|specimens|protocols|datasets|paper_doi)['\"]?[ \t]*:".encode(),
        re.MULTILINE,
    ),
)
_JSON = (re.compile(rb'"accession_id"\s*:'), re.compile(rf'"(?:{_PARTS})"\s*:'.encode()))
_POINTS = (re.compile(rb'"mode"\s*:'), re.compile(rb'"proposal"\s*:\s*\['))
_FIX = "Write `accession_id: EMPIAR-10310`, the accession of an entry that exists."


def recognises(document: Document) -> bool:
    """Whether the text has an accession and a part of a curated record, or is a list for point annotations."""
    head = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"<", b"@")):
        return False
    if head.startswith(b"["):
        return _all(_POINTS, head)
    return _all(_JSON if head.startswith(b"{") else _YAML, head)


def _all(patterns: tuple[re.Pattern[bytes], ...], text: bytes) -> bool:
    return all(pattern.search(text) for pattern in patterns)


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read every curated record of the document; one that can't be read is yielded as an error."""
    try:
        parts = _parts(document)
    except SourceError as error:
        yield error
        return
    for number, part in enumerate(parts, start=1):
        try:
            yield _record(document, part, number if len(parts) > 1 else 0)
        except SourceError as error:
            yield error


@dataclass(frozen=True)
class _Part:
    """One record of a document: its values, the bytes it was read from, and values that later ones replace."""

    parsed: Any
    source: bytes
    replaced: tuple[Resolution, ...] = ()


def _parts(document: Document) -> list[_Part]:
    if document.data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return [_Part(parse_json(document), document.data)]
    text, nodes = composed(document)
    slices = [text[node.start_mark.index : node.end_mark.index].encode() for node in nodes]
    sources = [document.data] if len(nodes) == 1 else slices
    return [_part(node, document, source) for node, source in zip(nodes, sources, strict=True)]


def _part(node: yaml.Node, document: Document, source: bytes) -> _Part:
    replaced = tuple(_without_replaced(node))
    if any(one.pointer == "/accession_id" for one in replaced):
        message = "accession_id stands twice: it is not clear which study this is about"
        raise SourceMalformed(
            message, source=document.place, pointer="/accession_id", code="duplicate-key", fix="Keep one."
        )
    return _Part(as_json(node, document), source, replaced)


def _without_replaced(node: yaml.Node, pointer: str = "") -> list[Resolution]:
    """Take values out of a document that a later one of the same key replaces, and report each as not resolved.

    The archive's own reader takes the last one without a word; here the others stay visible in the record.
    """
    found: list[Resolution] = []
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            found += _without_replaced(item, f"{pointer}/{index}")
    if not isinstance(node, yaml.MappingNode):
        return found
    last = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    staying = []
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        place = f"{pointer}/{escaped(name)}"
        if value is last.get(name, value):
            staying.append((key, value))
            found += _without_replaced(value, place)
        else:
            found += [_replaced(name, place, text) for text in _texts(value)]
    node.value = staying
    return found


def _texts(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    elif isinstance(node, yaml.CollectionNode):
        pairs = node.value if isinstance(node, yaml.MappingNode) else [(item,) for item in node.value]
        yield from (text for pair in pairs for text in _texts(pair[-1]))


def _replaced(name: str, pointer: str, text: str) -> Resolution:
    return Resolution(
        of_field=without_email(name),
        raw_text=prose(text),
        pointer=without_email(pointer),
        resolution_method=ResolutionMethod.unresolved,
    )


def _record(document: Document, record: _Part, part: int) -> Reading:
    parsed = record.parsed
    accession = _accession(document, parsed)
    account = LeafAccount(parsed)
    taking = Taking(account)
    study = _study(accession, Place(taking, (parsed, "")))
    study.resolution = [*taking.resolutions.values(), *record.replaced]
    study.kept_value = account.kept()
    return Reading(
        study=complete(study, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=record.source,
        leaves=account.leaves(),
        quality="curated",
        part=part,
        unmapped=account.unmapped(),
    )


def _accession(document: Document, parsed: Any) -> Accession:
    if isinstance(parsed, list):
        message = "this tells which annotation files belong to which images: it holds no study"
        raise SourceSkipped(message, where=document.place)
    given = parsed.get("accession_id") if isinstance(parsed, dict) else None
    text = given if isinstance(given, str) else ""
    if is_template(text):
        raise SourceSkipped("this is a template: it holds no study", where=document.place)
    accession = accession_of(text)
    if accession is None:
        message = f"{without_email(str(given))[:80]!r} is not an accession of a known archive"
        raise SourceMalformed(
            message,
            source=document.place,
            pointer="/accession_id",
            code="unknown-accession",
            fix=_FIX,
        )
    return accession


def _study(accession: Accession, place: Place) -> Study:
    place.text("accession_id")
    samples = Samples(place.taking)
    samples.read(place.place("rembis") | place.place("dataset_rembis") | place)
    files = Files(samples)
    files.read(place)
    return Study(
        accession=accession.text,
        title=place.text("title") or without_title(accession, place),
        publication=_publications(place),
        biosample=samples.biosamples,
        specimen=samples.specimens,
        acquisition=samples.acquisitions,
        protocol=samples.protocols,
        annotation_method=samples.annotation_methods,
        analyzed_data=samples.analyses,
        correlation=samples.correlations,
        component=files.components,
        image=files.images,
        annotation=files.annotations,
    )


def _publications(place: Place) -> list[Publication]:
    found: dict[str, Publication] = {}
    for leaf in place.leaves("paper_doi"):
        if name := doi(leaf.text):
            leaf.take()
            found.setdefault(name, Publication(id=doi_iri(name), doi=name))
    return list(found.values())
