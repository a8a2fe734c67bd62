"""Datasets, samples, protocols and methods of a BIA study, joined by uuid."""

from __future__ import annotations

from rembigraph.loaders.bia_fields import Fields, decimal
from rembigraph.loaders.bia_objects_index import METADATA, Objects, claim, metadata, uuid_of
from rembigraph.loaders.bia_objects_named import Named
from rembigraph.loaders.leaves import raw_json
from rembigraph.loaders.values import method_iri, prose, taxon_iri
from rembigraph.ontology.generated.models import (
    AnalyzedData,
    AnnotationMethod,
    Biosample,
    FileSet,
    ImageAcquisition,
    ImageCorrelation,
    OntologyTerm,
    Protocol,
    QuantityValue,
    SignalChannel,
    Specimen,
    Study,
    StudyComponent,
    Taxon,
)

# Name of an entry of a Dataset's metadata -> the type of what it names, and the slot for it.
_NAMED = {
    "bio_sample_uuid": ("BioSample", "uses_biosample"),
    "specimen_uuid": ("Specimen", "uses_specimen"),
    "image_acquisition_protocol_uuid": ("ImageAcquisitionProtocol", "uses_acquisition"),
    "specimen_imaging_preparation_protocol_uuid": (
        "SpecimenImagingPreparationProtocol",
        "preparation_protocol",
    ),
    "annotation_method_uuid": ("AnnotationMethod", "by_annotation_method"),
    "protocol_uuid": ("Protocol", "processing_protocol"),
}
_ASSOCIATED = ("biosample", "specimen", "image_acquisition", "image_analysis", "image_correlation")
_COMPONENTS = ("experimental_imaging_component", "annotation_component")


class Parts:
    """Maps everything of a study but its images and annotations.

    Args:
        objects: the objects.
        study: the record.
    """

    def __init__(self, objects: Objects, study: Study) -> None:
        self._objects = objects
        self._study = study
        self._named = Named(study)

    def map_all(self) -> None:
        """Map samples, protocols and methods, then the datasets, which name them."""
        study = self._study
        study.biosample = [self._biosample(of) for _, of in self._objects.of_type("BioSample")]
        study.specimen = [self._specimen(of) for _, of in self._objects.of_type("Specimen")]
        study.acquisition = [_acquisition(of) for _, of in self._objects.of_type("ImageAcquisitionProtocol")]
        study.protocol = [
            _protocol(of)
            for kind in ("SpecimenImagingPreparationProtocol", "Protocol")
            for _, of in self._objects.of_type(kind)
        ]
        study.annotation_method = [
            _annotation_method(of) for _, of in self._objects.of_type("AnnotationMethod")
        ]
        study.component = [self._component(of) for _, of in self._objects.of_type("Dataset")]
        study.component += self._embedded()
        study.component += self._others()

    def _embedded(self) -> list[StudyComponent]:
        """Return the datasets that an early Study holds; one that it names is an object of its own."""
        root = self._objects.root
        found: list[StudyComponent] = []
        for name in _COMPONENTS:
            self._objects.resolve(root, "Dataset", name)
            held = [one for one in root.objects(name) if not self._objects.get(uuid_of(one.value), "Dataset")]
            found += [self._component(one) for one in held]
        return found

    def _others(self) -> list[StudyComponent]:
        """Return what is summed up for the study as a whole: too many images, and files of no dataset that is here."""
        known = {component.key for component in self._study.component}
        files = [found for dataset, found in self._objects.files.items() if dataset not in known]
        sets = [one.file_set(f"files-{number}", None) for number, one in enumerate(files, start=1)]
        for kind, table in self._objects.summed.items():
            one = table.file_set(f"objects-{kind}", kind)
            one.image_count, one.file_count = (one.file_count if kind == "Image" else None), None
            sets.append(one)
        return [StudyComponent(key="objects", title=self._study.title, file_set=sets)] if sets else []

    def complete_components(self) -> None:
        """Join each dataset to what its images show and how they were made."""
        samples = {f"specimen/{one.key}": one.prepared_from for one in self._study.specimen}
        for component in self._study.component:
            mine = f"component/{component.key}"
            for image in self._study.image:
                if mine not in image.part_of:
                    continue
                component.uses_specimen = _together(component.uses_specimen, image.of_specimen)
                component.uses_acquisition = _together(component.uses_acquisition, image.generated_by)
            for specimen in component.uses_specimen:
                component.uses_biosample = _together(component.uses_biosample, samples.get(specimen, []))

    # --- samples

    def _biosample(self, of: Fields) -> Biosample:
        key, said = claim(of)
        taxa, texts = _organisms(of)
        return Biosample(
            key=key,
            title=of.text("title", "title_id"),
            description=of.text("description"),
            biological_entity=of.texts("biological_entity_description"),
            experimental_variable=of.texts("experimental_variable_description"),
            extrinsic_variable=of.texts("extrinsic_variable_description"),
            intrinsic_variable=of.texts("intrinsic_variable_description"),
            organism=taxa,
            organism_text=texts,
            growth_protocol=self._objects.resolve(of, "Protocol", "growth_protocol_uuid"),
            attribute_text=[*said, *metadata(of)],
        )

    def _specimen(self, of: Fields) -> Specimen:
        key, said = claim(of)
        prepared = self._objects.resolve(
            of, "SpecimenImagingPreparationProtocol", "imaging_preparation_protocol_uuid"
        )
        found = Specimen(
            key=key,
            title=of.text("title", "title_id"),
            prepared_from=self._objects.resolve(of, "BioSample", "sample_of_uuid"),
            preparation_protocol=prepared,
            growth_protocol=self._objects.resolve(of, "Protocol", "growth_protocol_uuid"),
            attribute_text=[*said, *metadata(of)],
        )
        for reference in prepared:
            protocol = self._objects.get(reference.partition("/")[2], "SpecimenImagingPreparationProtocol")
            for channel in protocol.objects("signal_channel_information") if protocol else ():
                _add_channel(channel, found)
        return found

    # --- datasets

    def _component(self, of: Fields) -> StudyComponent:
        key, said = claim(of)
        if study := of.text("submitted_in_study_uuid"):
            said = (
                said if study.casefold() in self._study.alternate_identifier else [*said, f"study: {study}"]
            )
        found = StudyComponent(
            key=key, title=of.text("title", "title_id"), description=of.text("description")
        )
        mine = key or of.pointer.strip("/").replace("/", "-")
        analyses = [self._analysis(one, f"{mine}-{n}") for n, one in _numbered(of, "analysis_method")]
        correlations = [
            self._correlation(one, f"{mine}-{n}") for n, one in _numbered(of, "correlation_method")
        ]
        found.uses_analysis = [f"analyzed/{one.key}" for one in analyses]
        found.uses_correlation = [f"correlation/{one.key}" for one in correlations]
        self._study.analyzed_data += analyses
        self._study.correlation += correlations
        pictures, words = of.addresses("example_image_uri")
        self._study.thumbnail = _together(self._study.thumbnail, pictures)
        found.file_set = self._files(of, key)
        found.attribute_text = [*said, *(f"example_image_uri: {word}" for word in words), *metadata(of)]
        self._join(of, found)
        return found

    def _analysis(self, of: Fields, key: str) -> AnalyzedData:
        return AnalyzedData(
            key=key,
            title=of.text("title", "title_id"),
            analysis_method=of.text("protocol_description"),
            result_type=of.text("features_analysed"),
            attribute_text=metadata(of),
        )

    def _correlation(self, of: Fields, key: str) -> ImageCorrelation:
        return ImageCorrelation(
            key=key,
            title=of.text("title", "title_id"),
            spatial_and_temporal_alignment=of.texts("protocol_description"),
            fiducials_used=of.texts("fiducials_used"),
            transformation_matrix_text=of.texts("transformation_matrix"),
            attribute_text=metadata(of),
        )

    def _join(self, of: Fields, component: StudyComponent) -> None:
        """Turn what the metadata name by uuid or title into references, where the thing is here."""
        for entry in of.objects(*METADATA):
            name = str(entry.peek("name"))
            if name == "associations":
                self._associate(entry, component)
            elif name in _NAMED:
                kind, slot = _NAMED[name]
                for inner in entry.objects("value"):
                    known = getattr(component, slot)
                    setattr(component, slot, _together(known, self._objects.resolve(inner, kind, name)))

    def _associate(self, entry: Fields, component: StudyComponent) -> None:
        for value in entry.objects("value"):
            inner = list(value.objects("associations")) or [value]
            for one in inner:
                found = self._named.association({name: _words(one, name) for name in _ASSOCIATED})
                if found is not None:
                    component.association.append(found)
                    for slot in ("uses_biosample", "uses_acquisition", "uses_specimen"):
                        setattr(component, slot, _together(getattr(component, slot), getattr(found, slot)))

    def _files(self, of: Fields, key: str | None) -> list[FileSet]:
        """One set stands for the files of a dataset, with what its metadata say of them."""
        known = self._objects.files.get((key or "").casefold())
        found = known.file_set(key or "files", None) if known else FileSet(key=key)
        given = False
        for entry in of.objects(*METADATA):
            for value in entry.objects("value"):
                given = _describe_files(str(entry.peek("name")), value, found) or given
        return [found] if known or given else []


def _describe_files(name: str, value: Fields, found: FileSet) -> bool:
    """Copy what an entry of the metadata says of files; its words are in the record as they stand."""
    if name == "dirpath_prefix":
        path = _words(value, "dirpath_prefix") or _words(value, "prefix")
        found.path_pattern = _together([path] if path else [], found.path_pattern)
    elif name == "imageset_metadata":
        found.format = found.format or _words(value, "data_format")
        found.header_format = _words(value, "header_format")
        found.voxel_size = [
            QuantityValue(title=axis, numeric_value=number, raw_text=raw_json(value.peek(member)))
            for axis, member in (("x", "pixel_width"), ("y", "pixel_height"))
            if (number := decimal(value.peek(member))) is not None and number > 0
        ]
    else:
        return False
    return True


def _words(value: Fields, name: str) -> str | None:
    text = value.peek(name)
    return prose(text) or None if isinstance(text, str) else None


def _numbered(of: Fields, name: str) -> list[tuple[str, Fields]]:
    kind = name.partition("_")[0]
    return [(f"{kind}-{number}", one) for number, one in enumerate(of.objects(name), start=1)]


def _together(known: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*known, *more]))


def _organisms(of: Fields) -> tuple[list[Taxon], list[str]]:
    """An organism with a taxon number is a taxon; one without is said in words, its everyday name in brackets."""
    taxa, texts = [], []
    for one in of.objects("organism_classification"):
        identifier = one.peek("ncbi_id")
        iri = taxon_iri(str(identifier), bare=True) if identifier else None
        scientific, common = one.text("scientific_name"), one.text("common_name")
        if iri:
            one.text("ncbi_id")
            taxa.append(Taxon(id=iri, scientific_name=scientific, common_name=[common] if common else []))
        else:
            one.nothing("ncbi_id")
            words = f"{scientific} ({common})" if scientific and common else scientific or common
            texts += [words] if words else []
        one.nothing(*METADATA)
    return taxa, texts


def _add_channel(of: Fields, specimen: Specimen) -> None:
    mechanism = of.texts("signal_contrast_mechanism_description")
    specimen.signal_contrast_mechanism = _together(specimen.signal_contrast_mechanism, mechanism)
    channel = SignalChannel(
        title=of.text("channel_label"),
        channel_content=of.text("channel_content_description"),
        channel_entity=of.text("channel_biological_entity"),
    )
    if channel.title or channel.channel_content or channel.channel_entity:
        specimen.channel.append(channel)


# --- protocols and methods


def _acquisition(of: Fields) -> ImageAcquisition:
    key, said = claim(of)
    terms, texts = [], []
    for text in of.texts("fbbi_id"):
        iri = method_iri(text)
        if iri:
            terms.append(OntologyTerm(id=iri))
        else:
            texts.append(f"fbbi_id: {text}")
    return ImageAcquisition(
        key=key,
        title=of.text("title", "title_id"),
        description=of.text("protocol_description"),
        instrument_text=of.texts("imaging_instrument_description"),
        imaging_method=terms,
        imaging_method_text=of.texts("imaging_method_name"),
        attribute_text=[*said, *texts, *metadata(of)],
    )


def _protocol(of: Fields) -> Protocol:
    key, said = claim(of)
    of.nothing("signal_channel_information")
    return Protocol(
        key=key,
        title=of.text("title", "title_id"),
        description=of.text("protocol_description"),
        attribute_text=[*said, *metadata(of)],
    )


def _annotation_method(of: Fields) -> AnnotationMethod:
    key, said = claim(of)
    source = of.text("annotation_source_indicator")
    return AnnotationMethod(
        key=key,
        title=of.text("title", "title_id"),
        description=of.text("protocol_description"),
        annotation_criteria=of.text("annotation_criteria"),
        annotation_coverage=of.text("annotation_coverage"),
        annotation_type=of.texts("method_type"),
        spatial_information=of.text("spatial_information"),
        annotation_transformation=of.text("transformation_description"),
        attribute_text=[
            *said,
            *([f"annotation_source_indicator: {source}"] if source else []),
            *metadata(of),
        ],
    )
