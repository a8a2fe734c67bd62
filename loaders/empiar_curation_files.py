"""Datasets of a curated record: which files are which images and annotations, and what they were made from."""

from __future__ import annotations

from rembigraph.loaders.empiar_curation_samples import ACQUISITION, BIOSAMPLE, PREPARATION, Samples
from rembigraph.loaders.empiar_places import Leaf, Place
from rembigraph.ontology.generated.models import (
    Annotation,
    FileReference,
    FileSet,
    Image,
    ImageRepresentation,
    Specimen,
    StudyComponent,
)

_LABEL = ("label",)
_PREFIX = ("label_prefix",)
_INPUT_LABEL = ("input_label", "input_image_label")
_INPUT_PREFIX = ("input_label_prefix",)
_INPUT_PATTERN = ("input_file_pattern",)
_WHOLE_DATASET = "dataset"


class Files:
    """The datasets of one record, with their images and annotations."""

    def __init__(self, samples: Samples) -> None:
        self.components: list[StudyComponent] = []
        self.images: list[Image] = []
        self.annotations: list[Annotation] = []
        self._samples = samples
        self._titles = samples.titles

    def read(self, place: Place) -> None:
        """Read the datasets, then what specimens their rules name."""
        datasets = place.places("datasets", "dataset")
        images = [(dataset, self._claimed(dataset, "assigned_images", "image")) for dataset in datasets]
        marks = [self._claimed(dataset, "assigned_annotations", "annotation") for dataset in datasets]
        for (dataset, shown), marked in zip(images, marks, strict=True):
            component = self._component(dataset)
            for iri, one in shown:
                self._image(iri, one, component)
            for iri, one in marked:
                self._annotation(iri, one, component)
            component.uses_specimen = _once(component.uses_specimen)
            component.uses_acquisition = _once(component.uses_acquisition)
            self.components.append(component)
        self._specimens_by_rule(place, datasets)

    def _claimed(self, dataset: Place, name: str, segment: str) -> list[tuple[str, Place]]:
        """Give images or annotations their IRIs before anything refers to them by label or file pattern."""
        found = []
        for one in dataset.places(name):
            label, prefix, pattern = one.peek(*_LABEL), one.peek(*_PREFIX), one.peek("file_pattern")
            iri = self._titles.claim("labelled", segment, label or prefix or pattern)
            self._titles.alias("prefixed", prefix, iri)
            self._titles.alias("stored", pattern, iri)
            found.append((iri, one))
        return found

    # --- datasets

    def _component(self, dataset: Place) -> StudyComponent:
        title = dataset.text("title", "name")
        component = StudyComponent(
            id=self._titles.claim("component", "component", title),
            title=title,
            description=dataset.text("description"),
            alternate_identifier=dataset.texts("id"),
            file_set=[*self._rules(dataset), *_additional_files(dataset)],
            uses_biosample=[],
            uses_specimen=[],
            uses_acquisition=self._acquisitions(dataset),
            preparation_protocol=[],
            processing_protocol=[],
            by_annotation_method=[],
            uses_analysis=[],
            uses_correlation=[],
            has_image=[],
        )
        for one in dataset.places("assigned_dataset_rembis"):
            self._assign(component, one)
        for one in dataset.places("specimen_groups"):
            component.uses_specimen += self._group(one)
        return component

    def _assign(self, component: StudyComponent, place: Place) -> None:
        """Add what belongs to a dataset as a whole."""
        refer = self._titles.refer
        component.uses_acquisition += self._acquisitions(place)
        component.uses_biosample += self._samples.biosamples_of(place)
        component.uses_specimen += refer(place.leaves("specimen_title"), "specimen")
        component.preparation_protocol += self._samples.preparations_of(place)
        component.processing_protocol += self._processing(place)
        component.by_annotation_method += self._annotation_methods(place)
        component.uses_analysis += refer(place.leaves("image_analysis_method_title"), "analysis")
        component.uses_correlation += refer(place.leaves("image_correlation_method_title"), "correlation")

    def _acquisitions(self, place: Place) -> list[str]:
        """Return the acquisitions that a part names, directly or by kind of image."""
        leaves = place.leaves(*ACQUISITION)
        for by_kind in place.places(*ACQUISITION):
            leaves += by_kind.leaves(*by_kind.names())
        return self._titles.refer(leaves, "acquisition")

    def _rules(self, dataset: Place) -> list[FileSet]:
        """Return the folders of a dataset, and its files by kind of image."""
        folders = dataset.texts("data_directories", "data_directory")
        globs, protocols = dataset.place("file_globs"), dataset.place("protocol_titles")
        found = [(_WHOLE_DATASET, folders)] if folders else []
        found += [(kind, globs.texts(kind)) for kind in globs.names()]
        return [
            FileSet(
                title=None if kind == _WHOLE_DATASET else globs.spelt(kind),
                image_category=None if kind == _WHOLE_DATASET else globs.spelt(kind),
                path_pattern=patterns,
                processing_protocol=self._titles.refer(protocols.leaves(kind), "protocol", "preparation"),
            )
            for kind, patterns in found
        ]

    # --- images and annotations

    def _image(self, iri: str, place: Place, component: StudyComponent) -> None:
        specimens = self._titles.refer(place.leaves("specimen_title"), "specimen")
        image = Image(
            id=iri,
            title=place.text(*_LABEL) or place.text(*_PREFIX),
            part_of=[str(component.id)],
            of_specimen=[*specimens, *self._samples.unnamed_specimen(place)],
            generated_by=self._acquisitions(place),
            derived_from=self._inputs(place),
            processing_protocol=self._processing(place),
            representation=_stored(place),
        )
        self.images.append(image)
        component.has_image.append(iri)
        component.uses_specimen += image.of_specimen
        component.uses_acquisition += image.generated_by

    def _annotation(self, iri: str, place: Place, component: StudyComponent) -> None:
        self.annotations.append(
            Annotation(
                id=iri,
                title=place.text(*_LABEL) or place.text(*_PREFIX),
                part_of=[str(component.id)],
                by_annotation_method=self._annotation_methods(place),
                derived_from=self._inputs(place),
                processing_protocol=self._processing(place),
                file_reference=_paths(place),
            )
        )

    def _annotation_methods(self, place: Place) -> list[str]:
        leaves = place.leaves("annotation_method_title", "annotation_method_titles")
        return self._titles.refer(leaves, "annotation method")

    def _processing(self, place: Place) -> list[str]:
        return self._titles.refer(
            place.leaves("protocol_title", "protocol_titles"), "protocol", "preparation"
        )

    def _inputs(self, place: Place) -> list[str]:
        """Return what something was made from: by label, by the start of labels, by file pattern."""
        refer = self._titles.refer
        found = refer(place.leaves(*_INPUT_LABEL), "labelled", "prefixed")
        found += refer(place.leaves(*_INPUT_PREFIX), "prefixed", "labelled")
        found += refer(place.leaves(*_INPUT_PATTERN), "stored")
        return _once(found)

    # --- specimens by rule

    def _group(self, place: Place) -> list[str]:
        """Return the specimens of a group: those it names, or one that stands for what its pattern finds."""
        leaves = [leaf for leaf in place.leaves("specimen_ids") if leaf.text]
        if not leaves:
            return self._samples.unnamed_specimen(place)
        made = self._samples.biosamples_of(place), self._samples.preparations_of(place)
        return [self._named_specimen(leaf, *made) for leaf in leaves]

    def _named_specimen(self, leaf: Leaf, biosamples: list[str], preparations: list[str]) -> str:
        title = leaf.take()
        known = self._titles.named(title, "specimen")
        if known is None:
            return self._add_specimen(title, biosamples, preparations)
        specimen = self._samples.specimen(known)
        specimen.prepared_from = _once([*specimen.prepared_from, *biosamples])
        specimen.preparation_protocol = _once([*specimen.preparation_protocol, *preparations])
        return known

    def _add_specimen(self, title: str, biosamples: list[str], preparations: list[str]) -> str:
        iri = self._titles.claim("specimen", "specimen", title)
        self._samples.add_specimen(
            Specimen(id=iri, title=title, prepared_from=biosamples, preparation_protocol=preparations)
        )
        return iri

    def _specimens_by_rule(self, place: Place, datasets: list[Place]) -> None:
        """Add the specimens that file names are listed for; defaults are theirs unless a dataset may say otherwise."""
        defaults = place.place("specimen_defaults")
        listed = [
            names for one in place.places("specimens") for names in one.places("literal_alias_mappings")
        ]
        overridden = any(_may_override(dataset) for dataset in datasets)
        made: tuple[list[str], list[str]] = ([], [])
        if overridden or not any(names.names() for names in listed):
            self._samples.unnamed_specimen(defaults)
        else:
            made = self._samples.biosamples_of(defaults), self._samples.preparations_of(defaults)
        for names in listed:
            for title in map(names.spelt, names.names()):
                iri = self._titles.named(title, "specimen") or self._add_specimen(title, *made)
                patterns = names.texts(title)
                if patterns:
                    self._samples.specimen(iri).file_set = [FileSet(path_pattern=patterns)]


def _may_override(dataset: Place) -> bool:
    """Whether a dataset says something of its own about specimens that only a look at the files could assign."""
    groups = dataset.places("specimen_groups")
    return any(group.has("specimen_id_pattern") for group in groups) or dataset.has(*BIOSAMPLE, *PREPARATION)


def _additional_files(dataset: Place) -> list[FileSet]:
    patterns = [place.texts("file_pattern") for place in dataset.places("additional_files")]
    return [FileSet(path_pattern=pattern) for pattern in patterns if pattern]


def _stored(place: Place) -> list[ImageRepresentation]:
    paths = _paths(place)
    return [ImageRepresentation(file_reference=paths)] if paths else []


def _paths(place: Place) -> list[FileReference]:
    return [FileReference(path=path) for path in place.texts("file_pattern")]


def _once(references: list[str]) -> list[str]:
    return list(dict.fromkeys(references))
