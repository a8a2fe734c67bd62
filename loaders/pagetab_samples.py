"""Biosamples, specimens, acquisitions, analyses, annotations and study components of a BioStudies submission."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from rembigraph.loaders.pagetab_files import file_lists, listed_files, sum_sizes
from rembigraph.loaders.pagetab_tree import Attribute, Section, Taken, folded
from rembigraph.loaders.values import method_iri, taxon_iri, term_iri
from rembigraph.ontology.generated.models import (
    AnalyzedData,
    Annotation,
    AnnotationMethod,
    Association,
    Biosample,
    ImageAcquisition,
    ImageCorrelation,
    OntologyTerm,
    Protocol,
    Specimen,
    StudyComponent,
    Taxon,
)
from rembigraph.ontology.identifiers import CURIES, is_web_address, safe_key
from rembigraph.ontology.term_tables import names_method

_PREPARATION = ("sample preparation protocol", "specimen preparation protocol", "preparation method")
_PROTOCOL_TYPE = ("type", "protocol type")
_TERM_ID = ("termid", "term id", "ontology term id")
_PARTS = ("biosample", "specimen", "image acquisition", "image analysis", "image correlation")


class Samples:
    """Maps what was imaged and how, each section once.

    Args:
        taken: takes and accounts for values.
    """

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self.biosamples: list[Biosample] = []
        self.specimens: list[Specimen] = []
        self.acquisitions: list[ImageAcquisition] = []
        self.analyses: list[AnalyzedData] = []
        self.correlations: list[ImageCorrelation] = []
        self.protocols: list[Protocol] = []
        self.annotations: list[Annotation] = []
        self.annotation_methods: list[AnnotationMethod] = []
        self.components: list[StudyComponent] = []
        self.organism_text: list[str] = []
        self._by_title: dict[str, dict[str, list[str]]] = {kind: defaultdict(list) for kind in _PARTS}
        self._specimens: dict[str, Specimen] = {}

    def map_all(self, study: Section) -> None:
        """Map every section of the study; components last, because they name the others by title."""
        self._map_parts(study)
        for of in study.below("annotations", "annotation"):
            self._annotation(of)
        for of in study.below("study component"):
            self._component(of)
        for of in study.below("experiment"):
            self._experiment(of)
        for of in study.below("protocol"):
            self._protocol(of, self._key(of, "protocol"))

    def _map_parts(self, of: Section) -> dict[str, list[str]]:
        """Map the parts right below a section and return references to them by kind.

        What says nothing but its name would be a thing without properties: it stays kept.
        """
        makers: dict[str, Callable[[Section, str], str]] = {
            "biosample": self._biosample,
            "specimen": self._specimen,
            "image acquisition": self._acquisition,
            "image analysis": self._analysis,
            "image correlation": self._correlation,
        }
        found: dict[str, list[str]] = {}
        for kind, make in makers.items():
            for part in of.below(kind):
                if not part.says_something():
                    continue
                self._taken.claim(part)
                reference = make(part, self._key(part, kind))
                found.setdefault(kind, []).append(reference)
                for one in self._taken.attributes(part, "title"):
                    self._by_title[kind][folded(one.text)].append(reference)
        return found

    def _key(self, of: Section, kind: str) -> str:
        """The section's own name, or one from its place in the document: a reference needs one."""
        return self._taken.key(of, kind) or "pagetab-" + "-".join(
            part for part in of.pointer.split("/") if part.isdigit()
        )

    def _biosample(self, of: Section, key: str) -> str:
        taken = self._taken
        sample = Biosample(
            key=key,
            title=taken.text(of, "title"),
            description=taken.text(of, "description"),
            biological_entity=taken.texts(of, "biological entity"),
            organism_text=taken.texts(of, "organism"),
            intrinsic_variable=taken.texts(of, "intrinsic variable"),
            extrinsic_variable=taken.texts(of, "extrinsic variable"),
            experimental_variable=taken.texts(of, "experimental variable"),
        )
        for child in of.below("organism"):
            self._organism(child, sample)
        sample.attribute_text = taken.rest(of)
        self.biosamples.append(sample)
        return _reference("biosample", key)

    def _organism(self, of: Section, sample: Biosample) -> None:
        taken = self._taken
        taken.claim(of)
        taken.named(of)
        number = next(
            (one for one in taken.attributes(of, "ncbi taxon id") if taxon_iri(one.text, bare=True)), None
        )
        if number is None:
            taken.empty(of, "ncbi taxon id")
            sample.organism_text += self._organism_in_words(of)
            return
        taken.mapped(number)
        sample.organism.append(
            Taxon(
                id=taxon_iri(number.text, bare=True),
                scientific_name=taken.text(of, "scientific name"),
                common_name=taken.texts(of, "common name"),
            )
        )

    def _organism_in_words(self, of: Section) -> list[str]:
        """The names of one organism as version 4 of the template writes them: `Homo sapiens (human)`."""
        names = self._taken.texts(of, "scientific name")
        common = self._taken.texts(of, "common name")
        if len(names) == 1 and common:
            return [f"{names[0]} ({', '.join(common)})"]
        return names or common

    def _specimen(self, of: Section, key: str) -> str:
        specimen = Specimen(
            key=key,
            title=self._taken.text(of, "title"),
            description=self._taken.text(of, "description"),
            preparation_protocol=self._protocols(of, f"{key}-preparation", *_PREPARATION),
            growth_protocol=self._protocols(of, f"{key}-growth", "growth protocol"),
        )
        specimen.attribute_text = self._taken.rest(of)
        self.specimens.append(specimen)
        self._specimens[_reference("specimen", key)] = specimen
        return _reference("specimen", key)

    def _protocols(self, of: Section, key: str, *names: str) -> list[str]:
        found = []
        for number, text in enumerate(self._taken.texts(of, *names), start=1):
            name = key if number == 1 else f"{key}-{number}"
            self.protocols.append(Protocol(key=name, description=text))
            found.append(_reference("protocol", name))
        return found

    def _acquisition(self, of: Section, key: str) -> str:
        taken = self._taken
        acquisition = ImageAcquisition(
            key=key,
            title=taken.text(of, "title"),
            description=taken.text(of, "description"),
            instrument_text=taken.texts(of, "imaging instrument"),
            parameters_text=taken.text(of, "image acquisition parameters"),
        )
        for one in taken.attributes(of, "imaging method"):
            self._method_of_attribute(one, acquisition)
        for child in of.below("imaging method"):
            self._method_of_section(child, acquisition)
        acquisition.attribute_text = taken.rest(of)
        self.acquisitions.append(acquisition)
        return _reference("acquisition", key)

    def _method_of_attribute(self, one: Attribute, imaged: ImageAcquisition | StudyComponent) -> None:
        term = self._qualified_term(one, method_iri)
        if term:
            imaged.imaging_method.append(term)
        elif text := self._taken.one(one):
            imaged.imaging_method_text.append(text)

    def _qualified_term(
        self, one: Attribute, iri_of: Callable[[str], str | None] | None = None
    ) -> OntologyTerm | None:
        """Take an attribute whose qualifiers say which term its value is; None when they don't."""
        identifier = next((each for each in one.qualifiers if each.name in _TERM_ID and each.text), None)
        iri = (iri_of or _term)(identifier.text) if identifier else None
        if iri is None or identifier is None or not (text := self._taken.one(one)):
            return None
        ontology = (
            each for each in one.qualifiers if each.name == "ontology" and names_ontology(each.text, iri)
        )
        for each in (identifier, *ontology):
            self._taken.qualified(each)
        return OntologyTerm(id=iri, label=text)

    def _method_of_section(self, of: Section, acquisition: ImageAcquisition) -> None:
        taken = self._taken
        taken.claim(of)
        taken.named(of)
        iri_of = next((one for one in taken.attributes(of, "ontology term id") if _term(one.text)), None)
        names = taken.texts(of, "ontology value")
        for one in taken.attributes(of, "ontology name"):
            # The same words again, or the name of the ontology, which the IRI says.
            if one.text in names or (iri_of and names_ontology(one.text, str(_term(iri_of.text)))):
                taken.mapped(one)
        taken.empty(of, "ontology name", "ontology term id")
        if iri_of is None:
            acquisition.imaging_method_text += names
            return
        taken.mapped(iri_of)
        label = names[0] if names else None
        iri = _term(iri_of.text)
        if iri and label and not names_method(iri, label):
            acquisition.imaging_method_text += names  # the words say something else than the term: both stand
            label = None
        acquisition.imaging_method.append(OntologyTerm(id=iri, label=label))

    def _analysis(self, of: Section, key: str) -> str:
        taken = self._taken
        self.analyses.append(
            AnalyzedData(
                key=key,
                title=taken.text(of, "title"),
                analysis_method=taken.text(of, "image analysis overview", "description"),
                attribute_text=taken.rest(of),
            )
        )
        return _reference("analyzed", key)

    def _correlation(self, of: Section, key: str) -> str:
        taken = self._taken
        self.correlations.append(
            ImageCorrelation(
                key=key,
                title=taken.text(of, "title"),
                spatial_and_temporal_alignment=taken.texts(of, "spatial and temporal alignment"),
                fiducials_used=taken.texts(of, "fiducials used"),
                transformation_matrix_text=taken.texts(of, "transformation matrix"),
                related_images_and_relationship=taken.texts(of, "related images and relationship"),
                attribute_text=taken.rest(of),
            )
        )
        return _reference("correlation", key)

    def _annotation(self, of: Section) -> None:
        taken = self._taken
        taken.claim(of)
        key = self._key(of, "annotation")
        types = taken.texts(of, "annotation type")
        method = AnnotationMethod(
            key=key,
            description=taken.text(of, "annotation method"),
            annotation_type=types,
            annotation_criteria=taken.text(of, "annotation criteria"),
            annotation_coverage=taken.text(of, "annotation coverage"),
            annotation_confidence=taken.text(of, "annotation confidence level", "annotation confidence"),
        )
        says_how = any(value for name, value in method if name != "key")
        if says_how:
            self.annotation_methods.append(method)
        self.annotations.append(
            Annotation(
                key=key,
                title=taken.text(of, "title", "name"),
                description=taken.text(of, "annotation overview", "description"),
                annotation_type=types,
                by_annotation_method=[_reference("annotation-method", key)] if says_how else [],
                file_set=file_lists(of, taken),
                attribute_text=taken.rest(of),
            )
        )

    # --- study components

    def _component(self, of: Section) -> None:
        taken = self._taken
        taken.claim(of)
        own = self._map_parts(of)
        component = StudyComponent(
            key=self._key(of, "component"),
            title=taken.text(of, "name", "title"),
            description=taken.text(of, "description"),
            file_set=[*file_lists(of, taken), *listed_files(of, taken)],
        )
        _use(component, own)
        for tuple_of in of.below("associations", "association"):
            taken.claim(tuple_of)
            taken.named(tuple_of)
            component.file_set += file_lists(tuple_of, taken)
            self._associate(component, self._named(tuple_of))
        sum_sizes(component)
        component.attribute_text = taken.rest(of)
        self.components.append(component)

    def _experiment(self, of: Section) -> None:
        """Early submissions say what was imaged, and how, in one section with protocols below it."""
        taken = self._taken
        taken.claim(of)
        component = StudyComponent(
            key=self._key(of, "component"),
            title=taken.text(of, "name", "title"),
            description=taken.text(of, "description"),
            file_set=[*file_lists(of, taken), *listed_files(of, taken)],
        )
        for one in taken.attributes(of, "imaging method"):
            self._method_of_attribute(one, component)
        self.organism_text += taken.texts(of, "organism", "characteristics [organism]")
        for number, child in enumerate(of.below("protocol"), start=1):
            self._protocol(child, f"{component.key}-{number}")
        sum_sizes(component)
        component.attribute_text = taken.rest(of)
        self.components.append(component)

    def _protocol(self, of: Section, key: str) -> None:
        taken = self._taken
        taken.claim(of)
        protocol = Protocol(
            key=taken.key(of, "protocol") or key,
            title=taken.text(of, "name", "title"),
            description=taken.text(of, "description"),
        )
        for one in of.attributes:
            if one.name in _PROTOCOL_TYPE and (term := self._qualified_term(one)):
                protocol.protocol_type.append(term)
        protocol.attribute_text = taken.rest(of)
        self.protocols.append(protocol)

    def _named(self, of: Section) -> dict[str, list[str]]:
        """Return what one Associations section names by title; a title that is none, or of two things, stays kept."""
        found: dict[str, list[str]] = {}
        for kind in _PARTS:
            for one in self._taken.attributes(of, kind):
                references = self._by_title[kind].get(folded(one.text), []) if one.text else []
                if len(references) == 1:
                    self._taken.mapped(one)
                    found.setdefault(kind, []).append(references[0])
                elif not one.text:
                    self._taken.one(one)
        return found

    def _associate(self, component: StudyComponent, named: dict[str, list[str]]) -> None:
        """One Associations section is one tuple: what it names goes together, never with what others name."""
        if not named:
            return
        association = Association()
        _use(association, named)
        component.association.append(association)
        _use(component, named)
        for name in named.get("specimen", ()):
            specimen = self._specimens[name]
            specimen.prepared_from = _together(specimen.prepared_from, named.get("biosample", ()))


def _reference(segment: str, key: str) -> str:
    return f"{segment}/{safe_key(key)}"


def _term(text: str) -> str | None:
    """The IRI of a term: FBbi is asked for, others stand there, too, also as `EFO_0003789`."""
    prefix, _, number = text.partition("_")
    iri = term_iri(f"{prefix}:{number}" if prefix in CURIES and number.isdigit() else text) if text else None
    return iri if iri and is_web_address(iri) else None


def names_ontology(text: str, iri: str) -> bool:
    """Whether the name of an ontology says no more than the IRI of a term of it.

    >>> fbbi = "http://purl.obolibrary.org/obo/FBbi_00000246"
    >>> names_ontology("Biological Imaging Methods Ontology (FBbi)", fbbi), names_ontology("EDAM", fbbi)
    (True, False)
    """
    words = set(re.findall(r"[a-z]{3,}", text.casefold())) - {
        "http",
        "https",
        "www",
        "org",
        "com",
        "purl",
        "obo",
    }
    return any(word in iri.casefold() for word in words)


def _use(part: Any, named: dict[str, list[str]]) -> None:
    """Add references to a study component or an association."""
    part.uses_biosample = _together(part.uses_biosample, named.get("biosample", ()))
    part.uses_specimen = _together(part.uses_specimen, named.get("specimen", ()))
    part.uses_acquisition = _together(part.uses_acquisition, named.get("image acquisition", ()))
    part.uses_analysis = _together(part.uses_analysis, named.get("image analysis", ()))
    part.uses_correlation = _together(part.uses_correlation, named.get("image correlation", ()))


def _together(known: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))
