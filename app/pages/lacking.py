"""What a correlation lacks before places can be found from one image in the other, in words."""

from __future__ import annotations

from itertools import product, starmap
from typing import TYPE_CHECKING, Final

from rembigraph.catalogue.correlation.paths import find_path
from rembigraph.catalogue.correlation.routing import Reach
from rembigraph.ontology.errors import TransformRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rembigraph.catalogue.correlation.atlas import Atlas, Member
    from rembigraph.catalogue.correlation.records import CorrelationRecord

_MOST_SYSTEMS: Final = 8
"""Systems of one image that ways are looked for between."""

_MOST_OTHERS: Final = 19
"""Members that ways are looked for to from each."""


def lacking(atlas: Atlas, one: CorrelationRecord, members: Sequence[Member]) -> list[str]:
    """Return what is missing, a sentence each, the most hindering first."""
    return list(
        dict.fromkeys([*_of_members(atlas, members), *_of_maps(atlas, one), *_of_ways(atlas, members)])
    )


def _of_members(atlas: Atlas, members: Sequence[Member]) -> Iterator[str]:
    if len(members) < 2:
        yield "Fewer than two images are named as members."
    for member in members:
        name = atlas.short(member.record.image) or member.record.accession
        if member.state == "dangling":
            yield f"{name} has no record in this catalogue yet: the link leads nowhere from here."
        elif member.state == "unnamed":
            yield "A member is named neither by an image nor by an accession."
        elif member.state == "study-only":
            yield f"{member.record.accession} is here, but which of its images takes part is not said."
        elif not member.systems:
            yield f"No record gives {name} a coordinate system."
        if member.one_sided:
            yield f"{member.record.accession} states no correlation with this study: the link is one-sided."


def _of_maps(atlas: Atlas, one: CorrelationRecord) -> Iterator[str]:
    if not one.transformations:
        yield "No coordinate transformation is given."
    for iri in one.transformations:
        name = atlas.short(iri)
        if iri not in atlas.transformations:
            yield f"The transformation {name} is named, but not described."
        elif iri in atlas.faults:
            yield f"The transformation {name} cannot be used: {atlas.faults[iri].message}."
        elif iri in atlas.superseded_by:
            yield f"The transformation {name} has been replaced by {atlas.short(atlas.superseded_by[iri])}."
        elif not atlas.graph.steps[iri].exact and atlas.graph.stated_rms(atlas.graph.steps[iri]) is None:
            yield f"No usable error is stated for {name}: a root mean square with its unit and coordinate system."


def _of_ways(atlas: Atlas, members: Sequence[Member]) -> Iterator[str]:
    placed = [member for member in members if member.systems]
    reach = Reach(atlas.graph)
    for at, first in enumerate(placed):
        for second in placed[at + 1 : at + 1 + _MOST_OTHERS]:
            pairs = product(first.systems[:_MOST_SYSTEMS], second.systems[:_MOST_SYSTEMS])
            if first.record.image == second.record.image or any(starmap(reach.leads, pairs)):
                continue
            try:
                find_path(atlas.graph, first.systems[0], second.systems[0])
            except TransformRefused as refused:
                names = " to ".join(atlas.short(each.record.image) for each in (first, second))
                yield f"No way leads from {names}: {refused.message.replace(atlas.iris.data_base, '')}."
