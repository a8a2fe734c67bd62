"""The things that a schema.org Dataset is described with: people, terms, taxa, articles, files, other studies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import one_line
from rembigraph.catalogue.exports.schema_org_facts import PUBMED, web_addresses
from rembigraph.catalogue.recordview import short_iri
from rembigraph.ontology.identifiers import DOI

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Author, Described
    from rembigraph.catalogue.exports.schema_org_facts import Article, FileAddress, Related

Thing = dict[str, Any]

BYTES: Final = ("http://purl.obolibrary.org/obo/UO_0000233", "bytes")
FILES: Final = ("http://purl.obolibrary.org/obo/UO_0000189", "file count")
"""Units of sizes: term of the Units of Measurement Ontology, and the words of the GIDE profile."""


def filled(thing: Thing) -> Thing:
    """Return a thing without what is empty or unknown."""
    return {name: value for name, value in thing.items() if value not in ("", None, [], {}, ())}


def agent(author: Author) -> Thing:
    """Return an author as a Person with their ORCID, or as an Organization."""
    if author.is_organisation:
        return {"@type": "Organization", "name": one_line(author.name)}
    places = [{"@type": "Organization", "name": one_line(place)} for place in author.affiliations]
    return filled(
        {
            "@id": author.orcid,
            "@type": "Person",
            "name": one_line(author.name),
            "givenName": one_line(author.given),
            "familyName": one_line(author.family),
            "identifier": author.orcid,
            "affiliation": places,
        }
    )


def term(iri: str, label: str) -> Thing:
    """Return a term of an ontology as a DefinedTerm."""
    code = short_iri(iri)
    return filled(
        {
            "@id": iri,
            "@type": "DefinedTerm",
            "name": label,
            "termCode": code if ":" in code else "",
            "url": iri,
        }
    )


def taxon(study: Described, iri: str, label: str) -> Thing:
    """Return an organism as a Taxon (Bioschemas) with its common names."""
    node = study.view.node(iri)
    names = list(dict.fromkeys(map(one_line, node.texts("common_name")))) if node else []
    return filled({"@id": iri, "@type": "Taxon", "name": label, "alternateName": names, "url": iri})


def article(one: Article) -> Thing:
    """Return a publication as a ScholarlyArticle."""
    return filled(
        {
            "@id": one.iri,
            "@type": "ScholarlyArticle",
            "name": one.title,
            "identifier": f"{DOI}{one.doi}" if one.doi else "",
            "sameAs": f"{PUBMED}{one.pubmed}/" if one.pubmed else "",
            "datePublished": one.published,
            "url": next(iter(web_addresses([one.iri])), ""),
        }
    )


def download(one: FileAddress) -> Thing:
    """Return a file, store or folder with an address as a DataDownload; `contentSize` is in bytes."""
    algorithm, digest = one.checksum
    return filled(
        {
            "@type": "DataDownload",
            "name": one.name,
            "contentUrl": one.url,
            "encodingFormat": one.media_type or one.format,
            "contentSize": f"{one.byte_size} B" if one.byte_size is not None else "",
            "sha256": digest if algorithm in {"sha256", "sha-256"} else "",
        }
    )


def sizes(study: Described) -> Iterator[Thing]:
    """Yield the stated size in bytes and the stated number of files."""
    for field, (code, words) in (("byte_size", BYTES), ("file_count", FILES)):
        value = study.study.integer(field)
        if value is not None:
            yield {"@type": "QuantitativeValue", "value": value, "unitCode": code, "unitText": words}


def other_study(one: Related) -> Thing:
    """Return a record that belongs to the study, with what it is to it in words."""
    archive = {"@type": "Organization", "name": one.archive} if one.archive else None
    return filled(
        {
            "@id": one.iri,
            "@type": "Dataset",
            "identifier": one.identifier,
            "name": one.name,
            "description": one.words,
            "url": one.page or one.iri,
            "publisher": archive,
        }
    )


def grants(study: Described) -> Iterator[Thing]:
    """Yield the grants that say what they are called or who paid."""
    for node in study.study.nodes("grant"):
        funders = [{"@type": "Organization", "name": name} for name in map(one_line, node.concepts("funder"))]
        found = filled(
            {
                "@type": "Grant",
                "name": one_line(node.text("title")),
                "identifier": one_line(node.text("grant_identifier")),
                "funder": funders,
            }
        )
        if len(found) > 1:
            yield found
