"""What the words around an accession say of the relation: one table of phrases, each with an example.

The first phrase that fits decides; where none fits the relation is only `related`. A relation that makes two studies
one whole is read off only where the words say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MODALITY: Final = (
    r"(?:fib|sbf|sbem|sem|tem|em|lm|clem|electron|light|fluorescence|confocal|x-?ray|tomogra\w+|cryo\w*|micro-?ct"
    r"|airyscan|sim|super-?resolution|soft)"
)
_SUBJECT: Final = (
    r"(?:samples?|specimens?|cells?|sections?|fish|animals?|tissues?|blocks?|grids?|larvae?|embryos?|regions?|areas?"
    r"|lamellae?)"
)
_DATA: Final = r"(?:data(?: ?sets?)?|images?|volumes?|stacks?|tomograms?|micrographs?|series|imaging)"
_PLACED: Final = (
    r"(?:can (?:also )?be (?:found|accessed|downloaded)|(?:is|are|was|were|has been|have been) (?:also )?"
    r"(?:found|available|deposited|archived|accessible|published))"
)


@dataclass(frozen=True)
class Phrase:
    """Words that say what a relation is.

    Attributes:
        relation: key of the relation.
        pattern: the words, in lower case.
        example: a sentence that has them.
    """

    relation: str
    pattern: re.Pattern[str]
    example: str


def _phrase(relation: str, pattern: str, example: str) -> Phrase:
    return Phrase(relation, re.compile(pattern), example)


PHRASES: Final = (
    _phrase(
        "same_data",
        r"\b(?:ome-?(?:ngff|zarr|tiff?)[- ])?convert(?:ed|s|sion)\b.{0,40}\b(?:from|of)\b|\bcopy of\b|\bre-?deposit",
        "OME-NGFF converted study from @.",
    ),
    _phrase(
        "supersedes", r"\b(?:supersedes|replaces|(?:new|updated) version of)\b", "This entry replaces @."
    ),
    _phrase(
        "images_same_specimen",
        rf"\bsame (?:[\w-]+ ){{0,3}}?{_SUBJECT}\b|\bused for (?:[\w-]+ ){{0,3}}?{_MODALITY}\b"
        rf"|\b(?:previously|also|then|subsequently|first) imaged\b",
        "Fish 3, used for FIB SEM (see @).",
    ),
    _phrase(
        "derived_from",
        r"\b(?:original|raw|unprocessed|source)\b.{0,60}\b(?:data|images?|submission|study|entry|micrographs|movies)\b"
        r"|\b(?:downloaded|taken|obtained|retrieved|derived|generated|segmented|reconstructed|created) from\b"
        r"|\b(?:annotations?|segmentations?|labels?|re-?analysis|re-?use|subset|crops?|cropped \w+) (?:of|for|from)\b",
        "The raw data are in @.",
    ),
    _phrase(
        "part_of_same_experiment",
        r"\bcorrelat(?:ed|ive|ion|ing)\b|\bclem\b|\bcounterparts?\b|\bassociated empiar\b"
        rf"|\b(?:matching|corresponding) (?:[\w-]+ ){{0,2}}?{_MODALITY}\b"
        rf"|\b{_MODALITY}\b(?:[\w -]{{0,40}}?)\b{_DATA}\b.{{0,60}}\b{_PLACED}\b",
        "The FIB SEM data can be found on EMPIAR, entry # @.",
    ),
)


def relation_of(text: str) -> str:
    """Return the key of the relation that the words of a sentence (or of a named value) say; `related` when none.

    >>> relation_of("OME-NGFF converted study from @."), relation_of("See also @.")
    ('same_data', 'related')
    """
    lowered = text.lower()
    return next((phrase.relation for phrase in PHRASES if phrase.pattern.search(lowered)), "related")
