"""Finds terms for texts: what a source says of organisms and imaging methods in words only.

Only an exact label or synonym of the term tables counts; the text stays where it was, the term stands beside it, and a
`Resolution` says how it was found, or that it was not. An organism whose name and identifier mean different taxa is
reported as a contradiction and left as it is: nobody here knows which of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rembigraph.ontology.generated.models import (
    Biosample,
    ImageAcquisition,
    OntologyTerm,
    Resolution,
    Study,
    StudyComponent,
    Taxon,
)
from rembigraph.ontology.term_tables import contradicts, method, resolve_method, resolve_organism, taxon

_Found: TypeAlias = "tuple[str | None, str]"


def resolve_texts(study: Study) -> None:
    """Add the terms that texts name exactly, and a resolution for each text, to a study in place."""
    known = {(one.of_field, one.raw_text) for one in study.resolution}

    def note(field: str, text: str, found: _Found, identifier: str | None = None) -> None:
        if (field, text) in known:
            return
        known.add((field, text))
        iri, how = found
        study.resolution.append(
            Resolution(
                of_field=field,
                raw_text=text,
                raw_identifier=identifier,
                resolved_to=iri,
                resolution_method=how,
            )
        )

    _methods(study, note)
    for component in study.component:
        _methods(component, note)
    for acquisition in study.acquisition:
        _methods(acquisition, note)
    _organisms(study, note)
    for sample in study.biosample:
        _organisms(sample, note)


_Note: TypeAlias = Callable[..., None]


def _methods(part: Study | StudyComponent | ImageAcquisition, note: _Note) -> None:
    for text in part.imaging_method_text:
        iri, how = resolve_method(text)
        note("imaging_method", text, (iri, how))
        if iri and all(term.id != iri for term in part.imaging_method):
            known = method(iri)
            part.imaging_method.append(OntologyTerm(id=iri, label=known.label if known else text))


def _organisms(sample: Study | Biosample, note: _Note) -> None:
    for text in sample.organism_text:
        iri, how = resolve_organism(text)
        note("organism", text, (iri, how))
        if iri and all(one.id != iri for one in sample.organism):
            known = taxon(iri)
            sample.organism.append(Taxon(id=iri, scientific_name=known.scientific_name if known else text))
    for one in sample.organism:
        if one.id and one.scientific_name and contradicts(one.id, one.scientific_name):
            note("organism", one.scientific_name, (None, "contradiction"), one.id)
