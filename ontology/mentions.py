"""Accessions in running text: which records a text names, where, and what it says of them.

One function reads every spelling that sources use: `EMPIAR-10459-10460-10461`, `EMPIAR ID: 10819`, `S-BIAD-23`,
`10.6019/EMPIAR-10094`, `EMD-1234`, `PDB ID 7NV0`. What only looks like one (an OMERO project number, the template
`idr0000`) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rembigraph.ontology.external import parse_external
from rembigraph.ontology.generated.models import StudyLink
from rembigraph.ontology.identifiers import is_iri, parse_accession
from rembigraph.ontology.relations import relation_of

QUOTE_LIMIT: Final = 400
"""Longest quotation of a sentence, in characters."""

_DASH = "[-\u2010\u2011\u2012\u2013\u2014\u2212_]"
_WORD = r"(?:ids?|entry|entries|accessions?|codes?|numbers?|nos?\.?|datasets?|data\s?sets?)"
_BEFORE = r"(?<![0-9A-Za-z])"
_AFTER = r"(?![0-9A-Za-z])"
_MORE = rf"(?:(?:{_DASH}|\s?,\s?|\s?/\s?|\s?;\s?|\s?&\s?|,?\sand\s)\d{{5}}(?![0-9A-Za-z]))*"
_PATTERN: Final = re.compile(
    rf"""
      (?P<idr_doi>10\.17867/[0-9A-Z.]*[0-9A-Z])
    | (?P<doi>10\.6019/)?{_BEFORE}
      (?:
        EMPIAR(?:{_DASH}|\s?\#\s?|:\s?|\s|/|\.org/|/entry/|\W{{0,3}}\s?(?:{_WORD}\W{{0,3}}\s?){{1,2}})
          (?P<empiar>\d{{5,9}}(?![0-9A-Za-z]){_MORE})
      | S{_DASH}\s?(?P<bia>BIAD|BSST|BSMS){_DASH}?\s?(?P<number>\d{{1,9}}){_AFTER}
      | (?P<idr>idr{_DASH}?\d{{4}}){_AFTER}
      | (?P<ssbd>ssbd-repos-\d{{6}}){_AFTER}
      | (?:EMDB?{_DASH}|EMDB\s?(?:{_WORD}\W{{0,3}}\s?)?(?:EMD{_DASH})?)(?P<emdb>\d{{4,6}}){_AFTER}
      | PDB(?:\s?{_WORD}|{_DASH})?\W{{0,3}}(?P<pdb>[1-9](?=[0-9A-Z]{{0,2}}[A-Z])[0-9A-Z]{{3}}){_AFTER}
      )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"\d{5,9}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+")
_TEMPLATE = "idr0000"


@dataclass(frozen=True)
class Mention:
    """A record that a text names.

    Attributes:
        target: its accession, or the IRI of a record of an external archive.
        start, end: where in the text.
        by_doi: whether it is named by the DOI of its data set.
    """

    target: str
    start: int
    end: int
    by_doi: bool = False


def mentions(text: str) -> Iterator[Mention]:
    """Yield what a text names, in order; a record that is named twice is yielded twice.

    >>> [found.target for found in mentions("fish 3 (EMPIAR-10459-10460), raw: EMD-1234, https://doi.org/10.6019/S-BIAD7")]
    ['EMPIAR-10459', 'EMPIAR-10460', 'http://www.ebi.ac.uk/emdb/EMD-1234', 'S-BIAD7']
    >>> [found.target for found in mentions("data set 10.17867/10000105 of IDR")]
    ['https://doi.org/10.17867/10000105']
    >>> [found.target for found in mentions("webclient/?show=project-1105, idr0000-template, S-BIADX")]
    []
    """
    for match in _PATTERN.finditer(text):
        for target in _targets(match):
            yield Mention(target, *match.span(), by_doi=bool(match["doi"] or match["idr_doi"]))


def _targets(match: re.Match[str]) -> Iterator[str]:
    if match["idr_doi"]:
        yield f"https://doi.org/{match['idr_doi'].lower()}"
    elif match["empiar"]:
        yield from (parse_accession(f"EMPIAR-{number}").text for number in _NUMBER.findall(match["empiar"]))
    elif match["bia"]:
        yield parse_accession(f"S-{match['bia']}{match['number']}").text
    elif match["idr"]:
        name = parse_accession(re.sub(r"[^0-9A-Za-z]", "", match["idr"])).text
        yield from [name] if name != _TEMPLATE else []
    elif match["ssbd"]:
        yield parse_accession(match["ssbd"]).text
    else:
        found = parse_external(f"EMD-{match['emdb']}" if match["emdb"] else match["pdb"])
        yield from [found.iri] if found else []


def studies_named(text: str) -> list[str]:
    """Return the records that a text names, each once.

    >>> studies_named("Original study from IDR (idr0033)"), studies_named("EMPIAR-10459-10460-10461")
    (['idr0033'], ['EMPIAR-10459', 'EMPIAR-10460', 'EMPIAR-10461'])
    """
    return list(dict.fromkeys(mention.target for mention in mentions(text)))


def links_to(study: str | None, text: str, evidence: str, quoted: str) -> list[StudyLink]:
    """Return the links that a value of the source asserts to other records; empty when it names none.

    Args:
        study: the study whose record it is; it does not link to itself.
        text: the value.
        evidence: kind of evidence.
        quoted: the value with its place, for people; it also says what the relation is.
    """
    return [
        _link(target, evidence, quoted, relation_of(quoted))
        for target in studies_named(text)
        if target != study
    ]


def links_of_address(study: str | None, address: str, quoted: str) -> list[StudyLink]:
    """Return what an entry of a list of links asserts: links by the DOI of a data set, or as entries of that list.

    Args:
        study: the study whose record it is.
        address: the address or accession of the entry.
        quoted: the entry with its words.
    """
    found = {mention.target: mention.by_doi for mention in mentions(address)}
    return [
        _link(target, "dataset_doi" if by_doi else "links_section", quoted, relation_of(quoted))
        for target, by_doi in found.items()
        if target != study
    ]


def links_in_prose(study: str | None, texts: Iterable[str]) -> list[StudyLink]:
    """Return the links to records that running text names, each with the sentence that does.

    A record named by its DOI and by its accession is linked by both kinds of evidence.
    """
    found: dict[tuple[str, str], StudyLink] = {}
    for text in texts:
        for start, end in _sentences(text):
            sentence = text[start:end]
            for mention in mentions(sentence):
                if mention.target != study:
                    kind = "dataset_doi" if mention.by_doi else "prose"
                    quote = _quote(sentence, mention)
                    link = _link(mention.target, kind, quote, _relation(mention, quote))
                    add_link(found, link)
    return list(found.values())


def _relation(mention: Mention, quote: str) -> str:
    """Return what a sentence says of the relation; of maps and models it says too much to be read off."""
    return "related" if is_iri(mention.target) else relation_of(_masked(quote))


def add_link(found: dict[tuple[str, str], StudyLink], link: StudyLink) -> None:
    """Add a link to those found in one record; one a target and kind of evidence, which quotes all places.

    Its relation is the first one that the words of a place say.
    """
    key = str(link.link_to), str(link.evidence_kind)
    before = found.setdefault(key, link)
    if before is link:
        return
    if before.link_relation == "related" and link.link_relation != "related":
        before.link_relation = link.link_relation
    before.evidence_text = list(dict.fromkeys([*before.evidence_text, *link.evidence_text]))[:10]


def _link(target: str, evidence: str, quoted: str, relation: str) -> StudyLink:
    return StudyLink(
        link_to=target,
        link_relation=relation,
        evidence_kind=evidence,
        evidence_text=[quoted],
        asserted_by="depositor",
    )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _quote(sentence: str, mention: Mention) -> str:
    """Return a sentence, or of a long one what stands around the mention."""
    if len(sentence) <= QUOTE_LIMIT:
        return sentence.strip()
    start = max(0, mention.start - QUOTE_LIMIT // 2)
    return sentence[start : start + QUOTE_LIMIT].strip()


def _masked(sentence: str) -> str:
    return _PATTERN.sub("@", sentence)
