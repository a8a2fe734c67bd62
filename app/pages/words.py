"""What keys and IRIs of the model mean, in the words of the pages."""

# ruff: noqa: RUF001, RUF002 - pages are set with real apostrophes and multiplication signs

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.app.pages.text import joined, length, number, plural, unit
from rembigraph.ontology.identifiers import is_web_address

if TYPE_CHECKING:
    from rembigraph.catalogue.decisions import Decision
    from rembigraph.catalogue.parts import Claim, Part
    from rembigraph.catalogue.precedence import Conflict
    from rembigraph.catalogue.recordview import Node, RecordView

RELATIONS: Final[dict[str, tuple[str, str]]] = {
    "images_same_specimen": ("images the same specimen", "images the same specimen"),
    "part_of_same_experiment": ("part of the same experiment", "part of the same experiment"),
    "same_data": ("holds the same data", "holds the same data"),
    "derived_from": ("this study’s data were made from it", "its data were made from this study’s"),
    "raw_data_for": ("its data were made from this study’s", "holds the raw data of this study"),
    "supersedes": ("replaced by this study", "replaces this study"),
    "same_publication": ("goes with the same publication", "goes with the same publication"),
    "reconstructed_as": (
        "a map made from this study’s images",
        "holds the images that this map was made from",
    ),
    "modelled_as": ("an atomic model built on this", "what this model was built on"),
    "described_in": ("a publication that describes this", "described in this publication"),
    "has_member": ("a member of this collection", "a collection that lists this"),
    "related": ("related, the source does not say how", "related, the source does not say how"),
}
"""What the *other* study is to this one: when this side states the link, and when the other side does."""

EVIDENCE: Final[dict[str, str]] = {
    "reference_field": "in a field of the record that is made for references",
    "links_section": "in the record’s list of links",
    "dataset_doi": "by the DOI of the other data set",
    "file_attribute": "in an attribute of files in the file list",
    "prose": "in running text",
    "collection": "in a curated collection that lists both",
    "shared_publication": "because both name the same publication",
    "same_authors": "because the authors are the same; a suggestion only",
    "curated": "by a curator",
    "image_correlation": "in an image correlation that names both",
    "same_specimen": "in a specimen record that names the other’s specimen",
}
ASSERTERS: Final[dict[str, str]] = {
    "depositor": "the depositors",
    "archive": "the archive",
    "curator": "a curator of this catalogue",
    "inferred": "a rule of this catalogue",
}
GRADES: Final[dict[str, str]] = {
    "described": "correlation described in words only",
    "landmarks": "correlation with landmarks, but no transformation",
    "transform": "correlation with a coordinate transformation, without a stated error",
    "transform_with_error": "correlation with a coordinate transformation and its error",
}
SHORT_GRADES: Final[dict[str, str]] = {
    "described": "described in words only",
    "landmarks": "with landmarks",
    "transform": "with a transformation",
    "transform_with_error": "with a transformation and its error",
}
ERROR_KINDS: Final[dict[str, str]] = {
    "FRE": "left at the landmarks of the fit",
    "TRE": "at points that the fit did not use",
    "leave_one_out": "at each landmark when it is left out",
}
FACETS: Final[dict[str, str]] = {
    "archive": "Archive",
    "organism": "Organism",
    "method": "Imaging method",
    "year": "Year of release",
    "correlative": "Correlative",
    "q": "Words",
}
MATCHED: Final[dict[str, str]] = {
    "title": "title",
    "keywords": "keywords",
    "organisms": "organism",
    "methods": "methods",
    "authors": "authors",
    "description": "description",
}
LEVELS: Final[dict[str, str]] = {
    "identity": "Needed to tell what it is",
    "required": "Asked for by REMBI",
    "recommended": "Recommended by REMBI",
    "": "Worth a look",
}
_USUAL: Final = 0.75
"""Confidence of a plain statement; only a lower one is worth a word."""
_CREATIVE_COMMONS: Final = re.compile(
    r"https?://creativecommons\.org/(?:licenses|publicdomain)/(zero|mark|by(?:-nc)?(?:-sa|-nd)?)/(\d\.\d)/?.*"
)
_CONDITIONS: Final = {
    "by": "credit the authors",
    "nc": "no commercial use",
    "sa": "share changes alike",
    "nd": "no changed versions",
}


@dataclass(frozen=True)
class Licence:
    """A licence for people: short name, what it asks, address when it is a web address."""

    name: str
    meaning: str = ""
    address: str = ""


def licence(text: str) -> Licence:
    """Say in words what a licence is."""
    address = text if is_web_address(text) else ""
    match = _CREATIVE_COMMONS.fullmatch(text)
    if not match:
        return Licence(text, address=address)
    kind, version = match.groups()
    if kind in {"zero", "mark"}:
        name = "CC0" if kind == "zero" else "Public Domain Mark"
        return Licence(f"{name} {version}", "no conditions", address)
    conditions = joined(_CONDITIONS[part] for part in kind.split("-"))
    return Licence(f"CC {kind.upper()} {version}", conditions, address)


def relation(claim: Claim) -> str:
    """Say what the other study is to this one, as one statement has it."""
    outgoing, incoming = RELATIONS.get(claim.link.relation, RELATIONS["related"])
    return outgoing if claim.link.outgoing else incoming


def relations(part: Part) -> list[str]:
    """Say what another study is to this one, each way once, the closest first."""
    order = {key: place for place, key in enumerate(part.relations)}
    claims = sorted(part.claims, key=lambda claim: order[claim.link.relation])
    return list(dict.fromkeys(relation(claim) for claim in claims))


def evidence(claim: Claim) -> str:
    """Say who states a link, and where: `the depositors say so, in running text, record of S-BSST707`."""
    link = claim.link
    who = ASSERTERS.get(link.asserter, "")
    where = EVIDENCE.get(link.evidence, "")
    if link.asserter == "curator" and link.evidence == "curated":
        where = ""
    verb = "says" if link.asserter in {"archive", "curator", "inferred"} else "say"
    said = f"{who} {verb} so" if who else "stated"
    relayed = f"passed on by {link.relayed_by}" if link.relayed_by else ""
    return ", ".join(part for part in (said, where, relayed or _place(claim)) if part)


def _place(claim: Claim) -> str:
    if claim.link.asserter == "inferred":
        return ""
    return f"record of {claim.stated_in}" if claim.stated_in else "links of this catalogue"


def confidence(claim: Claim) -> str:
    """Say how sure a statement is; empty when it is sure or nothing is stated."""
    if claim.link.verdict:
        return f"{claim.link.verdict} by a curator"
    if claim.link.fixture:
        return "from a test record of the archive; not to be believed"
    if claim.link.is_suggestion:
        return "a suggestion, not a statement"
    sure = claim.link.confidence
    return f"confidence {sure:.2g}" if sure is not None and sure < _USUAL else ""


def disagreement(view: RecordView, conflict: Conflict) -> list[tuple[str, str]]:
    """Return what sources say of a field about which they disagree: (value, who says so), what is shown first."""
    told = [(value, f"shown; so {joined(conflict.preferred_sources)}") for value in conflict.preferred]
    told += [(value, joined(sources)) for value, sources in conflict.others]
    return [(view.label(value) if "://" in value else value, who) for value, who in told]


@dataclass(frozen=True)
class Judged:
    """A curator's decision, in words.

    Attributes:
        what: what was decided.
        who, when, why: by whom, on which day, and the reason.
        state: `applied`, `lapsed` or `overruled`.
    """

    what: str
    who: str
    when: str
    why: str
    state: str


def judged(decision: Decision, state: str, data_base: str) -> Judged:
    """Say what a curator decided."""
    if decision.verdict:
        relation = f" ({RELATIONS[decision.relation][0]})" if decision.relation else ""
        ends = [iri.removeprefix(data_base) for iri in (decision.study, decision.link_to)]
        what = f"link {joined(ends)}{relation} {decision.verdict}"
    else:
        name, thing = decision.field.replace("_", " "), decision.thing.removeprefix(data_base)
        what = f"{name} of {thing} from “{decision.old or 'nothing'}” to “{decision.new or 'nothing'}”"
    return Judged(what, decision.who, decision.when, decision.why, state)


def grade_of(correlation: Node) -> str:
    """Return the key of a correlation's grade: the stated one, else what the record holds for it."""
    stated = correlation.iris("correlation_grade")
    named = {
        "Described": "described",
        "WithLandmarks": "landmarks",
        "WithTransformation": "transform",
        "WithTransformationAndError": "transform_with_error",
    }
    if stated:
        return named.get(stated[0].rsplit("#", 1)[-1], "described")
    transformations = correlation.nodes("has_transformation")
    if transformations:
        return "transform_with_error" if any(t.iris("has_error") for t in transformations) else "transform"
    return "landmarks" if correlation.iris("has_landmarks") else "described"


def error_kind(key: str) -> str:
    """Return what an error was measured at, in words."""
    return ERROR_KINDS.get(key, "kind not stated")


def quantity(node: Node) -> str:
    """Return a quantity for people: `8 nm`; what the source writes when there is no number."""
    value = node.number("numeric_value")
    if value is None:
        return node.text("raw_text")
    name = unit(node.text("unit_code"), next(iter(node.iris("unit")), ""))
    return f"{number(value)} {name}".strip()


def extents(nodes: list[Node]) -> str:
    """Return quantities along axes in one line: `z 8 nm × y 4 nm`, or once when all are equal."""
    texts = [quantity(node) for node in nodes]
    if len(set(texts)) == 1 and len(texts) > 1:
        return f"{texts[0]} along {joined(node.text('title') for node in nodes)}"
    return " × ".join(f"{node.text('title')} {text}".strip() for node, text in zip(nodes, texts, strict=True))


def pixels(representation: Node) -> str:
    """Return the size of a stored image in pixels: `x 2 000 · y 1 500 · z 1 000`."""
    sizes = ((axis, representation.integer(f"size_{axis}")) for axis in "xyzct")
    return " · ".join(f"{axis} {number(value)}" for axis, value in sizes if value is not None)


def image_set(files: Node) -> list[str]:
    """Return what an archive says of the images in a set of files, a line each: kind, number, pixels and their size."""
    count, frames = files.integer("image_count"), files.integer("frames_per_image")
    parts = [
        files.text("image_category"),
        f"{number(count)} images or tilt series" if count is not None else "",
        f"{plural(frames, 'frame')} each" if frames is not None else "",
        " · ".join(part for part in (pixels(files), files.text("voxel_type")) if part),
        extents(files.nodes("voxel_size")),
    ]
    return [part for part in parts if part]


def error(node: Node) -> str:
    """Say in words what an error of a transformation is."""
    parts = [quantity(node), node.concept("statistic")]
    kind = node.concept("error_kind")
    points = node.integer("sample_size")
    where = node.concept("measured_in")
    rest = [
        kind,
        f"over {number(points)} points" if points is not None else "",
        f"in {where}" if where else "",
    ]
    return " ".join([*filter(None, parts)]) + "".join(f", {text}" for text in rest if text)


def describe(node: Node) -> str:
    """Return what to call a thing, also one that has no name of its own: an error is called by what it says."""
    match node.class_name:
        case "RegistrationError":
            return error(node)
        case "QuantityValue":
            return f"{node.text('title')} {quantity(node)}".strip() or node.label
        case "CorrelationMember":
            images = node.concepts("member_image")
            return images[0] if images else node.text("member_accession") or node.label
        case "StudyLink":
            ends = (node.view.label(iri) for iri in node.iris("link_to"))
            return " ".join([node.concept("link_relation") or "link to", *ends]).strip()
        case "KeptValue" | "Resolution":
            return node.text("raw_text") or node.label
    return node.label


def axes(system: Node) -> str:
    """Return the axes of a coordinate system in order: `z, y, x in µm`."""
    ordered = sorted(system.nodes("has_axis"), key=lambda axis: axis.integer("axis_index") or 0)
    named = [(axis.text("axis_name"), _axis_unit(axis)) for axis in ordered]
    if len({name for _, name in named}) == 1 and named:
        unit_name = named[0][1]
        return ", ".join(name for name, _ in named) + (f" in {unit_name}" if unit_name else "")
    return ", ".join(f"{name} in {unit_name}" if unit_name else name for name, unit_name in named)


def _axis_unit(axis: Node) -> str:
    name = unit(axis.text("unit_code"), next(iter(axis.iris("unit")), ""))
    return name or ("indices" if axis.iris("axis_type") and "Array" in axis.iris("axis_type")[0] else "")


def scale(voxel: float | None, extent: float | None) -> str:
    """Say at which scale something was imaged; empty when the record does not say."""
    texts = (
        f"voxels of {length(voxel)}" if voxel else "",
        f"up to {length(extent)} across" if extent else "",
    )
    return ", ".join(text for text in texts if text)
