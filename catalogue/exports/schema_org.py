"""A study as a schema.org Dataset by the Bioschemas profile Dataset 1.0-RELEASE: a document, and a script in the page.

Sources: https://bioschemas.org/profiles/Dataset/1.0-RELEASE and Google's guide to structured data of Datasets, which
wants a description of 50 to 5000 characters. Nothing is said that the record does not say: a Dataset whose record has
no description, keywords or licence has none here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import cite, one_line, paragraphs
from rembigraph.catalogue.exports.kinds import Export
from rembigraph.catalogue.exports.schema_org_facts import (
    articles,
    biosample_terms,
    cut_short,
    file_addresses,
    folder_of,
    identifiers,
    is_free,
    license_of,
    notes,
    related,
    terms_of,
    texts_without_term,
    web_addresses,
)
from rembigraph.catalogue.exports.schema_org_things import (
    Thing,
    agent,
    article,
    download,
    filled,
    grants,
    other_study,
    sizes,
    taxon,
    term,
)

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described

CONTEXT: Final = "https://schema.org/"
PROFILE: Final = "https://bioschemas.org/profiles/Dataset/1.0-RELEASE"
CATALOGUE_NAME: Final = "Rembigraph"

MOST_CHARACTERS: Final = 5000
"""Length of the longest description that Google reads."""
MOST_FILES: Final = 20
"""Most addresses of files: the document stands in the page, which must stay small."""
MOST_STUDIES: Final = 50
"""Most other studies."""
MOST_PICTURES: Final = 5

_CONFORMS_TO: Final = "http://purl.org/dc/terms/conformsTo"
_IN_SCRIPT: Final = str.maketrans(
    {
        character: f"\\u{ord(character):04x}"
        for character in "<>&" + "".join(map(chr, (*range(0x2028, 0x202F), *range(0x2066, 0x206A))))
    }
)


def dataset(study: Described) -> Thing:
    """Return a study as a JSON-LD document of schema.org."""
    return filled(
        {"@context": CONTEXT, **_heading(study), **_rights(study), **_subject(study), **_data(study)}
    )


def script_text(study: Described) -> str:
    """Return the document as the content of `<script type="application/ld+json">`.

    No character of it can end the script, begin markup or turn the direction of text: `<`, `>`, `&`, the line
    separators and the marks of direction are escaped as JSON allows, so reading it gives the document of `dataset`.
    """
    return json.dumps(dataset(study), ensure_ascii=False).translate(_IN_SCRIPT)


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text of at most that many characters, cut at the end of a word, with an ellipsis where it is cut.

    >>> cut("one two three", 9)
    'one two…'
    """
    if len(text) <= most:
        return text
    head = text[: most - 1]
    end = max(head.rfind(" "), head.rfind("\n"))
    whole = text[most - 1].isspace() or end <= 0
    return (head if whole else head[:end]).rstrip() + "…"


def catalogue_of(study: Described) -> Thing:
    """Return this catalogue as a DataCatalog."""
    return {
        "@id": f"{study.catalogue}/",
        "@type": "DataCatalog",
        "name": CATALOGUE_NAME,
        "url": f"{study.catalogue}/",
    }


def publisher(study: Described) -> Thing:
    """Return the archive that released the study as an Organization; empty for drafts, which none has released."""
    name = cite(study).publisher
    home = study.accession.archive.home
    return {"@id": home, "@type": "Organization", "name": name, "url": home} if name else {}


def _heading(study: Described) -> Thing:
    return {
        "@id": study.persistent,
        "@type": "Dataset",
        _CONFORMS_TO: {"@id": PROFILE},
        "identifier": identifiers(study),
        "name": cite(study).title,
        "description": cut(paragraphs(study.description)),
        "url": study.page,
        "sameAs": web_addresses(study.same_as),
        "keywords": list(dict.fromkeys(filter(None, map(one_line, study.keywords)))),
        "creator": [agent(author) for author in study.authors],
        "datePublished": study.issued,
        "dateModified": one_line(study.study.text("modified")),
        "publisher": publisher(study),
        "includedInDataCatalog": catalogue_of(study),
    }


def _rights(study: Described) -> Thing:
    return {
        "license": license_of(study),
        "copyrightNotice": one_line(study.study.text("rights")),
        "isAccessibleForFree": True if is_free(study) else None,
        "funding": list(grants(study)),
    }


def _subject(study: Described) -> Thing:
    methods = [term(*found) for found in terms_of(study.terms("imaging_method"))]
    taxa = [taxon(study, *found) for found in terms_of(study.terms("organism"))]
    named = [{"@type": "Taxon", "name": text} for text in texts_without_term(study, "organism")]
    return {
        "measurementTechnique": [*methods, *texts_without_term(study, "imaging_method")],
        "about": [*taxa, *named, *(term(*found) for found in biosample_terms(study))],
        "citation": [article(one) for one in articles(study)],
        **_others(study),
    }


def _others(study: Described) -> Thing:
    """Return the whole that the study is a part of, what its data were made from, and other studies it belongs to."""
    found = related(study)[:MOST_STUDIES]
    whole = [other_study(one) for one in found if one.correlative]
    mentioned = [one for one in found if not (one.correlative or one.is_source)]
    return {
        "isPartOf": _whole(study, whole) if whole else {},
        "isBasedOn": [other_study(one) for one in found if one.is_source and not one.correlative],
        "mentions": [other_study(one) for one in mentioned],
    }


def _whole(study: Described, others: list[Thing]) -> Thing:
    names = [str(study.accession), *(one["identifier"] for one in others)]
    return {
        "@type": "CreativeWork",
        "name": f"Correlative study: {', '.join(names)}",
        "hasPart": [{"@id": study.persistent}, *others],
    }


def _data(study: Described) -> Thing:
    files, known = file_addresses(study, MOST_FILES)
    folder = folder_of(study)
    others = len(related(study))
    said = notes(
        cut_short("addresses of files", len(files), known),
        cut_short("related studies", min(others, MOST_STUDIES), others),
    )
    return {
        "size": list(sizes(study)),
        "thumbnailUrl": web_addresses(study.study.iris("thumbnail"))[:MOST_PICTURES],
        "distribution": [download(one) for one in ([folder] if folder else []) + list(files)],
        "comment": [{"@type": "Comment", "text": text} for text in said],
    }


def _make(study: Described) -> bytes:
    return written(dataset(study))


def written(document: Any) -> bytes:
    """Return a JSON document in UTF-8, as every JSON export writes it."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


SCHEMA_ORG: Final = Export(
    name="schemaorg",
    label="schema.org (Bioschemas Dataset)",
    suffix="schema.jsonld",
    media_type="application/ld+json",
    profile=PROFILE,
    make=_make,
)
"""The schema.org document of a study."""
