"""What the datasets of a BIA study name by title: the thing of that title, or one of which only the title is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from rembigraph.ontology.generated.models import (
    AnalyzedData,
    Association,
    Biosample,
    ImageAcquisition,
    ImageCorrelation,
    Specimen,
    Study,
)

_Keyed: TypeAlias = Biosample | Specimen | ImageAcquisition | AnalyzedData | ImageCorrelation
_Thing = TypeVar("_Thing", Biosample, Specimen, ImageAcquisition)


class Named:
    """Finds the samples and acquisitions of a study by their titles.

    Args:
        study: the record, with all its samples, protocols and acquisitions.
    """

    def __init__(self, study: Study) -> None:
        self._study = study

    def association(self, titles: dict[str, str | None]) -> Association | None:
        """Return what an association names; None when it names nothing.

        Args:
            titles: `biosample`, `specimen`, `image_acquisition`, `image_analysis`, `image_correlation` -> title.
        """
        sample, specimen, acquisition = map(titles.get, ("biosample", "specimen", "image_acquisition"))
        samples = self._biosample(sample) if sample else []
        found = Association(
            uses_biosample=samples,
            uses_specimen=self._specimen(specimen, samples) if specimen else [],
            uses_acquisition=self._acquisition(acquisition) if acquisition else [],
        )
        analyses = [one for one in self._study.analyzed_data if one.title == titles.get("image_analysis")]
        found.uses_analysis = _only("analyzed", analyses) if titles.get("image_analysis") else []
        methods = [one for one in self._study.correlation if one.title == titles.get("image_correlation")]
        found.uses_correlation = _only("correlation", methods) if titles.get("image_correlation") else []
        return found if any(found.model_dump(exclude_defaults=True).values()) else None

    def _biosample(self, title: str) -> list[str]:
        known = [one for one in self._study.biosample if one.title == title]
        return _only(
            "biosample", known or [_added(self._study.biosample, Biosample(title=title), "biosample")]
        )

    def _acquisition(self, title: str) -> list[str]:
        known = [one for one in self._study.acquisition if one.title == title]
        return _only(
            "acquisition",
            known or [_added(self._study.acquisition, ImageAcquisition(title=title), "acquisition")],
        )

    def _specimen(self, title: str, samples: list[str]) -> list[str]:
        """A specimen is named by the title of its preparation, and is of the biosample that stands beside it."""
        protocols = {f"protocol/{one.key}" for one in self._study.protocol if one.title == title}
        known = [
            one
            for one in self._study.specimen
            if (protocols & set(one.preparation_protocol) or one.title == title)
            and (not samples or set(samples) & set(one.prepared_from))
        ]
        if not known:
            new = Specimen(title=title, prepared_from=samples, preparation_protocol=sorted(protocols))
            known = [_added(self._study.specimen, new, "specimen")]
        return _only("specimen", known)


def _added(things: list[_Thing], new: _Thing, kind: str) -> _Thing:
    new.key = f"{kind}-named-{len(things) + 1}"
    things.append(new)
    return new


def _only(segment: str, things: Sequence[_Keyed]) -> list[str]:
    """Several things of one title can't be told apart: then none is pointed to."""
    names = [f"{segment}/{one.key}" for one in things if one.key]
    return names if len(names) == 1 else []
