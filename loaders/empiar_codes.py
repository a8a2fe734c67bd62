"""EMPIAR's codes: types of entry and image set, formats, units, accessions of its neighbours.

The API writes words where a deposition writes codes (`('T9', '')`, `('OT', 'MY FORMAT')`, `7`); the tables are those
of EMPIAR's deposition schema. A code that is not in a table has no meaning here and stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from rembigraph.ontology.fields import concept_labels, enum_iris
from rembigraph.ontology.generated.models import OntologyTerm
from rembigraph.ontology.identifiers import PREFIXES

_EXPERIMENT_TYPES = {
    "1": "SXT",
    "2": "INSILICO",
    "3": "EMDB",
    "4": "SBF-SEM",
    "5": "FIB-SEM",
    "6": "IHM",
    "7": "CLEM",
    "8": "CLXM",
    "9": "MicroED",
    "11": "ATUM-SEM",
    "12": "Hard X-ray/X-ray microCT",
    "13": "ssET",
}
_SCALES = {"1": "molecule", "2": "virus", "3": "cell", "4": "tissue", "5": "organism"}
_CONCEPTS = {"experiment_type": ("ExperimentType", _EXPERIMENT_TYPES), "scale": ("Scale", _SCALES)}

_CATEGORIES = (
    "micrographs - single frame",
    "micrographs - multiframe",
    "micrographs - focal pairs - unprocessed",
    "micrographs - focal pairs - contrast inverted",
    "picked particles - single frame - unprocessed",
    "picked particles - multiframe - unprocessed",
    "picked particles - single frame - processed",
    "picked particles - multiframe - processed",
    "tilt series",
    "class averages",
    "stitched maps",
    "diffraction images",
    "reconstructed volumes",
    "subtomograms",
)
_FORMATS = ("MRC", "MRCS", "TIFF", "IMAGIC", "DM3", "DM4", "SPIDER")
_LATER_FORMATS = ("EER", "PNG", "JPEG", "SMV", "EM", "TPX3")
_VOXEL_TYPES = (
    "UNSIGNED BYTE",
    "SIGNED BYTE",
    "UNSIGNED 16 BIT INTEGER",
    "SIGNED 16 BIT INTEGER",
    "UNSIGNED 32 BIT INTEGER",
    "SIGNED 32 BIT INTEGER",
    "32 BIT FLOAT",
    "BIT",
    "4 BIT INTEGER",
)
_CODES = {
    "image_category": _CATEGORIES,
    "header_format": (*_FORMATS, "XML", *_LATER_FORMATS),
    "format": (*_FORMATS, "BIG DATA VIEWER HDF5", *_LATER_FORMATS),
    "voxel_type": _VOXEL_TYPES,
}
_PAIR = re.compile(
    r"""\(\s*u?(?P<q>['"])(?P<first>.*?)(?P=q)\s*,\s*u?(?P<r>['"])(?P<second>.*?)(?P=r)\s*\)""", re.DOTALL
)


def pair(text: str) -> tuple[str, str] | None:
    """Read a pair as a deposition writes it; old ones mark their texts with a `u`.

    >>> pair("('T9', '')"), pair("(u'Smith', u'JW')"), pair("tilt series")
    (('T9', ''), ('Smith', 'JW'), None)
    """
    match = _PAIR.fullmatch(text.strip())
    return (match["first"].strip(), match["second"].strip()) if match else None


def is_code(text: str) -> bool:
    """Whether a text is a code of a deposition, known or not."""
    return pair(text) is not None


def decoded(slot: str, text: str) -> str | None:
    """Return what a code of an image set means; None when it is no code or an unknown one.

    >>> decoded("image_category", "('T9', '')"), decoded("format", "('OT', 'CZI')"), decoded("format", "('T99', '')")
    ('tilt series', 'CZI', None)
    """
    code, words = pair(text) or ("", "")
    if code == "OT":
        return words or None
    table = _CODES[slot]
    number = int(code[1:]) if re.fullmatch(r"T[1-9][0-9]?", code) else 0
    return table[number - 1] if 0 < number <= len(table) and not words else None


@cache
def _by_text(slot: str) -> dict[str, str]:
    enum, codes = _CONCEPTS[slot]
    return {**{value.casefold(): value for value in enum_iris(enum)}, **codes}


def concept(slot: str, text: str) -> OntologyTerm | None:
    """Return the concept of an experiment type or scale, from its name in any case or its number.

    >>> str(concept("scale", "3").label), concept("experiment_type", "10")
    ('cell', None)
    """
    enum, _ = _CONCEPTS[slot]
    value = _by_text(slot).get(text.strip().casefold())
    if value is None:
        return None
    iri = enum_iris(enum)[value]
    return OntologyTerm(id=iri, label=concept_labels().get(iri, value))


# --- units


@dataclass(frozen=True)
class Unit:
    """A unit of length: its QUDT IRI, its UCUM code, and how many metres it is."""

    iri: str
    code: str
    metres: Decimal


ANGSTROM = Unit(PREFIXES["unit"] + "ANGSTROM", "Ao", Decimal("1e-10"))
_PICOMETRE = Unit(PREFIXES["unit"] + "PicoM", "pm", Decimal("1e-12"))
_NANOMETRE = Unit(PREFIXES["unit"] + "NanoM", "nm", Decimal("1e-9"))
_MICROMETRE = Unit(PREFIXES["unit"] + "MicroM", "um", Decimal("1e-6"))
_UNITS = {
    **dict.fromkeys(("å", "a", "ao", "ang", "angstrom", "angstroms", "ångström", "ångstrom"), ANGSTROM),
    **dict.fromkeys(("pm", "picometer", "picometre"), _PICOMETRE),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), _NANOMETRE),
    **dict.fromkeys(("um", "µm", "μm", "micron", "micrometer", "micrometre"), _MICROMETRE),
}


def unit_of(text: str) -> Unit | None:
    """Return the unit of length that a text names.

    >>> unit_of("nm").code, unit_of("pixels")
    ('nm', None)
    """
    return _UNITS.get(text.strip().replace("\u212b", "Å").casefold())
