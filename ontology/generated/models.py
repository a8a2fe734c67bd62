from __future__ import annotations

import re
import sys
from datetime import (
    date,
    datetime,
    time
)
from decimal import Decimal
from enum import Enum
from typing import (
    Any,
    ClassVar,
    Literal,
    Optional,
    Union
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer
)


metamodel_version = "1.12.0"
version = "0.1.0"


class ConfiguredBaseModel(BaseModel):
    model_config = ConfigDict(
        extra = "forbid",
        use_enum_values = True,
        validate_assignment = False,
    )



class LinkMLMeta(RootModel):
    root: dict[str, Any] = {}
    model_config = ConfigDict(frozen=True)

    def __getattr__(self, key:str):
        return getattr(self.root, key)

    def __getitem__(self, key:str):
        return self.root[key]

    def __setitem__(self, key:str, value):
        self.root[key] = value

    def __contains__(self, key:str) -> bool:
        return key in self.root


linkml_meta = None

class Archive(str, Enum):
    """
    The archive that issued an accession.
    """
    EMPIAR = "EMPIAR"
    """
    Electron Microscopy Public Image Archive.
    """
    BioImage_Archive = "BioImageArchive"
    """
    The BioImage Archive, on BioStudies.
    """
    Image_Data_Resource = "IDR"
    """
    The Image Data Resource.
    """
    SSBD = "SSBD"
    """
    Systems Science of Biological Dynamics, database and repository.
    """
    draft_or_test_record = "Draft"
    """
    No archive: a submission draft, or an archive's own test record, that was not released under an accession.
    """
    set_of_links = "Statements"
    """
    No archive: a document that states links between records, such as a collection.
    """
    made_up_example = "Example"
    """
    No archive: a made-up record that says so.
    """


class AxisType(str, Enum):
    """
    What an axis of a coordinate system measures (OME-Zarr 0.6).
    """
    space_axis = "space"
    """
    Position along a direction of space.
    """
    time_axis = "time"
    """
    Time.
    """
    channel_axis = "channel"
    """
    Channel: stain, detector or wavelength.
    """
    array_axis = "array"
    """
    Index into an array, without physical meaning.
    """
    other_axis = "other"
    """
    Any other kind of axis.
    """


class ErrorKind(str, Enum):
    """
    How a registration error was obtained.
    """
    fiducial_registration_error = "FRE"
    """
    Distance left at the points that the fit used.
    """
    target_registration_error = "TRE"
    """
    Distance at points that the fit did not use.
    """
    leave_one_out_error = "leave_one_out"
    """
    Distance at each landmark when the fit used all others.
    """


class ErrorStatistic(str, Enum):
    """
    Which statistic of a set of distances a number is.
    """
    root_mean_square = "rms"
    """
    Root of the mean of the squares.
    """
    maximum = "max"
    """
    Largest value.
    """
    median = "median"
    """
    Middle value.
    """
    mean = "mean"
    """
    Arithmetic mean.
    """


class RegistrationMethod(str, Enum):
    """
    What a registration relied on.
    """
    landmark_registration = "landmark"
    """
    Pairs of points picked in both images.
    """
    fiducial_registration = "fiducial"
    """
    Added markers seen in both images, such as beads.
    """
    intensity_registration = "intensity"
    """
    Similarity of pixel values.
    """
    point_cloud_registration = "point_cloud"
    """
    Sets of segmented points without given pairs.
    """
    manual_registration = "manual"
    """
    Placed by a person.
    """
    stage_registration = "stage"
    """
    Recorded stage positions.
    """


class CorrelationGrade(str, Enum):
    """
    How far a correlation can be computed; never upgraded by guess.
    """
    described = "described"
    """
    Words only.
    """
    with_landmarks = "landmarks"
    """
    Pairs of points, but no transformation.
    """
    with_transformation = "transform"
    """
    A usable coordinate transformation.
    """
    with_transformation_and_error = "transform_with_error"
    """
    A usable coordinate transformation with a stated error.
    """


class LinkRelation(str, Enum):
    """
    How two studies hang together.
    """
    images_the_same_specimen = "images_same_specimen"
    """
    Both studies image the same specimen.
    """
    part_of_the_same_experiment = "part_of_same_experiment"
    """
    Both are parts of one experiment, deposited apart.
    """
    same_data = "same_data"
    """
    The same images in another archive or format.
    """
    derived_from = "derived_from"
    """
    This study's data were made from the other's.
    """
    raw_data_for = "raw_data_for"
    """
    The other's data were made from this study's.
    """
    supersedes = "supersedes"
    """
    This study replaces the other.
    """
    same_publication = "same_publication"
    """
    Both go with the same publication.
    """
    has_member = "has_member"
    """
    The other is a member of this collection.
    """
    reconstructed_as = "reconstructed_as"
    """
    The other is a map that was reconstructed from this study's images.
    """
    modelled_as = "modelled_as"
    """
    The other is an atomic model that was built into this map, or on this study's data.
    """
    described_in = "described_in"
    """
    The other is a publication that describes this study.
    """
    related_study = "related"
    """
    Related in a way that the source does not say.
    """


class EvidenceKind(str, Enum):
    """
    Where a link was seen.
    """
    reference_field = "reference_field"
    """
    A field of the record that is made for references.
    """
    links_section = "links_section"
    """
    A list of free links.
    """
    dataset_DOI = "dataset_doi"
    """
    A DOI of the other data set.
    """
    file_attribute = "file_attribute"
    """
    An attribute of files in a file list.
    """
    prose = "prose"
    """
    An accession named in running text.
    """
    collection = "collection"
    """
    Both are in a curated collection.
    """
    shared_publication = "shared_publication"
    """
    Both name the same publication.
    """
    same_authors = "same_authors"
    """
    The same authors in the same order; a suggestion only.
    """
    image_correlation = "image_correlation"
    """
    An image correlation names images of both.
    """
    same_specimen = "same_specimen"
    """
    A specimen of one is declared to be a specimen of the other.
    """
    curated = "curated"
    """
    A curator says so.
    """


class Verdict(str, Enum):
    """
    What a curator says of a link.
    """
    confirmed = "confirmed"
    """
    The link holds.
    """
    refuted = "refuted"
    """
    The link does not hold, whoever states it.
    """


class DecisionState(str, Enum):
    """
    Whether a curator's decision holds now.
    """
    applied = "applied"
    """
    It holds.
    """
    lapsed = "lapsed"
    """
    No source says any more what it corrects.
    """
    overruled = "overruled"
    """
    A later decision about the same thing holds.
    """


class Asserter(str, Enum):
    """
    Who says so.
    """
    depositor = "depositor"
    """
    The people who deposited the study.
    """
    archive = "archive"
    """
    The archive, in a collection or record.
    """
    curator = "curator"
    """
    A curator of this catalogue.
    """
    inferred = "inferred"
    """
    A rule of this catalogue.
    """


class ResolutionMethod(str, Enum):
    """
    How a value of the source became a term.
    """
    by_identifier = "identifier"
    """
    The source gave an identifier of the same term in another spelling.
    """
    by_exact_label = "label"
    """
    The text equals the label of one term.
    """
    by_exact_synonym = "synonym"
    """
    The text equals a synonym of one term.
    """
    by_curator = "curated"
    """
    A curator chose the term.
    """
    unresolved = "unresolved"
    """
    No term was found; the text stands as it is.
    """
    contradiction = "contradiction"
    """
    The name and the identifier of the source mean different terms; neither was changed.
    """


class ExperimentalStatus(str, Enum):
    """
    Whether a specimen is a control or a test.
    """
    control = "control"
    """
    A control.
    """
    test = "test"
    """
    A test.
    """


class ExperimentType(str, Enum):
    """
    EMPIAR's types of an entry, as its deposition schema numbers them and its API writes them.
    """
    soft_X_ray_tomography = "SXT"
    """
    Image data collected with soft X-ray tomography.
    """
    simulated_data = "INSILICO"
    """
    Simulated data, such as test sets for validation challenges.
    """
    raw_data_of_an_EMDB_structure = "EMDB"
    """
    Raw image data of structures that are deposited to the Electron Microscopy Data Bank.
    """
    serial_block_face_scanning_electron_microscopy = "SBF-SEM"
    """
    Image data collected by cutting a block and imaging its face by scanning electron microscopy.
    """
    focused_ion_beam_scanning_electron_microscopy = "FIB-SEM"
    """
    Image data collected by milling with an ion beam and imaging by scanning electron microscopy.
    """
    integrative_hybrid_modelling_data = "IHM"
    """
    Data of integrative or hybrid modelling.
    """
    correlative_light_electron_microscopy = "CLEM"
    """
    The same thing by light and by electron microscopy.
    """
    correlative_light_X_ray_microscopy = "CLXM"
    """
    The same thing by light and by X-ray microscopy.
    """
    microcrystal_electron_diffraction = "MicroED"
    """
    Electron diffraction of microcrystals.
    """
    ATUM_SEM = "ATUM-SEM"
    """
    EMPIAR's type 11, which its deposition schema gives by this name alone.
    """
    hard_X_ray_or_X_ray_microCT = "Hard X-ray/X-ray microCT"
    """
    Hard X-ray imaging or X-ray microCT.
    """
    ssET = "ssET"
    """
    EMPIAR's type 13, which its deposition schema gives by this name alone.
    """


class Scale(str, Enum):
    """
    EMPIAR's scales of an experiment, as its deposition schema numbers them.
    """
    molecule = "molecule"
    """
    A molecule or a complex of molecules.
    """
    virus = "virus"
    """
    A virus.
    """
    cell = "cell"
    """
    A cell or a part of one.
    """
    tissue = "tissue"
    """
    A tissue.
    """
    organism = "organism"
    """
    A whole organism.
    """



class Study(ConfiguredBaseModel):
    """
    A deposited imaging study with one accession.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    accession: Optional[str] = Field(default=None, description="""The study's accession in canonical spelling.""")
    archive: Optional[Archive] = Field(default=None, description="""The archive that issued the accession.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    study_type: Optional[str] = Field(default=None, description="""Kind of study, in words.""")
    deposited: Optional[str] = Field(default=None, title="deposition date", description="""Date on which the study was given to the archive.""")
    issued: Optional[str] = Field(default=None, title="release date", description="""Date on which the archive released the study.""")
    modified: Optional[str] = Field(default=None, title="date of the last change", description="""Date of the archive's last change.""")
    obsoleted: Optional[str] = Field(default=None, title="date of withdrawal", description="""Date on which the archive declared the record obsolete.""")
    version_note: list[str] = Field(default=[], title="note on a version", description="""What the archive says of one version of its record: number, date, status and words.""")
    release_status: Optional[str] = Field(default=None, title="status at the archive", description="""Status of the record as the archive states it.""")
    license: Optional[str] = Field(default=None, title="licence", description="""Licence of the data as an IRI.""")
    license_text: Optional[str] = Field(default=None, title="licence in words", description="""Licence as the source writes it when it is no IRI.""")
    rights: Optional[str] = Field(default=None, title="rights statement", description="""Copyright notice or terms in words.""")
    landing_page: Optional[str] = Field(default=None, title="page at the archive", description="""The archive's own page.""")
    dataset_doi: Optional[str] = Field(default=None, title="DOI of the data set", description="""DOI of the data set as an https://doi.org/ IRI.""")
    alternate_identifier: list[str] = Field(default=[], title="other identifier", description="""Another identifier of the same thing.""")
    same_as: list[str] = Field(default=[], title="same record elsewhere", description="""IRI of the same study record elsewhere (identifiers.org).""")
    keyword: list[str] = Field(default=[], description="""Word or phrase that people search by.""")
    organism: list[Taxon] = Field(default=[], description="""Organism that was imaged or that a sample comes from.""")
    organism_text: list[str] = Field(default=[], title="organism in words", description="""Organism as the source writes it where it names no taxon.""")
    imaging_method: list[OntologyTerm] = Field(default=[], description="""Imaging technique as a term.""")
    imaging_method_text: list[str] = Field(default=[], title="imaging method in words", description="""Imaging technique as the source writes it.""")
    about_term: list[OntologyTerm] = Field(default=[], title="subject", description="""What the study, sample or annotation is about, as a term (anatomy, cell, process, gene).""")
    experiment_type: Optional[OntologyTerm] = Field(default=None, description="""EMPIAR's type of the entry, a concept of rembi:ExperimentTypes.""")
    scale: list[OntologyTerm] = Field(default=[], description="""Scale of what was imaged as EMPIAR states it, a concept of rembi:Scales.""")
    byte_size: Optional[int] = Field(default=None, title="size in bytes", description="""Size in bytes of all that belongs to it.""", ge=0)
    data_size_text: Optional[str] = Field(default=None, title="size of the data in words", description="""Size of all data as the source writes it, where it gives no number of bytes.""")
    file_count: Optional[int] = Field(default=None, title="number of files", description="""Number of files.""", ge=0)
    stated_size: list[QuantityValue] = Field(default=[], title="size as stated", description="""A size of the data as the source states it, in any unit: bytes, number of files, hours.""")
    thumbnail: list[str] = Field(default=[], description="""Address of a small picture at the archive.""")
    creator: list[str] = Field(default=[], description="""Authors, flat and without order; contributions give order and role.""")
    contribution: list[Contribution] = Field(default=[], title="author", description="""Who contributed, in order.""")
    publisher: Optional[Organisation] = Field(default=None, description="""Organisation that publishes the record.""")
    publication: list[Publication] = Field(default=[], description="""Publication that goes with the study.""")
    grant: list[Grant] = Field(default=[], description="""Grant that paid for the study.""")
    funding_statement: Optional[str] = Field(default=None, description="""Funding in words.""")
    acknowledgement: Optional[str] = Field(default=None, description="""Acknowledgements in words.""")
    component: list[StudyComponent] = Field(default=[], title="study component", description="""Part of the study that was imaged in one way.""")
    biosample: list[Biosample] = Field(default=[], description="""Biosample of the study, described once and named by its specimens.""")
    specimen: list[Specimen] = Field(default=[], description="""Specimen of the study.""")
    acquisition: list[ImageAcquisition] = Field(default=[], title="image acquisition", description="""Image acquisition of the study.""")
    image: list[Image] = Field(default=[], description="""Image of the study, described once and named by its parts.""")
    correlation: list[ImageCorrelation] = Field(default=[], title="image correlation", description="""Correlation of images of this study with each other or with images elsewhere.""")
    analyzed_data: list[AnalyzedData] = Field(default=[], title="analysed data", description="""Analysed data of the study.""")
    annotation: list[Annotation] = Field(default=[], description="""Annotation of images of the study.""")
    annotation_method: list[AnnotationMethod] = Field(default=[], description="""How annotations were made.""")
    protocol: list[Protocol] = Field(default=[], description="""Protocol that was followed.""")
    instrument_list: list[Instrument] = Field(default=[], title="instrument", description="""Instrument that acquisitions of the study name.""")
    coordinate_system: list[CoordinateSystem] = Field(default=[], description="""Coordinate system of an image or of a shared space.""")
    transformation: list[CoordinateTransformation] = Field(default=[], title="coordinate transformation", description="""Coordinate transformation between two coordinate systems.""")
    landmark_set: list[LandmarkSet] = Field(default=[], description="""Set of landmark pairs of the study.""")
    related: list[StudyLink] = Field(default=[], title="link to another study", description="""Link to another study.""")
    modelled_as: list[ExternalRecord] = Field(default=[], title="PDB entry", description="""PDB entry of a model built on this study's data, or into this map.""")
    reconstructed_as: list[ExternalRecord] = Field(default=[], title="EMDB entry", description="""EMDB entry reconstructed from this study's data.""")
    see_also: list[ExternalRecord] = Field(default=[], title="see also", description="""Record or page elsewhere that the source points to without saying how it is related.""")
    resolution: list[Resolution] = Field(default=[], title="resolved term", description="""How a value of the source became a term.""")
    kept_value: list[KeptValue] = Field(default=[], description="""Value of the source that has no slot; kept verbatim.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class StudyComponent(ConfiguredBaseModel):
    """
    Part of a study that was imaged in one way: a BIA study component or dataset, an EMPIAR image set, an IDR experiment or screen.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    imaging_method: list[OntologyTerm] = Field(default=[], description="""Imaging technique as a term.""")
    imaging_method_text: list[str] = Field(default=[], title="imaging method in words", description="""Imaging technique as the source writes it.""")
    organism: list[Taxon] = Field(default=[], description="""Organism that was imaged or that a sample comes from.""")
    uses_biosample: list[str] = Field(default=[], title="biosample", description="""Biosample of this part.""")
    uses_specimen: list[str] = Field(default=[], title="specimen", description="""Specimen of this part.""")
    uses_acquisition: list[str] = Field(default=[], title="image acquisition", description="""Acquisition of this part.""")
    uses_analysis: list[str] = Field(default=[], title="analysis", description="""Image analysis of this part.""")
    uses_correlation: list[str] = Field(default=[], title="correlation", description="""Image correlation of this part.""")
    association: list[Association] = Field(default=[], title="association", description="""Which biosample, specimen, acquisition and analysis of this part go together.""")
    has_image: list[str] = Field(default=[], title="image", description="""Image of this part.""")
    file_set: list[FileSet] = Field(default=[], description="""Many files described together, never one node a file.""")
    byte_size: Optional[int] = Field(default=None, title="size in bytes", description="""Size in bytes of all that belongs to it.""", ge=0)
    file_count: Optional[int] = Field(default=None, title="number of files", description="""Number of files.""", ge=0)
    stated_size: list[QuantityValue] = Field(default=[], title="size as stated", description="""A size of the data as the source states it, in any unit: bytes, number of files, hours.""")
    alternate_identifier: list[str] = Field(default=[], title="other identifier", description="""Another identifier of the same thing.""")
    preparation_protocol: list[str] = Field(default=[], description="""How the specimen was prepared.""")
    processing_protocol: list[str] = Field(default=[], title="processing protocol", description="""Protocol by which it was made from other data.""")
    by_annotation_method: list[str] = Field(default=[], title="annotation method", description="""How this annotation was made.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Association(ConfiguredBaseModel):
    """
    One way in which a part of a study was made: these biosamples, prepared as these specimens, imaged by these acquisitions.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    uses_biosample: list[str] = Field(default=[], title="biosample", description="""Biosample of this part.""")
    uses_specimen: list[str] = Field(default=[], title="specimen", description="""Specimen of this part.""")
    uses_acquisition: list[str] = Field(default=[], title="image acquisition", description="""Acquisition of this part.""")
    uses_analysis: list[str] = Field(default=[], title="analysis", description="""Image analysis of this part.""")
    uses_correlation: list[str] = Field(default=[], title="correlation", description="""Image correlation of this part.""")


class Biosample(ConfiguredBaseModel):
    """
    The biological material that specimens are made from.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    sample_identity: Optional[str] = Field(default=None, title="identity of the sample", description="""Code that ties the metadata to the physical sample.""")
    biological_entity: list[str] = Field(default=[], description="""What is imaged: tissue, cell, molecule.""")
    organism: list[Taxon] = Field(default=[], description="""Organism that was imaged or that a sample comes from.""")
    organism_text: list[str] = Field(default=[], title="organism in words", description="""Organism as the source writes it where it names no taxon.""")
    no_organism_reason: Optional[str] = Field(default=None, title="reason for no organism", description="""Why there is no organism (simulated, in vitro, beads).""")
    cell_line: list[OntologyTerm] = Field(default=[], description="""Cell line as a term.""")
    about_term: list[OntologyTerm] = Field(default=[], title="subject", description="""What the study, sample or annotation is about, as a term (anatomy, cell, process, gene).""")
    intrinsic_variable: list[str] = Field(default=[], description="""Innate trait, such as a genetic alteration.""")
    extrinsic_variable: list[str] = Field(default=[], description="""Something added, such as a reagent.""")
    experimental_variable: list[str] = Field(default=[], description="""What is varied on purpose, such as time.""")
    growth_protocol: list[str] = Field(default=[], description="""How the sample was grown.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Specimen(ConfiguredBaseModel):
    """
    The prepared object that is put under the instrument.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    prepared_from: list[str] = Field(default=[], title="biosample that it was prepared from", description="""Biosample that the specimen was made from.""")
    preparation_protocol: list[str] = Field(default=[], description="""How the specimen was prepared.""")
    growth_protocol: list[str] = Field(default=[], description="""How the sample was grown.""")
    experimental_status: Optional[ExperimentalStatus] = Field(default=None, description="""Whether the specimen is a control or a test.""")
    location_in_biosample: Optional[str] = Field(default=None, description="""Where in the biosample: coordinate, well, depth.""")
    signal_contrast_mechanism: list[str] = Field(default=[], title="signal or contrast mechanism", description="""How the signal is generated.""")
    file_set: list[FileSet] = Field(default=[], description="""Many files described together, never one node a file.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")
    channel: list[SignalChannel] = Field(default=[], description="""Channel of the specimen or image.""")
    same_specimen_as: list[str] = Field(default=[], title="same specimen elsewhere", description="""Specimen record of another study that is the same physical specimen.""")


class SignalChannel(ConfiguredBaseModel):
    """
    One channel of a specimen or image.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    channel_index: Optional[int] = Field(default=None, title="number of the channel", description="""Number of the channel, from 0.""", ge=0)
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    channel_content: Optional[str] = Field(default=None, description="""Stain, label or other source of the channel's signal.""")
    channel_entity: Optional[str] = Field(default=None, title="biological entity of the channel", description="""Molecule or structure that the channel shows.""")


class ImageAcquisition(ConfiguredBaseModel):
    """
    The act of imaging specimens with an instrument and its settings.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    imaging_method: list[OntologyTerm] = Field(default=[], description="""Imaging technique as a term.""")
    imaging_method_text: list[str] = Field(default=[], title="imaging method in words", description="""Imaging technique as the source writes it.""")
    instrument: list[str] = Field(default=[], description="""Instrument that acquired.""")
    instrument_text: list[str] = Field(default=[], title="instrument in words", description="""Instrument as the source writes it.""")
    parameter: list[QuantityValue] = Field(default=[], title="acquisition parameter", description="""Setting of the acquisition with its unit.""")
    parameters_text: Optional[str] = Field(default=None, title="acquisition parameters in words", description="""Settings of the acquisition in words.""")
    protocol: list[Protocol] = Field(default=[], description="""Protocol that was followed.""")
    protocol_type: list[OntologyTerm] = Field(default=[], description="""What kind of protocol it is, as a term (growth, treatment, analysis).""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Image(ConfiguredBaseModel):
    """
    One image or volume, whatever its file format.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    image_type: Optional[str] = Field(default=None, title="type of image", description="""Whether it is primary, processed, a segmentation and so on.""")
    part_of: list[str] = Field(default=[], title="study component", description="""Study component that the image belongs to.""")
    of_specimen: list[str] = Field(default=[], title="specimen", description="""Specimen that the image shows.""")
    generated_by: list[str] = Field(default=[], title="image acquisition", description="""Acquisition that made the image.""")
    derived_from: list[str] = Field(default=[], title="data that it was made from", description="""Image or file set that it was made from.""")
    processing_protocol: list[str] = Field(default=[], title="processing protocol", description="""Protocol by which it was made from other data.""")
    representation: list[ImageRepresentation] = Field(default=[], description="""Form in which the image is stored.""")
    in_coordinate_system: list[str] = Field(default=[], title="coordinate system", description="""Coordinate system of the image.""")
    channel: list[SignalChannel] = Field(default=[], description="""Channel of the specimen or image.""")
    channel_text: Optional[str] = Field(default=None, title="channels in words", description="""How channels are represented.""")
    physical_size: list[QuantityValue] = Field(default=[], description="""Physical extent of the image along one axis (title names the axis).""")
    size_text: Optional[str] = Field(default=None, title="size in words", description="""Size or magnification in words.""")
    image_processing: Optional[str] = Field(default=None, title="image processing method", description="""How the image was processed.""")
    contrast_inversion: Optional[str] = Field(default=None, description="""Whether bright means high signal or the inverse.""")
    quality_information: Optional[str] = Field(default=None, title="quality control", description="""What quality control found, in words.""")
    thumbnail: list[str] = Field(default=[], description="""Address of a small picture at the archive.""")
    by_annotation_method: list[str] = Field(default=[], title="annotation method", description="""How this annotation was made.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class ImageRepresentation(ConfiguredBaseModel):
    """
    One stored form of an image.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    format: Optional[str] = Field(default=None, description="""File format by its usual name.""")
    compression: Optional[str] = Field(default=None, description="""Compression of the pixels, or none.""")
    conforms_to: list[str] = Field(default=[], title="standard that it follows", description="""Standard that it follows, by its IRI.""")
    media_type: Optional[str] = Field(default=None, description="""Media type (MIME type) of the file.""")
    byte_size: Optional[int] = Field(default=None, title="size in bytes", description="""Size in bytes of all that belongs to it.""", ge=0)
    size_x: Optional[int] = Field(default=None, title="size along x", description="""Number of pixels along x.""", ge=0)
    size_y: Optional[int] = Field(default=None, title="size along y", description="""Number of pixels along y.""", ge=0)
    size_z: Optional[int] = Field(default=None, title="size along z", description="""Number of planes along z.""", ge=0)
    size_c: Optional[int] = Field(default=None, title="number of channels", description="""Number of channels that are stored.""", ge=0)
    size_t: Optional[int] = Field(default=None, title="number of time points", description="""Number of time points that are stored.""", ge=0)
    voxel_size: list[QuantityValue] = Field(default=[], title="pixel or voxel size", description="""Distance of pixel centres along one axis (title names the axis).""")
    pixel_size_text: Optional[str] = Field(default=None, title="pixel size in words", description="""Pixel size in words.""")
    random_access: Optional[bool] = Field(default=None, description="""Whether parts can be read without the whole.""")
    access_url: list[str] = Field(default=[], title="access address", description="""Address of the store or page that gives access.""")
    download_url: list[str] = Field(default=[], title="download address", description="""Address of the file.""")
    file_reference: list[FileReference] = Field(default=[], title="file", description="""File that holds it.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class FileReference(ConfiguredBaseModel):
    """
    One file.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    path: Optional[str] = Field(default=None, title="file path", description="""Path in the archive's folder of the study.""")
    format: Optional[str] = Field(default=None, description="""File format by its usual name.""")
    media_type: Optional[str] = Field(default=None, description="""Media type (MIME type) of the file.""")
    byte_size: Optional[int] = Field(default=None, title="size in bytes", description="""Size in bytes of all that belongs to it.""", ge=0)
    download_url: list[str] = Field(default=[], title="download address", description="""Address of the file.""")
    checksum: Optional[str] = Field(default=None, description="""Checksum as algorithm:hex.""")


class FileSet(ConfiguredBaseModel):
    """
    Many files described together.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    path_pattern: list[str] = Field(default=[], description="""Folder or pattern that the files share.""")
    processing_protocol: list[str] = Field(default=[], title="processing protocol", description="""Protocol by which it was made from other data.""")
    format: Optional[str] = Field(default=None, description="""File format by its usual name.""")
    files_by_format: list[str] = Field(default=[], title="files of a format", description="""How many files have a format, where a set has several: name of the format and number.""")
    file_count: Optional[int] = Field(default=None, title="number of files", description="""Number of files.""", ge=0)
    byte_size: Optional[int] = Field(default=None, title="size in bytes", description="""Size in bytes of all that belongs to it.""", ge=0)
    column: list[str] = Field(default=[], title="column of the file list", description="""Attribute name of the file list.""")
    files_by_column: list[str] = Field(default=[], title="files with a value in a column", description="""How many rows of the file list have a value in a column: name of the column and number.""")
    download_url: list[str] = Field(default=[], title="download address", description="""Address of the file.""")
    image_category: Optional[str] = Field(default=None, title="category of images", description="""What the images of a set are, as the source states it.""")
    image_count: Optional[int] = Field(default=None, title="number of images", description="""Number of images or tilt series in the set.""", ge=0)
    frames_per_image: Optional[int] = Field(default=None, title="frames per image", description="""Number of frames of each image.""", ge=0)
    first_frame: Optional[int] = Field(default=None, title="first frame", description="""Number of the first frame that was used.""")
    last_frame: Optional[int] = Field(default=None, title="last frame", description="""Number of the last frame that was used.""")
    voxel_type: Optional[str] = Field(default=None, title="voxel type", description="""Type of the pixel values as the source states it.""")
    header_format: Optional[str] = Field(default=None, title="header format", description="""Format of the files' headers where it is stated apart from that of the data.""")
    size_x: Optional[int] = Field(default=None, title="size along x", description="""Number of pixels along x.""", ge=0)
    size_y: Optional[int] = Field(default=None, title="size along y", description="""Number of pixels along y.""", ge=0)
    voxel_size: list[QuantityValue] = Field(default=[], title="pixel or voxel size", description="""Distance of pixel centres along one axis (title names the axis).""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class ImageCorrelation(ConfiguredBaseModel):
    """
    The statement that images show the same thing, and how they are brought together.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    has_member: list[CorrelationMember] = Field(default=[], title="member image", description="""Image or study that takes part.""")
    spatial_and_temporal_alignment: list[str] = Field(default=[], description="""How the images were brought together.""")
    fiducials_used: list[str] = Field(default=[], description="""Features used to bring the images together.""")
    transformation_matrix_text: list[str] = Field(default=[], title="transformation matrix in words", description="""The transformation as the source writes it.""")
    related_images_and_relationship: list[str] = Field(default=[], description="""Related images and how they are related.""")
    has_transformation: list[str] = Field(default=[], title="coordinate transformation", description="""Transformation that the correlation gives.""")
    has_landmarks: list[str] = Field(default=[], title="landmark set", description="""Landmarks that the correlation or transformation rests on.""")
    correlation_grade: Optional[CorrelationGrade] = Field(default=None, description="""How far the correlation can be computed.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class CorrelationMember(ConfiguredBaseModel):
    """
    One image or study that takes part in a correlation, here or in another archive.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    member_image: Optional[str] = Field(default=None, title="image of the member", description="""IRI of the image or study component.""")
    member_accession: Optional[str] = Field(default=None, title="accession of the member", description="""Accession of the study of that image.""")
    member_archive: Optional[Archive] = Field(default=None, title="archive of the member", description="""Archive of that study.""")
    member_role: Optional[str] = Field(default=None, title="role of the member", description="""What it contributes, such as overview or target.""")
    attributed_to: Optional[Asserter] = Field(default=None, title="who says so", description="""Who says that it takes part.""")


class CoordinateSystem(ConfiguredBaseModel):
    """
    A space with ordered axes: an image's own, a stage's, an atlas's.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    coordinate_system_of: list[str] = Field(default=[], title="image of the coordinate system", description="""Image that has this coordinate system; none for a shared space.""")
    dimension: Optional[int] = Field(default=None, title="number of axes", description="""Number of axes.""", ge=1, le=10)
    is_intrinsic: Optional[bool] = Field(default=None, title="intrinsic", description="""Whether it is the image's own pixel or physical system.""")
    has_axis: list[Axis] = Field(default=[], title="axis", description="""Axis of the system.""")


class Axis(ConfiguredBaseModel):
    """
    One axis of a coordinate system.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    axis_index: Optional[int] = Field(default=None, title="place of the axis", description="""Place of the axis, from 0.""", ge=0, le=9)
    axis_name: Optional[str] = Field(default=None, title="name of the axis", description="""Name of the axis, unique within its system.""")
    axis_type: Optional[AxisType] = Field(default=None, title="type of axis", description="""What the axis measures.""")
    unit: Optional[str] = Field(default=None, description="""Unit as a QUDT or UO IRI.""")
    unit_code: Optional[str] = Field(default=None, title="unit (UCUM code)", description="""Unit as a UCUM code; 1 for a pure number.""")
    discrete: Optional[bool] = Field(default=None, description="""Whether only whole numbers make sense.""")
    orientation: Optional[str] = Field(default=None, description="""Anatomical or stage orientation, in words.""")


class CoordinateTransformation(ConfiguredBaseModel):
    """
    A map from points of one coordinate system to points of another, forward (OME-Zarr 0.6).
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    source_coordinate_system: Optional[str] = Field(default=None, description="""System of the points that go in.""")
    target_coordinate_system: Optional[str] = Field(default=None, description="""System of the points that come out.""")
    transformation_type: Optional[str] = Field(default=None, title="type of transformation", description="""Type name of OME-Zarr 0.6.""")
    parameters: Optional[str] = Field(default=None, title="transformation parameters", description="""The OME-Zarr 0.6 transformation object without input and output; the single truth about the numbers.""")
    input_dimension: Optional[int] = Field(default=None, description="""Number of coordinates that go in; derived.""", ge=1)
    output_dimension: Optional[int] = Field(default=None, description="""Number of coordinates that come out; derived.""", ge=1)
    invertible: Optional[bool] = Field(default=None, description="""Whether the inverse can be computed; derived.""")
    invertible_computed: Optional[bool] = Field(default=None, title="invertible, computed", description="""Whether the inverse can be computed, where the record itself says otherwise; derived.""")
    inverse_fits: Optional[bool] = Field(default=None, title="legs undo one another", description="""Whether the two legs of a bijection undo one another; derived.""")
    condition_number: Optional[float] = Field(default=None, description="""Condition number of the linear part; derived.""")
    mean_scale: Optional[float] = Field(default=None, description="""Geometric mean of the scale factors; derived.""")
    mirrored: Optional[bool] = Field(default=None, description="""Whether handedness changes; derived.""")
    parameters_fit: Optional[bool] = Field(default=None, title="parameters fit both systems", description="""Whether the numbers fit the dimensions of both systems; derived.""")
    parameters_fault: Optional[str] = Field(default=None, title="why the parameters cannot be used", description="""Why the parameters cannot be used, as a short stable word; derived.""")
    parameters_hash: Optional[str] = Field(default=None, title="hash of the parameters", description="""SHA-256 of the canonical JSON of the parameters; derived.""")
    registered_by: Optional[Registration] = Field(default=None, title="registration", description="""Registration that gave the transformation.""")
    has_landmarks: list[str] = Field(default=[], title="landmark set", description="""Landmarks that the correlation or transformation rests on.""")
    has_error: list[RegistrationError] = Field(default=[], title="error of the transformation", description="""Stated error of the transformation.""")
    revision_of: list[str] = Field(default=[], title="earlier version", description="""Version that this one replaces.""")
    source_document: list[str] = Field(default=[], description="""Document or file that it comes from.""")


class Registration(ConfiguredBaseModel):
    """
    The act that gave a transformation.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    registration_method: Optional[RegistrationMethod] = Field(default=None, description="""What the registration relied on.""")
    software: Optional[str] = Field(default=None, description="""Name of the software that was used.""")
    software_version: Optional[str] = Field(default=None, description="""Version of the software.""")
    performed_by: Optional[str] = Field(default=None, title="who did it", description="""Person or program that did it, by name.""")
    used: list[str] = Field(default=[], title="input", description="""Image, landmarks or other thing that it used.""")


class RegistrationError(ConfiguredBaseModel):
    """
    A stated error of a transformation, in a unit and a coordinate system.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    error_kind: Optional[ErrorKind] = Field(default=None, title="kind of error", description="""How the error was obtained.""")
    statistic: Optional[ErrorStatistic] = Field(default=None, description="""Which statistic of the distances the number is.""")
    numeric_value: Optional[float] = Field(default=None, title="value", description="""Number in the stated unit.""")
    unit: Optional[str] = Field(default=None, description="""Unit as a QUDT or UO IRI.""")
    unit_code: Optional[str] = Field(default=None, title="unit (UCUM code)", description="""Unit as a UCUM code; 1 for a pure number.""")
    value_si: Optional[float] = Field(default=None, title="value in SI units", description="""The same quantity in SI units.""")
    sample_size: Optional[int] = Field(default=None, title="number of points", description="""Number of points.""", ge=0)
    measured_in: Optional[str] = Field(default=None, title="coordinate system of the measurement", description="""Coordinate system in which it was measured.""")
    fre_recomputed: Optional[float] = Field(default=None, title="recomputed fiducial registration error", description="""Fiducial registration error recomputed from the landmarks; derived.""")


class LandmarkSet(ConfiguredBaseModel):
    """
    Pairs of points that show the same place in two coordinate systems.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    source_coordinate_system: Optional[str] = Field(default=None, description="""System of the points that go in.""")
    target_coordinate_system: Optional[str] = Field(default=None, description="""System of the points that come out.""")
    landmarks: Optional[str] = Field(default=None, title="landmark pairs", description="""Pairs as JSON: [{name, source: [..], target: [..]}] in the axis orders of the two systems.""")
    landmark_count: Optional[int] = Field(default=None, title="number of landmark pairs", description="""Number of landmark pairs.""", ge=0)
    file_reference: list[FileReference] = Field(default=[], title="file", description="""File that holds it.""")


class AnalyzedData(ConfiguredBaseModel):
    """
    Results made from images.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    result_type: Optional[str] = Field(default=None, title="type of result", description="""Kind of result that the analysis gave.""")
    derived_from: list[str] = Field(default=[], title="data that it was made from", description="""Image or file set that it was made from.""")
    analysis_method: Optional[str] = Field(default=None, description="""How it was analysed, with the details that matter.""")
    file_set: list[FileSet] = Field(default=[], description="""Many files described together, never one node a file.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Annotation(ConfiguredBaseModel):
    """
    Something that people or programs added to images, such as a segmentation.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    derived_from: list[str] = Field(default=[], title="data that it was made from", description="""Image or file set that it was made from.""")
    by_annotation_method: list[str] = Field(default=[], title="annotation method", description="""How this annotation was made.""")
    processing_protocol: list[str] = Field(default=[], title="processing protocol", description="""Protocol by which it was made from other data.""")
    annotation_type: list[str] = Field(default=[], title="type of annotation", description="""Kind of annotation: class labels, bounding boxes, segmentation mask and so on.""")
    annotation_time: Optional[str] = Field(default=None, title="annotation date", description="""When the annotation was made.""")
    annotation_author: list[str] = Field(default=[], title="author of the annotation", description="""Person, group or program that annotated, by name.""")
    spatial_information: Optional[str] = Field(default=None, description="""Spatial information for non-pixel annotations.""")
    annotation_transformation: Optional[str] = Field(default=None, title="transformation of the annotation", description="""How the annotation is laid over its image, in words, where it does not share the pixel grid.""")
    about_term: list[OntologyTerm] = Field(default=[], title="subject", description="""What the study, sample or annotation is about, as a term (anatomy, cell, process, gene).""")
    file_reference: list[FileReference] = Field(default=[], title="file", description="""File that holds it.""")
    file_set: list[FileSet] = Field(default=[], description="""Many files described together, never one node a file.""")
    part_of: list[str] = Field(default=[], title="study component", description="""Study component that the image belongs to.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class AnnotationMethod(ConfiguredBaseModel):
    """
    How annotations were made (MIFA).
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    annotation_type: list[str] = Field(default=[], title="type of annotation", description="""Kind of annotation: class labels, bounding boxes, segmentation mask and so on.""")
    annotation_criteria: Optional[str] = Field(default=None, description="""Rules that annotators followed.""")
    annotation_coverage: Optional[str] = Field(default=None, description="""Which images or parts are annotated.""")
    annotation_confidence: Optional[str] = Field(default=None, title="confidence of the annotation", description="""How sure the annotation is, in words.""")
    spatial_information: Optional[str] = Field(default=None, description="""Spatial information for non-pixel annotations.""")
    annotation_transformation: Optional[str] = Field(default=None, title="transformation of the annotation", description="""How the annotation is laid over its image, in words, where it does not share the pixel grid.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Taxon(ConfiguredBaseModel):
    """
    A taxon; its IRI is the NCBITaxon term.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    scientific_name: Optional[str] = Field(default=None, description="""Scientific name of the taxon.""")
    common_name: list[str] = Field(default=[], description="""Everyday name of the taxon.""")
    taxon_rank: Optional[str] = Field(default=None, description="""Rank of the taxon.""")
    parent_taxon: Optional[str] = Field(default=None, description="""The next taxon above.""")


class OntologyTerm(ConfiguredBaseModel):
    """
    A term of an ontology or vocabulary that others keep.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    label: Optional[str] = Field(default=None, description="""Preferred label of a term in its own vocabulary.""")


class Person(ConfiguredBaseModel):
    """
    A person; the IRI is the ORCID where known.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    name: Optional[str] = Field(default=None, description="""Name of a person or organisation as the source writes it.""")
    given_name: Optional[str] = Field(default=None, description="""Given name of a person.""")
    family_name: Optional[str] = Field(default=None, description="""Family name of a person.""")
    address: Optional[str] = Field(default=None, description="""Postal address of an organisation or person.""")
    affiliation: list[Organisation] = Field(default=[], description="""Organisation that the person belonged to at the time.""")
    affiliation_text: list[str] = Field(default=[], title="affiliation in words", description="""Affiliation as the source writes it in one text.""")
    web_page: list[str] = Field(default=[], description="""Address of a web page about it.""")
    alternate_identifier: list[str] = Field(default=[], title="other identifier", description="""Another identifier of the same thing.""")


class Organisation(ConfiguredBaseModel):
    """
    An organisation; the IRI is the ROR where known.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    name: Optional[str] = Field(default=None, description="""Name of a person or organisation as the source writes it.""")
    address: Optional[str] = Field(default=None, description="""Postal address of an organisation or person.""")
    web_page: list[str] = Field(default=[], description="""Address of a web page about it.""")
    alternate_identifier: list[str] = Field(default=[], title="other identifier", description="""Another identifier of the same thing.""")


class Contribution(ConfiguredBaseModel):
    """
    One person's or organisation's part in a study, with its place in the order.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    position: Optional[int] = Field(default=None, title="place in the order", description="""Place in the order of authors, from 1.""", ge=1)
    display_name: Optional[str] = Field(default=None, description="""Name as this study writes it.""")
    role: list[str] = Field(default=[], description="""Role in the study, in words.""")
    agent: Optional[str] = Field(default=None, description="""The person or organisation.""")
    person: Optional[Person] = Field(default=None, description="""The person who contributed.""")
    contributing_organisation: Optional[Organisation] = Field(default=None, description="""The organisation that contributed.""")
    affiliation: list[Organisation] = Field(default=[], description="""Organisation that the person belonged to at the time.""")


class Publication(ConfiguredBaseModel):
    """
    A publication; the IRI is https://doi.org/ and the DOI where known.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    creator: list[str] = Field(default=[], description="""Authors, flat and without order; contributions give order and role.""")
    doi: Optional[str] = Field(default=None, title="DOI", description="""DOI without resolver, in lower case.""")
    pubmed_id: Optional[str] = Field(default=None, title="PubMed identifier", description="""Identifier in PubMed, digits only.""")
    publication_date: Optional[str] = Field(default=None, description="""Date of publication as exact as it is known.""")
    authors_text: Optional[str] = Field(default=None, title="authors in words", description="""Authors in one text as the source writes them.""")
    editors_text: Optional[str] = Field(default=None, title="editors", description="""Editors as the source writes them.""")
    publisher: Optional[Organisation] = Field(default=None, description="""Organisation that publishes the record.""")
    publication_status: list[str] = Field(default=[], title="status of the publication", description="""What the source says of the kind and stage of the publication: published, preprint, journal.""")
    journal: Optional[str] = Field(default=None, title="journal", description="""Journal or book that the publication is in, as the source names it.""")
    journal_abbreviation: Optional[str] = Field(default=None, title="journal, abbreviated", description="""Abbreviated name of the journal, as the source writes it.""")
    journal_volume: Optional[str] = Field(default=None, title="volume", description="""Volume of the journal.""")
    journal_issue: Optional[str] = Field(default=None, title="issue", description="""Issue of the journal.""")
    first_page: Optional[str] = Field(default=None, title="first page", description="""First page of the publication.""")
    last_page: Optional[str] = Field(default=None, title="last page", description="""Last page of the publication.""")
    publication_language: Optional[str] = Field(default=None, title="language", description="""Language of the publication, as the source names it.""")
    web_page: list[str] = Field(default=[], description="""Address of a web page about it.""")
    alternate_identifier: list[str] = Field(default=[], title="other identifier", description="""Another identifier of the same thing.""")
    raw_text: Optional[str] = Field(default=None, title="text of the source", description="""The value as the source writes it.""")


class Grant(ConfiguredBaseModel):
    """
    A grant.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    grant_identifier: Optional[str] = Field(default=None, title="grant number", description="""Number or code of the grant at its funder.""")
    funder: list[Organisation] = Field(default=[], description="""Organisation that paid.""")


class Protocol(ConfiguredBaseModel):
    """
    What was done, in words.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    protocol_type: list[OntologyTerm] = Field(default=[], description="""What kind of protocol it is, as a term (growth, treatment, analysis).""")
    instrument_text: list[str] = Field(default=[], title="instrument in words", description="""Instrument as the source writes it.""")
    web_page: list[str] = Field(default=[], description="""Address of a web page about it.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class Instrument(ConfiguredBaseModel):
    """
    An instrument with its make and model.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    manufacturer: Optional[str] = Field(default=None, description="""Who made the instrument.""")
    instrument_model: Optional[str] = Field(default=None, title="model", description="""Model name of the instrument.""")
    configuration: Optional[str] = Field(default=None, description="""Configuration of the instrument in words.""")


class QuantityValue(ConfiguredBaseModel):
    """
    A number with its unit, as stated and in SI.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    numeric_value: Optional[float] = Field(default=None, title="value", description="""Number in the stated unit.""")
    unit: Optional[str] = Field(default=None, description="""Unit as a QUDT or UO IRI.""")
    unit_code: Optional[str] = Field(default=None, title="unit (UCUM code)", description="""Unit as a UCUM code; 1 for a pure number.""")
    value_si: Optional[float] = Field(default=None, title="value in SI units", description="""The same quantity in SI units.""")
    raw_text: Optional[str] = Field(default=None, title="text of the source", description="""The value as the source writes it.""")


class StudyLink(ConfiguredBaseModel):
    """
    A link between two studies with what it rests on: who says so, where, how sure.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    link_from: Optional[str] = Field(default=None, title="study that the link starts from", description="""Study that the link starts from.""")
    link_to: Optional[str] = Field(default=None, title="other study", description="""Study that the link points to, here or not yet here.""")
    link_relation: Optional[LinkRelation] = Field(default=None, title="relation of the studies", description="""How the two hang together.""")
    evidence_kind: Optional[EvidenceKind] = Field(default=None, title="kind of evidence", description="""Where the link was seen.""")
    evidence_text: list[str] = Field(default=[], title="quoted evidence", description="""The place in the source, quoted.""")
    source_document: list[str] = Field(default=[], description="""Document or file that it comes from.""")
    asserted_by: Optional[Asserter] = Field(default=None, title="asserter", description="""Who says that the link holds.""")
    confidence: Optional[float] = Field(default=None, description="""From 0 (a guess) to 1 (stated by the depositor or a curator).""", ge=0, le=1)
    relayed_by: Optional[str] = Field(default=None, title="passed on by", description="""Table or service that passes on what another record states; no second statement of it.""")
    is_test_fixture: Optional[bool] = Field(default=None, title="test fixture", description="""Whether the record that states the link is an archive's own test record, so that nobody should believe it.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class ExternalRecord(ConfiguredBaseModel):
    """
    A record of an archive that this catalogue does not hold.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    external_identifier: Optional[str] = Field(default=None, title="identifier in its archive", description="""Identifier in its own archive.""")
    external_archive: Optional[str] = Field(default=None, title="archive of the record", description="""Archive of that identifier.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    landing_page: Optional[str] = Field(default=None, title="page at the archive", description="""The archive's own page.""")
    modelled_as: list[ExternalRecord] = Field(default=[], title="PDB entry", description="""PDB entry of a model built on this study's data, or into this map.""")
    assembly: list[str] = Field(default=[], description="""Assembly of an atomic model, as written.""")
    molecular_weight: list[str] = Field(default=[], title="molecular weight", description="""Molecular weight of an assembly, as written.""")


class LinkSet(ConfiguredBaseModel):
    """
    A document that states links between records: a collection, a table of cross-references.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    accession: Optional[str] = Field(default=None, description="""The study's accession in canonical spelling.""")
    archive: Optional[Archive] = Field(default=None, description="""The archive that issued the accession.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    description: Optional[str] = Field(default=None, description="""Free text that describes the thing.""")
    landing_page: Optional[str] = Field(default=None, title="page at the archive", description="""The archive's own page.""")
    related: list[StudyLink] = Field(default=[], title="link to another study", description="""Link to another study.""")
    external_record: list[ExternalRecord] = Field(default=[], title="record elsewhere", description="""Record of another archive about which this document states something.""")
    map_sample: list[MapSample] = Field(default=[], title="sample of a map", description="""Sample of an EMDB entry.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")
    kept_value: list[KeptValue] = Field(default=[], description="""Value of the source that has no slot; kept verbatim.""")


class MapSample(ConfiguredBaseModel):
    """
    A sample of an EMDB entry, with the proteins and taxa that a table of cross-references gives.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    title: Optional[str] = Field(default=None, description="""Title or name for people.""")
    sample_of_map: Optional[str] = Field(default=None, title="map", description="""The EMDB entry that the sample was imaged for.""")
    sample_identifier: Optional[str] = Field(default=None, title="identifier of the sample", description="""Identifier of the sample within its entry.""")
    sample_copies: Optional[str] = Field(default=None, title="copies", description="""Number of copies of the sample in the complex, as written.""")
    taxon: list[str] = Field(default=[], title="taxon of the sample", description="""Taxon that the sample comes from.""")
    protein: list[str] = Field(default=[], description="""Protein that the sample is or holds, by its UniProt IRI.""")
    sample_complex: list[str] = Field(default=[], title="identifier of the complex", description="""Identifier of the complex that the sample is a part of.""")
    attribute_text: list[str] = Field(default=[], title="attribute in words", description="""Attribute that the source states beside its model, as name and value.""")


class CurationDecision(ConfiguredBaseModel):
    """
    A curator's decision: a corrected field, or a link confirmed or refuted.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    key: Optional[str] = Field(default=None, title="key in the source", description="""The source's own identifier of the thing; the last part of its IRI here.""")
    about_study: Optional[str] = Field(default=None, title="study", description="""Study that the statement is about.""")
    about_thing: Optional[str] = Field(default=None, title="thing", description="""Study, or thing of the study, whose field is corrected.""")
    of_field: Optional[str] = Field(default=None, title="field", description="""Slot that the value belongs to.""")
    old_value: Optional[str] = Field(default=None, title="old value", description="""What the field says before the correction; the correction lapses when no source says so any more.""")
    new_value: Optional[str] = Field(default=None, title="new value", description="""What the field should say.""")
    link_to: Optional[str] = Field(default=None, title="other study", description="""Study that the link points to, here or not yet here.""")
    verdict: Optional[Verdict] = Field(default=None, description="""Whether the link holds.""")
    link_relation: Optional[LinkRelation] = Field(default=None, title="relation of the studies", description="""How the two hang together.""")
    decided_by: Optional[str] = Field(default=None, title="curator", description="""Who decided.""")
    decided_on: Optional[str] = Field(default=None, title="date of the decision", description="""When it was decided: a date, or a date with a time; the later decision holds.""")
    decision_reason: Optional[str] = Field(default=None, title="reason", description="""Why it was decided.""")


class CorrelativeSet(ConfiguredBaseModel):
    """
    Studies that are correlated with each other, directly or through others: a correlative study as a whole.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    set_member: list[str] = Field(default=[], title="member", description="""Study of a correlative set.""")
    weakest_evidence: Optional[EvidenceKind] = Field(default=None, title="weakest evidence", description="""Kind of evidence of the weakest link that holds the set together.""")
    confidence: Optional[float] = Field(default=None, description="""From 0 (a guess) to 1 (stated by the depositor or a curator).""", ge=0, le=1)


class FieldConflict(ConfiguredBaseModel):
    """
    A field of a study about which its sources do not say the same, with what the catalogue prefers.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    about_study: Optional[str] = Field(default=None, title="study", description="""Study that the statement is about.""")
    of_field: Optional[str] = Field(default=None, title="field", description="""Slot that the value belongs to.""")
    preferred_value: list[str] = Field(default=[], title="preferred value", description="""What the sources say that come first in the table of precedence; an IRI as text.""")
    preferred_source: list[str] = Field(default=[], title="preferred source", description="""Kind of source of the preferred value.""")
    other_value: list[str] = Field(default=[], title="other value", description="""What the other sources say.""")
    other_source: list[str] = Field(default=[], title="other source", description="""Kind of source of the other values.""")


class SourceRecord(ConfiguredBaseModel):
    """
    The document that the facts of one named graph were mapped from.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    accession: Optional[str] = Field(default=None, description="""The study's accession in canonical spelling.""")
    source_kind: Optional[str] = Field(default=None, title="kind of source", description="""Kind of source: gide, rembigraph, pagetab and so on.""")
    source_format: Optional[str] = Field(default=None, title="format of the source", description="""Format that was recognised.""")
    source_sha256: Optional[str] = Field(default=None, title="SHA-256 of the source", description="""SHA-256 of the source document as received.""")
    source_date: Optional[str] = Field(default=None, title="date of the source", description="""Date that the source document states for itself.""")
    mapping_version: Optional[str] = Field(default=None, title="version of the mapping", description="""Version of the mapping that was applied.""")
    primary_source: Optional[str] = Field(default=None, title="study of the source", description="""Study that the document is about.""")
    record_graph: Optional[str] = Field(default=None, title="graph of the record", description="""Named graph that holds the mapped facts.""")
    leaves_total: Optional[int] = Field(default=None, title="values in the source", description="""Number of values in the source document.""")
    leaves_mapped: Optional[int] = Field(default=None, title="mapped values", description="""Number of them that have a typed slot.""")
    leaves_kept: Optional[int] = Field(default=None, title="kept values", description="""Number of them kept verbatim.""")
    leaves_ignored: Optional[int] = Field(default=None, title="ignored values", description="""Number of them ignored by a named rule.""")


class Resolution(ConfiguredBaseModel):
    """
    How a value of the source became a term, or that it did not.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    of_field: Optional[str] = Field(default=None, title="field", description="""Slot that the value belongs to.""")
    raw_text: Optional[str] = Field(default=None, title="text of the source", description="""The value as the source writes it.""")
    raw_identifier: Optional[str] = Field(default=None, title="identifier of the source", description="""Identifier as the source writes it.""")
    resolved_to: Optional[str] = Field(default=None, title="resolved to", description="""Term that was found.""")
    resolution_method: Optional[ResolutionMethod] = Field(default=None, title="way of resolution", description="""How the term was found.""")
    pointer: Optional[str] = Field(default=None, title="place in the source", description="""JSON pointer (RFC 6901) of the value in the source document.""")


class KeptValue(ConfiguredBaseModel):
    """
    A value of the source without a slot of its own, kept verbatim.
    """
    id: Optional[str] = Field(default=None, title="IRI", description="""IRI of the thing; written relative to the study or the data base in records.""")
    pointer: Optional[str] = Field(default=None, title="place in the source", description="""JSON pointer (RFC 6901) of the value in the source document.""")
    raw_text: Optional[str] = Field(default=None, title="text of the source", description="""The value as the source writes it.""")


# Model rebuild
# see https://pydantic-docs.helpmanual.io/usage/models/#rebuilding-a-model
Study.model_rebuild()
StudyComponent.model_rebuild()
Association.model_rebuild()
Biosample.model_rebuild()
Specimen.model_rebuild()
SignalChannel.model_rebuild()
ImageAcquisition.model_rebuild()
Image.model_rebuild()
ImageRepresentation.model_rebuild()
FileReference.model_rebuild()
FileSet.model_rebuild()
ImageCorrelation.model_rebuild()
CorrelationMember.model_rebuild()
CoordinateSystem.model_rebuild()
Axis.model_rebuild()
CoordinateTransformation.model_rebuild()
Registration.model_rebuild()
RegistrationError.model_rebuild()
LandmarkSet.model_rebuild()
AnalyzedData.model_rebuild()
Annotation.model_rebuild()
AnnotationMethod.model_rebuild()
Taxon.model_rebuild()
OntologyTerm.model_rebuild()
Person.model_rebuild()
Organisation.model_rebuild()
Contribution.model_rebuild()
Publication.model_rebuild()
Grant.model_rebuild()
Protocol.model_rebuild()
Instrument.model_rebuild()
QuantityValue.model_rebuild()
StudyLink.model_rebuild()
ExternalRecord.model_rebuild()
LinkSet.model_rebuild()
MapSample.model_rebuild()
CurationDecision.model_rebuild()
CorrelativeSet.model_rebuild()
FieldConflict.model_rebuild()
SourceRecord.model_rebuild()
Resolution.model_rebuild()
KeptValue.model_rebuild()
