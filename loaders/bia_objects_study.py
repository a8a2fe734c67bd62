"""What a BIA Study object says of the study itself: people, licence, publications, grants, links."""

from __future__ import annotations

from collections.abc import Callable

from rembigraph.loaders.bia_fields import (
    Fields,
    file_address,
    whole_number,
)
from rembigraph.loaders.bia_objects_index import claim, first_api_words, metadata
from rembigraph.loaders.values import (
    doi,
    doi_iri,
    licence_iri,
    orcid_iri,
    partial_date,
    pubmed_id,
    pubmed_iri,
    ror_iri,
    web_address,
)
from rembigraph.ontology.generated.models import (
    Contribution,
    ExternalRecord,
    Grant,
    Organisation,
    Person,
    Publication,
    Study,
)
from rembigraph.ontology.mentions import links_of_address


def describe(of: Fields, study: Study) -> None:
    """Map a Study object to the record of the study, which has its accession already."""
    uuid, said = claim(of)
    study.alternate_identifier += [uuid] if uuid else []
    study.title = of.text("title", "title_id")
    study.description = of.text("description")
    study.issued = _parsed(of, "release_date", partial_date)
    study.keyword = of.texts("keyword", "keywords")
    study.acknowledgement = of.text("acknowledgement", "acknowledgements")
    study.funding_statement = of.text("funding_statement")
    study.dataset_doi = doi_iri(name) if (name := _parsed(of, "doi", doi)) else None
    _add_licence(of, study)
    study.contribution = [
        _contribution(author, place) for place, author in enumerate(of.objects("author", "authors"), start=1)
    ]
    publications = [_publication(one) for one in of.objects("related_publication")]
    study.publication = [one for one in publications if one.model_dump(exclude_defaults=True)]
    study.grant = [_grant(one) for one in of.objects("grant")]
    for one in of.objects("see_also"):
        _add_link(one, study)
    study.attribute_text = [*said, *metadata(of), *first_api_words(of)]
    _first_api(of, study)


def _first_api(of: Fields, study: Study) -> None:
    """The first API's studies have an organism and a kind of imaging in words, and pictures."""
    study.file_count = whole_number(of.peek("file_references_count")) or None
    study.organism_text = of.texts("organism")
    study.imaging_method_text = of.texts("imaging_type")
    pictures, words = of.addresses("example_image_uri")
    study.thumbnail = pictures
    study.attribute_text += [f"example_image_uri: {word}" for word in words]
    study.attribute_text += of.attributes("example_image_annotation_uri")
    study.attribute_text += of.attributes("tags", of="tag")


def _parsed(of: Fields, name: str, parse: Callable[[str], str | None]) -> str | None:
    """Take a value that can be read as what it should be; another stays kept."""
    value = of.peek(name)
    number = isinstance(value, int) and not isinstance(value, bool)
    found = parse(str(value)) if number or isinstance(value, str) else None
    if found:
        of.text(name)
    else:
        of.nothing(name)
    return found


def _add_licence(of: Fields, study: Study) -> None:
    text = of.text("licence", "license")
    study.license = licence_iri(text or "") or web_address(text or "")
    study.license_text = None if study.license else text


# --- people


def _contribution(of: Fields, position: int) -> Contribution:
    of.ignored("private-email", "contact_email")
    of.ignored("private-address", "address")
    name = of.text("display_name", "name")
    affiliations = [_organisation(one) for one in of.objects("affiliation")]
    pages, _ = of.addresses("website")
    ror = _parsed(of, "rorid", ror_iri)
    found = Contribution(
        position=position, display_name=name, role=of.texts("role"), affiliation=affiliations
    )
    if ror:
        of.nothing("orcid")
        found.contributing_organisation = Organisation(id=ror, name=name, web_page=pages)
        return found
    _placeholder(of, "rorid")
    orcid = _parsed(of, "orcid", orcid_iri)
    found.person = Person(
        id=orcid,
        name=name,
        affiliation=affiliations,
        affiliation_text=of.texts("affiliation"),
        web_page=pages,
        alternate_identifier=of.texts("orcid") if orcid is None else [],
    )
    return found


def _placeholder(of: Fields, name: str) -> None:
    """Account for a placeholder where an identifier was expected; anything else that is none stays kept."""
    if str(of.peek(name)).strip().casefold() == "none":
        of.text(name)


def _organisation(of: Fields) -> Organisation:
    pages, _ = of.addresses("website")
    ror = _parsed(of, "rorid", ror_iri)
    if ror is None:
        _placeholder(of, "rorid")
    return Organisation(
        id=ror, name=of.text("display_name", "name"), address=of.text("address"), web_page=pages
    )


# --- publications, grants, links


def _publication(of: Fields) -> Publication:
    name = _parsed(of, "doi", doi)
    number = _parsed(of, "pubmed_id", lambda text: text if text.isdecimal() else pubmed_id(text))
    iri = doi_iri(name) if name else pubmed_iri(number) if number else None
    authors = of.texts("authors_name")
    return Publication(
        id=iri,
        title=of.text("title"),
        doi=name,
        pubmed_id=number,
        publication_date=_parsed(of, "publication_year", partial_date),
        authors_text="; ".join(authors) or None,
        alternate_identifier=of.texts("doi") if name is None else [],
    )


def _grant(of: Fields) -> Grant:
    funders = []
    for one in of.objects("funder"):
        identifier = one.text("id")
        iri = ror_iri(identifier or "") or file_address(identifier or "")
        other = [identifier] if identifier and not iri else []
        funders.append(
            Organisation(id=iri, name=one.text("display_name", "name"), alternate_identifier=other)
        )
    return Grant(grant_identifier=of.text("id"), funder=funders)


def _add_link(of: Fields, study: Study) -> None:
    address, kind, words = of.text("link"), of.text("link_type"), of.text("link_description", "description")
    if not address and not words:
        return
    quoted = "; ".join(part for part in (kind, address, words) if part)
    study.related += links_of_address(study.accession, address or "", quoted)
    study.see_also.append(
        ExternalRecord(
            external_identifier=address,
            external_archive=kind,
            title=words,
            landing_page=file_address(address or ""),
        )
    )
