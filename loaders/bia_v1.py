"""Flat study documents of the BioImage Archive's first integrator (v1), with the parts that may lie beside them.

A study has names of authors only, one organism and imaging type in words ("Unknown" for none), links by their
description, images with their stored forms, and files by the thousand. Images, stored forms, aliases and annotations
also come as documents of their own, which name their study by its accession.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rembigraph.loaders.bia_documents import ignore_private, kept_values, study_of
from rembigraph.loaders.bia_fields import (
    Fields,
    file_address,
    whole_number,
)
from rembigraph.loaders.bia_files import FileTable
from rembigraph.loaders.bia_v1_images import Images
from rembigraph.loaders.bia_v1_parts import Parts, kind_of
from rembigraph.loaders.bia_v1_tables import FILES, INSIDE, Parsed, head, parse
from rembigraph.loaders.leaves import LeafAccount, leaf_name
from rembigraph.loaders.reading import Document, Leaves, Reading
from rembigraph.loaders.values import doi, doi_iri, is_placeholder, licence_iri, partial_date, prose
from rembigraph.ontology.completion import complete
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped
from rembigraph.ontology.generated.models import Contribution, ExternalRecord, Person, Study, StudyComponent
from rembigraph.ontology.mentions import links_of_address

FORMAT = "bia-v1"
SOURCE = "bia-v1"

_SNIFFED_BYTES = 64 * 1024
_SIZES = ("n_files_in_study", "n_files_excluding_zip_contents", "n_files_including_zip_contents")
_WORDS = {
    "study": "a study",
    "image": "an image",
    "representation": "a stored form of an image",
    "annotation": "an annotation",
    "alias": "another name of an image",
}


def recognises(document: Document) -> bool:
    """Whether the bytes begin like a JSON object that names its study by `accession_id`, and is no model object."""
    begins = document.data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return (
        begins.startswith(b"{")
        and b'"@context"' not in begins
        and b'"type_name"' not in begins
        and b'"accession_id"' in document.data
        and not (b'"uuid"' in begins and b'"author"' in begins)
    )


def read(document: Document) -> Iterator[Reading | SourceError]:
    """Read the study of a document; a part of one without its study is skipped."""
    try:
        parsed = head(document)
        kind = kind_of(parsed)
        if kind is None:
            message = (
                "this names a study by accession_id, but is no document of the BioImage Archive that is known"
            )
            raise SourceMalformed(
                message, source=document.place, code="unknown-format", fix="A study needs a `title`, too."
            )
        if kind != "study":
            accession = prose(str(parsed.get("accession_id")))[:80]
            message = (
                f"this is {_WORDS[kind]} of study {accession} (BIA v1), and that study did not come with it"
            )
            raise SourceSkipped(
                message, where=document.place, fix="Load it together with the study's document."
            )
        yield _reading(document, parse(document))
    except SourceError as error:
        yield error


def _reading(document: Document, parsed: Parsed) -> Reading:
    of = Fields(parsed.shown, "", LeafAccount(parsed.shown))
    parts = Parts(document.attached)
    study, quality = study_of(of, document)
    images = Images(of, study, parsed.files)
    _describe(of, study)
    _add_files(of, study, parsed.tables | parts.tables)
    images.add_all(parts.fields)
    study.image = images.images
    every = [("", of), *parts.documents]
    for _, fields in every:
        ignore_private(fields)
    study.kept_value = kept_values(every)
    accounts = [fields.account for _, fields in every]
    return Reading(
        study=complete(study, SOURCE),
        source=SOURCE,
        format=FORMAT,
        source_bytes=document.bundle(),
        leaves=sum((account.leaves() for account in accounts), Leaves()),
        quality=quality,
        unmapped=dict(sum((Counter(account.unmapped(_name)) for account in accounts), Counter())),
    )


def _name(pointer: str) -> str:
    first = pointer.split("/")[1] if "/" in pointer else ""
    last = leaf_name(pointer)
    return last if last == first else f"{first}: {last}"


def _describe(of: Fields, study: Study) -> None:
    study.title = of.text("title", "name")
    study.description = of.text("description")
    study.organism_text = of.texts("organism")
    study.imaging_method_text = of.texts("imaging_type")
    study.issued = _date(of, "release_date")
    study.keyword = of.texts("keyword", "keywords")
    study.contribution = [*_authors(of)]
    _add_licence(of, study)
    _add_links(of, study)
    _add_pictures(of, study)
    _add_attributes(of, study)


def _date(of: Fields, name: str) -> str | None:
    date = partial_date(str(of.peek(name)))
    return date if date and of.text(name) else None


def _authors(of: Fields) -> Iterator[Contribution]:
    position = 0
    for author in of.objects("authors", "author"):
        name = author.text("name", "display_name")
        if name:
            position += 1
            yield Contribution(position=position, display_name=name, person=Person(name=name))


def _add_licence(of: Fields, study: Study) -> None:
    text = of.text("license", "licence")
    study.license = licence_iri(text or "")
    study.license_text = None if study.license else text


def _add_links(of: Fields, study: Study) -> None:
    """Links are a table from what they are to their address."""
    links = of.peek("links")
    if not isinstance(links, dict):
        of.nothing("links")
        return
    of.nothing("links")
    inner = next(iter(of.objects("links")), None)
    for words in links:
        address = (
            inner.text(words.casefold()) if inner and inner.present(words.casefold()) == [words] else None
        )
        if not address:
            continue
        title = None if is_placeholder(words) else prose(words) or None
        quoted = f"{title}: {address}" if title else address
        study.related += links_of_address(study.accession, quoted, quoted)
        study.see_also.append(
            ExternalRecord(external_identifier=address, title=title, landing_page=_landing_page(address))
        )


def _landing_page(address: str) -> str | None:
    name = doi(address)
    return doi_iri(name) if name else file_address(address)


def _add_pictures(of: Fields, study: Study) -> None:
    addresses, names = of.addresses("example_image_uri")
    study.thumbnail = addresses
    study.attribute_text = [f"example_image_uri: {name}" for name in names]
    study.attribute_text += [f"example_annotation_uri: {text}" for text in of.texts("example_annotation_uri")]


def _add_attributes(of: Fields, study: Study) -> None:
    """Tags and attributes are the archive's own notes; sizes among them have slots of their own, too."""
    given = of.peek("attributes")
    sizes = given if isinstance(given, dict) else {}
    study.byte_size = whole_number(sizes.get("study_size_in_bytes"))
    study.file_count = next((n for name in _SIZES if (n := whole_number(sizes.get(name))) is not None), None)
    size = sizes.get("study_size_human_readable")
    study.data_size_text = prose(size) or None if isinstance(size, str) and study.byte_size is None else None
    study.attribute_text += [*of.attributes("attributes"), *of.attributes("tags", of="tag")]


def _add_files(of: Fields, study: Study, tables: dict[str, FileTable]) -> None:
    """Files belong to the study as a whole: one part of it stands for the whole."""
    of.nothing(*FILES)
    if not tables:
        return
    sets = []
    for name, found in tables.items():
        one = found.file_set(name.casefold(), _title(name))
        if name.casefold().removesuffix(INSIDE) not in FILES:
            one.description = f"{found.count} in the source, summed up here"
            one.image_count = found.count if name.casefold() in {"images", "image-documents"} else None
            one.file_count, one.byte_size = None, None
        sets.append(one)
        if name in of.value:
            of.account.mapped_under(f"{of.place(name)}/*")
        study.related += found.named.values()
    study.component.append(StudyComponent(key="files", title=study.title, file_set=sets))


def _title(table: str) -> str:
    words = table.replace("-", " ").capitalize()
    title = FILES.get(table.casefold().removesuffix(INSIDE), f"{words} of the study")
    return f"{title}, inside its archive files" if table.endswith(INSIDE) else title
