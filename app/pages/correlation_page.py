"""The page of an image correlation: its parts and transformations, fields of view to scale, and a point converter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from rembigraph.app.pages.correlations import member_values
from rembigraph.app.pages.field_pictures import MARGIN, WIDTH, fields_in, frame_unit, frames_from, pictures
from rembigraph.app.pages.lacking import lacking
from rembigraph.app.pages.representations import offered
from rembigraph.app.pages.system_diagram import BOX_HEIGHT, BOX_WIDTH, diagram, error_words
from rembigraph.app.pages.transforming import file_formats
from rembigraph.app.pages.viewing import together
from rembigraph.catalogue.correlation.answers import unit_of
from rembigraph.catalogue.correlation.paths import Path, Ways
from rembigraph.catalogue.recordview import natural_key
from rembigraph.ontology.errors import TransformRefused
from rembigraph.ontology.identifiers import parse_accession

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.correlation.atlas import Atlas, Member
    from rembigraph.catalogue.correlation.graph import Step
    from rembigraph.catalogue.correlation.records import CorrelationRecord
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.recordview import Node, RecordView

MOST_SYSTEMS: Final = 24
MOST_PAIRS: Final = 60
MOST_FILES: Final = 10
"""Ways that are offered as files."""


@dataclass(frozen=True)
class Way:
    """How points of one member image are brought into another: titles, unit there, page, and the path itself."""

    from_title: str
    to_title: str
    unit: str | None
    path: str
    found: Path


def correlation_page(
    snapshot: Snapshot, view: RecordView, node: Node, site: Site, frame_name: str = ""
) -> dict[str, Any] | None:
    """Return the values of the template `correlation.html`; none where the graph does not know the correlation.

    Args:
        snapshot: the generation.
        view: the record that describes it.
        node: the correlation.
        site: where it is served.
        frame_name: the coordinate system in which fields of view are drawn; one of its own where it is none of them.
    """
    atlas = snapshot.atlas
    one = atlas.correlations.get(node.iri)
    if one is None:
        return None
    members = atlas.members(one)
    systems = _systems(atlas, members, one)
    steps = _steps(atlas, systems, one)
    frame = _frame(atlas, systems, members, frame_name)
    known = Ways(atlas.graph)
    fields = fields_in(atlas, frame, systems, known) if frame else []
    accession = parse_accession(view.accession)
    ways = _ways(atlas, members, site, known)
    path = quote(node.iri.removeprefix(site.data_base), safe="/%-._~:@+,=")
    return {
        "accession": view.accession,
        "archive": accession.archive,
        "study_title": view.study.text("title"),
        "node": node,
        "label": node.label,
        "grade": atlas.grade(one),
        "stated_grade": one.stated_grade,
        "members": [
            {**member_values(atlas, member), "path": _path(snapshot, site, member)} for member in members
        ],
        "lacking": lacking(atlas, one, members),
        "ways": ways,
        "files": [
            (way, [name for name, refused in file_formats(atlas, way.found).items() if not refused])
            for way in ways[:MOST_FILES]
        ],
        "systems": [_system(atlas, iri, site) for iri in systems],
        "steps": [_step(atlas, step, site) for step in steps],
        "diagram": diagram(atlas, systems, steps, [member.record.image for member in members])
        if systems
        else None,
        "box": (BOX_WIDTH, BOX_HEIGHT),
        "frame": _system(atlas, frame, site) if frame else None,
        "frames": [
            (iri, atlas.systems[iri].title or atlas.short(iri)) for iri in systems if iri in atlas.systems
        ],
        "unit": frame_unit(atlas, frame) if frame else None,
        "fields": fields,
        "pictures": pictures(fields, frame_unit(atlas, frame)) if fields and frame else [],
        "view": together(atlas, frame, _images(members), known) if frame else None,
        "width": WIDTH,
        "margin": MARGIN,
        "middle": float((fields[0].box.low[0] + fields[0].box.high[0]) / 2) if fields else 0.0,
        "hovered": frames_from(atlas, frame, systems, known) if fields else None,
        "path": site.path(f"/{path}"),
        "canonical": site.url(f"/{path}"),
        "forms": [form for form in offered(view) if form.tail != ".html"],
        "short": atlas.short,
    }


def _images(members: list[Member]) -> list[str]:
    """Member images that have a place of their own."""
    return list(dict.fromkeys(member.record.image for member in members if member.systems))


def _systems(atlas: Atlas, members: list[Member], one: CorrelationRecord) -> list[str]:
    """Systems of the members, the ends of the correlation's transformations, and what these are joined with."""
    first = [iri for member in members for iri in member.systems]
    for iri in one.transformations:
        record = atlas.transformations.get(iri)
        first += [record.source, record.target] if record else []
    found = dict.fromkeys(first)
    for iri in list(found):
        for move in atlas.graph.leaving(iri):
            found.setdefault(move.end)
    return list(islice(sorted(found, key=natural_key), MOST_SYSTEMS))


def _steps(atlas: Atlas, systems: list[str], one: CorrelationRecord) -> list[Step]:
    """Transformations among the systems; earlier versions only where the correlation names them."""
    known = set(systems)
    walked = {move.step.key for iri in systems for move in atlas.graph.leaving(iri) if move.end in known}
    named = (atlas.graph.steps.get(key) for key in {*walked, *one.transformations})
    shown = [step for step in named if step and {step.source, step.target} <= known]
    return sorted(shown, key=lambda step: natural_key(step.key))


def _frame(atlas: Atlas, systems: list[str], members: list[Member], name: str) -> str:
    """The system that is asked for; else the physical one of the member with the smallest pixels."""
    asked = atlas.iri_of(name[:2000])
    if asked in systems:
        return asked
    own = [
        iri
        for member in members
        for iri in member.systems
        if iri in systems and not atlas.systems[iri].is_of_pixels
    ]
    ranked = (
        [iri for iri in own if atlas.field_of_view(iri)] or own or [i for i in systems if i in atlas.systems]
    )
    return min(ranked, key=lambda iri: (_pixel(atlas, iri), iri)) if ranked else ""


def _pixel(atlas: Atlas, system: str) -> float:
    images = (atlas.image(image) for image in atlas.systems[system].images)
    return min((min(image.pixels.values()) for image in images if image and image.pixels), default=1.0)


def _path(snapshot: Snapshot, site: Site, member: Member) -> str:
    if member.state == "resolved":
        return site.link(member.record.image)
    return site.path(f"/{member.record.accession}") if member.state == "study-only" else ""


def _ways(atlas: Atlas, members: list[Member], site: Site, known: Ways) -> list[Way]:
    """For every ordered pair of member images the best way that exists."""
    placed = {member.record.image: member for member in members if member.systems}
    pairs = [(one, other) for one in placed for other in placed if one != other]
    found = (_way(atlas, placed[one], placed[other], site, known) for one, other in pairs[:MOST_PAIRS])
    return [way for way in found if way]


def _way(atlas: Atlas, one: Member, other: Member, site: Site, known: Ways) -> Way | None:
    try:
        source, target = atlas.system_for(one.record.image), atlas.system_for(other.record.image)
        path = known.find(source, target)
    except TransformRefused:
        return None
    asked = urlencode({"from": atlas.short(source), "to": atlas.short(target)})
    titles = atlas.title(one.record.image), atlas.title(other.record.image)
    return Way(
        *titles,
        unit_of(atlas, target),
        site.path(f"/transform?{asked}"),
        path,
    )


def _system(atlas: Atlas, iri: str, site: Site) -> dict[str, Any]:
    record = atlas.systems.get(iri)
    axes = record.system.axes if record else ()
    return {
        "iri": iri,
        "name": atlas.short(iri),
        "title": (record.title if record else "") or atlas.short(iri),
        "described": record is not None,
        "axes": ", ".join(axis.name for axis in axes),
        "unit": unit_of(atlas, iri),
        "images": [(atlas.title(image), site.link(image)) for image in (record.images if record else ())],
        "path": site.link(iri),
    }


def _step(atlas: Atlas, step: Step, site: Site) -> dict[str, Any]:
    from rembigraph.catalogue.correlation.graph import INVERSE, Move

    record = atlas.transformations[step.key]
    return {
        "title": record.title or atlas.short(step.key),
        "path": site.link(step.key),
        "source": _system(atlas, step.source, site),
        "target": _system(atlas, step.target, site),
        "kind": step.transform.kind,
        "error": error_words(atlas, step),
        "both": atlas.graph.is_walkable(Move(step, INVERSE)),
        "superseded": atlas.superseded_by.get(step.key, ""),
        "landmarks": len(step.fit.source) if step.fit else None,
        "registration": record.registration,
        "documents": record.documents,
        "study": record.study,
    }
