"""Samples, specimens, protocols, acquisitions and methods of a curated record, joined by their titles."""

from __future__ import annotations

from rembigraph.loaders.empiar_places import Leaf, Place, Taking
from rembigraph.loaders.values import method_iri, taxon_iri, term_iri
from rembigraph.ontology.generated.models import (
    AnalyzedData,
    AnnotationMethod,
    Biosample,
    ImageAcquisition,
    ImageCorrelation,
    OntologyTerm,
    Protocol,
    Specimen,
    Taxon,
)
from rembigraph.ontology.identifiers import slug
from rembigraph.ontology.term_tables import method, names_method

BIOSAMPLE = ("biosample_title", "bio_sample_title")
PREPARATION = (
    "specimen_imaging_preparation_protocol_title",
    "specimen_imaging_preparation_protocol_titles",
)
ACQUISITION = ("image_acquisition_protocol_title", "image_acquisition_protocol_titles")


class Titles:
    """Which thing a title names, by kind of thing; titles are compared without regard to blanks and case."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}

    def claim(self, kind: str, segment: str, title: str | None) -> str:
        """Return an IRI of its own for a thing, below the study; the first thing of a title is what it names."""
        base = f"{segment}/{slug(title or '') or kind}"
        iri = base
        while iri in self._numbers:
            self._numbers[base] += 1
            iri = f"{base}-{self._numbers[base]}"
        self._numbers[iri] = 1
        self.alias(kind, title, iri)
        return iri

    def alias(self, kind: str, title: str | None, iri: str) -> None:
        """Let a further title name a thing, unless another thing has it."""
        if title:
            self._ids.setdefault((kind, _compared(title)), iri)

    def named(self, title: str, *kinds: str) -> str | None:
        """Return the IRI of the thing of one of these kinds that a title names."""
        return next((iri for kind in kinds if (iri := self._ids.get((kind, _compared(title))))), None)

    def refer(self, leaves: list[Leaf], *kinds: str) -> list[str]:
        """Return what titles name; a title that names nothing stays a kept value."""
        found: dict[str, None] = {}
        for leaf in leaves:
            iri = self.named(leaf.text, *kinds) if leaf.text else None
            if iri:
                leaf.take()
                found[iri] = None
        return list(found)


def _compared(title: str) -> str:
    return " ".join(title.split()).casefold()


class Samples:
    """The things of one curated record that are named by title."""

    def __init__(self, taking: Taking) -> None:
        self.titles = Titles()
        self.biosamples: list[Biosample] = []
        self.protocols: list[Protocol] = []
        self.acquisitions: list[ImageAcquisition] = []
        self.annotation_methods: list[AnnotationMethod] = []
        self.analyses: list[AnalyzedData] = []
        self.correlations: list[ImageCorrelation] = []
        self._specimens: dict[str, Specimen] = {}
        self._taking = taking
        self._taxa: dict[str, Taxon] = {}
        self._terms: dict[str, OntologyTerm] = {}
        self._unnamed: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}

    def read(self, place: Place) -> None:
        """Read everything that has a title: protocols first, for samples name them."""
        for one in place.places("protocol", "protocols"):
            self._protocol(one, "protocol")
        for one in place.places(
            "specimen_imaging_preparation_protocol", "specimen_imaging_preparation_protocols"
        ):
            self._protocol(one, "preparation")
        for one in place.places("image_acquisition_protocol", "image_acquisition_protocols"):
            self._acquisition(one)
        for one in place.places("annotation_method", "annotation_methods"):
            self._annotation_method(one)
        for one in place.places("image_analysis_method", "image_analysis_methods"):
            self._analysis(one)
        for one in place.places("image_correlation_method", "image_correlation_methods"):
            self._correlation(one)
        for one in place.places("bio_sample", "bio_samples"):
            self._biosample(one)
        for one in place.places("specimen"):
            self._specimen(one)

    # --- protocols and methods

    def _protocol(self, place: Place, kind: str) -> None:
        title = place.text("title", "name")
        description = place.text("protocol_description", "description")
        iri = self.titles.claim(kind, "protocol", title)
        self.protocols.append(Protocol(id=iri, title=title, description=description))

    def _acquisition(self, place: Place) -> None:
        title = place.text("title", "name")
        terms, texts = self._methods(place)
        self.acquisitions.append(
            ImageAcquisition(
                id=self.titles.claim("acquisition", "acquisition", title),
                title=title,
                description=place.text("protocol_description", "description"),
                instrument_text=place.texts("imaging_instrument_description"),
                imaging_method=terms,
                imaging_method_text=texts,
            )
        )

    def _methods(self, place: Place) -> tuple[list[OntologyTerm], list[str]]:
        """Return terms, each with the name in the same place of the list of names, and names that label no term."""
        codes, names = place.leaves("fbbi_id"), place.leaves("imaging_method_name")
        together = len(codes) == len(names)
        terms, labels = [], set()
        for number, code in enumerate(codes):
            iri = method_iri(code.text) or term_iri(code.text)
            name = names[number].text if together else ""
            self._taking.resolve_identifier("imaging_method", code, iri, name or None)
            if iri is None:
                continue
            code.take()
            known = method(iri)
            term = self._terms.setdefault(iri, OntologyTerm(id=iri, label=known.label if known else None))
            if name and names_method(iri, name):
                term.label = term.label or name
                labels.add(name)
            terms.append(term)
        return terms, [leaf.text for leaf in names if leaf.text and leaf.take() not in labels]

    def _annotation_method(self, place: Place) -> None:
        title = place.text("title", "name")
        self.annotation_methods.append(
            AnnotationMethod(
                id=self.titles.claim("annotation method", "annotation-method", title),
                title=title,
                description=place.text("protocol_description", "description"),
                annotation_type=place.texts("method_type", "annotation_type"),
                annotation_criteria=place.text("annotation_criteria"),
                annotation_coverage=place.text("annotation_coverage"),
            )
        )

    def _analysis(self, place: Place) -> None:
        title = place.text("title", "name")
        self.analyses.append(
            AnalyzedData(
                id=self.titles.claim("analysis", "analyzed", title),
                title=title,
                description=place.text("features_analysed", "features_analyzed"),
                analysis_method=place.text("protocol_description", "description"),
            )
        )

    def _correlation(self, place: Place) -> None:
        title = place.text("title", "name")
        self.correlations.append(
            ImageCorrelation(
                id=self.titles.claim("correlation", "correlation", title),
                title=title,
                description=place.text("protocol_description", "description"),
                fiducials_used=place.texts("fiducials_used"),
                transformation_matrix_text=place.texts("transformation_matrix"),
                spatial_and_temporal_alignment=place.texts("spatial_and_temporal_alignment"),
            )
        )

    # --- samples

    def _biosample(self, place: Place) -> None:
        title = place.text("title", "name")
        taxa, words = self._organisms(place)
        self.biosamples.append(
            Biosample(
                id=self.titles.claim("biosample", "biosample", title),
                title=title,
                description=place.text("description"),
                biological_entity=place.texts("biological_entity_description", "biological_entity"),
                organism=taxa,
                organism_text=words,
                intrinsic_variable=place.texts("intrinsic_variable_description"),
                extrinsic_variable=place.texts("extrinsic_variable_description"),
                experimental_variable=place.texts("experimental_variable_description"),
                growth_protocol=self.titles.refer(
                    place.leaves("growth_protocol_title", "growth_protocol_titles"), "protocol", "preparation"
                ),
            )
        )

    def _organisms(self, place: Place) -> tuple[list[Taxon], list[str]]:
        """Return taxa, one for each IRI, and names that a taxon of the same IRI does not have."""
        found: list[Taxon] = []
        words: list[str] = []
        for one in place.places("organism_classification"):
            code, name = one.leaf("ncbi_id"), one.text("scientific_name")
            common = one.texts("common_name")
            iri = taxon_iri(code.text, bare=True) if code else None
            if code and code.text:
                self._taking.resolve_identifier("organism", code, iri, name)
            if code and iri:
                code.take()
            if not (iri or name):
                words += common
                continue
            taxon = self._taxa.setdefault(iri or name or "", Taxon(id=iri, scientific_name=name))
            taxon.scientific_name = taxon.scientific_name or name
            taxon.common_name = list(dict.fromkeys([*taxon.common_name, *common]))
            found.append(taxon)
            words += [name] if name and name != taxon.scientific_name else []
        return found, words

    def _specimen(self, place: Place) -> None:
        title = place.text("title", "name")
        self.add_specimen(
            Specimen(
                id=self.titles.claim("specimen", "specimen", title),
                title=title,
                prepared_from=self.biosamples_of(place),
                preparation_protocol=self.preparations_of(place),
            )
        )

    @property
    def specimens(self) -> list[Specimen]:
        """All specimens, in the order in which they were met."""
        return list(self._specimens.values())

    def specimen(self, iri: str) -> Specimen:
        """Return the specimen with this IRI; raises KeyError for an unknown one."""
        return self._specimens[iri]

    def add_specimen(self, specimen: Specimen) -> None:
        """Add a specimen."""
        self._specimens[str(specimen.id)] = specimen

    def biosamples_of(self, place: Place) -> list[str]:
        """Return the biosamples that a part of the record names."""
        return self.titles.refer(place.leaves(*BIOSAMPLE), "biosample")

    def preparations_of(self, place: Place) -> list[str]:
        """Return the preparation protocols that a part of the record names."""
        return self.titles.refer(place.leaves(*PREPARATION), "preparation", "protocol")

    def unnamed_specimen(self, place: Place) -> list[str]:
        """Return the specimen that a part of the record describes by biosample and preparation only.

        The same biosamples and preparations are one specimen of the record, as they are in the archive's own form.
        """
        made = (tuple(self.biosamples_of(place)), tuple(self.preparations_of(place)))
        if not any(made):
            return []
        if made not in self._unnamed:
            words = " ".join(iri.partition("/")[2] for part in made for iri in part)
            iri = self.titles.claim("unnamed specimen", "specimen", words)
            self._unnamed[made] = iri
            self.add_specimen(
                Specimen(id=iri, prepared_from=list(made[0]), preparation_protocol=list(made[1]))
            )
        return [self._unnamed[made]]
