"""The objects of one BIA study, by type and uuid; files by the dataset that they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rembigraph.loaders.bia_fields import Fields
from rembigraph.loaders.bia_files import FileTable
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.leaves import LeafAccount
from rembigraph.loaders.reading import Document

# What older models called a thing -> its name now.
TYPES = {
    "biastudy": "Study",
    "biaimage": "Image",
    "experimentalimagingdataset": "Dataset",
    "imageannotationdataset": "Dataset",
    "imageacquisition": "ImageAcquisitionProtocol",
    "specimengrowthprotocol": "Protocol",
    "specimenimagingpreparation": "SpecimenImagingPreparationProtocol",
    "experimentallycapturedimage": "Image",
    "derivedimage": "Image",
    "annotationfilereference": "AnnotationData",
} | {
    name.casefold(): name
    for name in (
        *("Study", "Dataset", "BioSample", "Specimen", "SpecimenImagingPreparationProtocol"),
        *("ImageAcquisitionProtocol", "AnnotationMethod", "Protocol", "FileReference", "Image"),
        *("ImageRepresentation", "CreationProcess", "AnnotationData"),
    )
}
# Type -> what its things are below the study's IRI.
SEGMENTS = {
    "Dataset": "component",
    "BioSample": "biosample",
    "Specimen": "specimen",
    "SpecimenImagingPreparationProtocol": "protocol",
    "ImageAcquisitionProtocol": "acquisition",
    "AnnotationMethod": "annotation-method",
    "Protocol": "protocol",
    "Image": "image",
    "AnnotationData": "annotation",
}
# What comes by the thousand: files are always summed up, images and what belongs to them when there are too many.
OF_IMAGES = ("Image", "ImageRepresentation", "CreationProcess")
MOST_IMAGES = 2_000
METADATA = ("additional_metadata", "attribute")

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_TYPE = re.compile(rb'"type_name"\s*:\s*"([A-Za-z]{1,79})"')


def uuid_in(value: Any) -> str:
    """Return a uuid in lower case; empty for anything else."""
    text = value.strip().casefold() if isinstance(value, str) else ""
    return text if _UUID.fullmatch(text) else ""


def uuid_of(parsed: Any) -> str:
    """Return the uuid of an object; empty when it has none."""
    return uuid_in(parsed.get("uuid")) if isinstance(parsed, dict) else ""


def type_of(parsed: Any) -> str:
    """Return what an object is, by its present name; empty when it does not say.

    >>> type_of({"uuid": "...", "model": {"type_name": "ImageAcquisition", "version": 1}})
    'ImageAcquisitionProtocol'
    """
    if not isinstance(parsed, dict):
        return ""
    model = parsed.get("model")
    name = model.get("type_name") if isinstance(model, dict) else None
    if isinstance(name, str) and _NAME.fullmatch(name.strip()):
        known = TYPES.get(name.strip().casefold())
        return known or name.strip()[:1].upper() + name.strip()[1:]
    return "Study" if "accession_id" in parsed and isinstance(parsed.get("author"), list) else ""


def _sniffed(document: Document) -> str:
    match = _TYPE.search(document.data)
    name = match.group(1).decode() if match else ""
    return TYPES.get(name.casefold(), name)


class Objects:
    """The objects of one study.

    Args:
        document: the Study with the documents attached to it.
        parsed: the Study.
    """

    def __init__(self, document: Document, parsed: dict[str, Any]) -> None:
        self.root = Fields(parsed, "", LeafAccount(parsed))
        self.files: dict[str, FileTable] = {}  # dataset -> its files
        self.file_rows: dict[str, dict[str, Any]] = {}  # uuid -> file, of those that are named
        self._by_uuid: dict[str, tuple[str, Fields]] = {}
        self._documents: list[tuple[str, str, Fields]] = [("Study", "", self.root)]  # type, name, object
        self._tables: list[tuple[str, str, Fields]] = []
        self.summed: dict[str, FileTable] = {}  # type -> objects of it, where there are too many images
        kinds = [(_sniffed(one), one) for one in document.attached]
        rows = {
            "FileReference",
            *(OF_IMAGES if sum(kind == "Image" for kind, _ in kinds) > MOST_IMAGES else ()),
        }
        for kind, one in kinds:
            if kind not in rows:
                self._add(one)
        self._add_rows([one for kind, one in kinds if kind in rows])

    def _add(self, document: Document) -> None:
        parsed = parse_json(document)
        fields = Fields(parsed if isinstance(parsed, dict) else {}, "", LeafAccount(parsed))
        kind = type_of(parsed) or "Unknown"
        self._documents.append((kind, document.name, fields))
        if name := uuid_of(parsed):
            self._by_uuid.setdefault(name, (kind, fields))

    def _add_rows(self, documents: list[Document]) -> None:
        """Sum up objects as their documents go by: files by dataset; only those that an image is made of stay."""
        wanted = {
            name for _, of in self.everything() for name, _ in of.references("original_file_reference_uuid")
        }
        for document in documents:
            row = parse_json(document)
            if not isinstance(row, dict):
                continue
            kind = type_of(row)
            if kind != "FileReference":
                self.summed.setdefault(kind, FileTable()).add(row)
                continue
            self.files.setdefault(uuid_in(row.get("submission_dataset_uuid")), FileTable()).add(row)
            if (name := uuid_of(row)) in wanted:
                self.file_rows[name] = row
        for dataset, found in self.files.items():
            self._add_table("FileReference", dataset or "*", found)
        for kind, found in self.summed.items():
            self._add_table(kind, "*", found)

    def _add_table(self, kind: str, name: str, found: FileTable) -> None:
        shown = {kind: {name: found.columns}}
        fields = Fields(shown, "", LeafAccount(shown))
        fields.account.mapped_under("")
        self._tables.append((kind, kind, fields))

    def everything(self) -> Iterator[tuple[str, Fields]]:
        """Yield every object but files, with its type, the Study first."""
        yield from ((kind, of) for kind, _, of in self._documents)

    def of_type(self, kind: str) -> Iterator[tuple[str, Fields]]:
        """Yield the objects of a type, each with its uuid; one without a uuid has none."""
        for of_kind, of in self.everything():
            if of_kind == kind:
                yield uuid_of(of.value), of

    def get(self, uuid: str, kind: str) -> Fields | None:
        """Return the object of a type with this uuid."""
        found = self._by_uuid.get(uuid)
        return found[1] if found and found[0] == kind else None

    def resolve(self, of: Fields, kind: str, *names: str) -> list[str]:
        """Take references to objects of a type that are here; others stay kept, for they would lead nowhere."""
        found: dict[str, None] = {}
        for uuid, place in of.references(*names):
            if self.get(uuid, kind) is not None:
                of.account.mapped(place)
                found[f"{SEGMENTS[kind]}/{uuid}"] = None
        return list(found)

    def documents(self) -> list[tuple[str, Fields]]:
        """Return every document by its name; the Study has none."""
        return [(name, of) for _, name, of in (*self._documents, *self._tables)]

    def accounted(self) -> list[tuple[str, Fields]]:
        """Return every document by its type."""
        return [(kind, of) for kind, _, of in (*self._documents, *self._tables)]


def claim(of: Fields) -> tuple[str | None, list[str]]:
    """Take what every object has: its uuid, and in words what it is and what made it."""
    uuid = of.text("uuid")
    uuid = uuid.casefold() if uuid else None
    model = next(of.objects("model"), None)
    parts = [
        model.text("type_name") if model else None,
        f"model version {text}" if model and (text := model.text("version")) else None,
        f"version {text}" if (text := of.text("version")) else None,
        f"made by {text}" if (text := of.text("object_creator")) else None,
    ]
    said = ", ".join(part for part in parts if part)
    return uuid, [f"BIA object: {said}"] if said else []


def metadata(of: Fields) -> list[str]:
    """Take what an object states beside its model: `name [who says it]: value`."""
    found: dict[str, None] = {}
    for key in of.present(*METADATA):
        if not _is_list_of_entries(of.value[key]):
            found |= dict.fromkeys(of.attributes(key.casefold()))
            continue
        for entry in of.objects(key.casefold()):
            found |= dict.fromkeys(_entry(entry))
    return list(found)


def first_api_words(of: Fields) -> list[str]:
    """Take what a study or image of the first API states beside its model: attributes, annotations, other names."""
    found = of.attributes("attributes")
    for one in of.objects("annotations"):
        name, state = one.text("key"), one.text("state")
        label = f"{name or 'annotation'} [{state}]" if state else name or "annotation"
        found += one.attributes("value", of=label)
    for one in of.objects("alias"):
        found += [f"alias: {name}"] if (name := one.text("name")) else []
    of.nothing("annotations", "alias")
    return found + of.attributes("annotations_applied", "file_references_count", "images_count")


def _is_list_of_entries(value: Any) -> bool:
    entries = value if isinstance(value, list) else []
    return any(isinstance(entry, dict) and "value" in entry and "name" in entry for entry in entries)


def _entry(entry: Fields) -> list[str]:
    name, provenance = entry.text("name"), entry.text("provenance")
    label = f"{name or ''} [{provenance}]" if provenance else name or ""
    found = entry.attributes("value", of="")
    texts = [f"{label}: {_without_own_name(text, name)}" for text in found]
    return texts or ([f"{label}:"] if label else [])


def _without_own_name(text: str, name: str | None) -> str:
    """Most values are an object with one member that has the name of the entry."""
    own = next((word for word in (name, "value") if word and text.startswith(f"{word}: ")), "")
    return text.removeprefix(f"{own}: ") if own else text
