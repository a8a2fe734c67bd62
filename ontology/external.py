"""Records of archives whose studies this catalogue does not hold: EMDB, PDB, UniProt, the CryoET Data Portal.

Each has one IRI here, the one that other graphs join on, so that their data and ours meet without a mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rembigraph.ontology.identifiers import Archive

if TYPE_CHECKING:
    from rembigraph.ontology.generated.models import ExternalRecord

EMDB: Final = Archive(
    "EMDB",
    "EMDB",
    r"EMD-\d{4,6}",
    "https://www.ebi.ac.uk/emdb/",
    "https://www.ebi.ac.uk/emdb/{0}",
    "https://identifiers.org/emdb:{0}",
    modality="maps from electron cryo-microscopy",
)
PDB: Final = Archive(
    "PDB",
    "PDB",
    r"[1-9](?=\w{0,2}[A-Z])[A-Z0-9]{3}|PDB_[A-Z0-9]{8}",
    "https://www.wwpdb.org/",
    "https://www.ebi.ac.uk/pdbe/entry/pdb/{0}",
    "https://identifiers.org/pdb:{0}",
    modality="atomic models",
)
CRYOET_PORTAL: Final = Archive(
    "CryoETDataPortal",
    "CryoET Data Portal",
    r"(?:CZCDP-\d{4,9}|DS-\d{5,9})",  # a deposition; a dataset
    "https://cryoetdataportal.czscience.com/",
    modality="tomograms from electron cryo-tomography",
)
UNIPROT: Final = Archive(
    "UniProt",
    "UniProt",
    r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2}",
    "https://www.uniprot.org/",
    "https://www.uniprot.org/uniprotkb/{0}/entry",
    "https://identifiers.org/uniprot:{0}",
    modality="protein sequences and functions",
)
EXTERNAL_ARCHIVES: Final = (EMDB, PDB, CRYOET_PORTAL)
"""Archives whose records are ends of links."""

UNIPROT_IRIS: Final = "http://purl.uniprot.org/uniprot/"
_IRIS: Final = {
    EMDB.key: "http://www.ebi.ac.uk/emdb/",
    PDB.key: "http://rdf.wwpdb.org/pdb/",
    CRYOET_PORTAL.key: "https://cryoetdataportal.czscience.com/",
}
_PREFIX: Final = re.compile(r"(?:EMDB|PDB)(?: ?ID)?[-:_ ]{1,2}", re.IGNORECASE)
_PORTAL_PATHS: Final = {"CZCDP-": "depositions/", "DS-": "datasets/"}
_LONG_PDB: Final = re.compile(r"PDB_0000([1-9][A-Z0-9]{3})")


@dataclass(frozen=True, order=True)
class External:
    """A record of one of the external archives.

    Attributes:
        identifier: its accession in canonical spelling (`EMD-1234`, `7NV0`).
        archive: its archive.
    """

    identifier: str
    archive: Archive

    @property
    def iri(self) -> str:
        """The IRI that other graphs use for it."""
        name = self.identifier
        if self.archive is CRYOET_PORTAL:
            for prefix, path in _PORTAL_PATHS.items():
                name = name.replace(prefix, path)
        return _IRIS[self.archive.key] + name

    @property
    def landing_page(self) -> str:
        """Its page at its archive."""
        if self.archive is CRYOET_PORTAL:
            return self.iri
        name = self.identifier.lower() if self.archive is PDB else self.identifier
        return self.archive.landing_page.format(name)

    def record(self, title: str | None = None) -> ExternalRecord:
        """Return its node in a record."""
        # Not on start-up: models are slow to import, and servers need none.
        from rembigraph.ontology.generated.models import ExternalRecord

        return ExternalRecord(
            id=self.iri,
            external_identifier=self.identifier,
            external_archive=self.archive.key,
            title=title,
            landing_page=self.landing_page,
        )


def parse_external(text: str) -> External | None:
    """Read an identifier of an external archive in any usual spelling; None when it is none.

    Four digits alone name no PDB entry: they may be anything.

    >>> [found and found.iri for found in map(parse_external, ("emd-1234", "PDB: 7nv0", "pdb_00007nv0", "1234"))]
    ['http://www.ebi.ac.uk/emdb/EMD-1234', 'http://rdf.wwpdb.org/pdb/7NV0', 'http://rdf.wwpdb.org/pdb/7NV0', None]
    """
    cleaned = text.strip().upper()
    if not cleaned.isascii():
        return None
    if cleaned.startswith("EMDB-") and cleaned[5:].isdigit():
        cleaned = f"EMD-{cleaned[5:]}"
    short = _LONG_PDB.fullmatch(cleaned)
    if short and not short.group(1).isdigit():
        cleaned = short.group(1)
    for archive in EXTERNAL_ARCHIVES:
        for name in (cleaned, _PREFIX.sub("", cleaned, count=1)):
            if archive.regex.fullmatch(name):
                return External(name, archive)
    return None


def external_of(iri: str) -> External | None:
    """Return the record that an IRI of an external archive names, None for any other IRI.

    >>> external_of("http://rdf.wwpdb.org/pdb/7NV0").identifier, external_of("http://rdf.wwpdb.org/pdb/")
    ('7NV0', None)
    """
    for archive in EXTERNAL_ARCHIVES:
        rest = iri.removeprefix(_IRIS[archive.key])
        if rest != iri:
            for prefix, path in _PORTAL_PATHS.items():
                rest = rest.replace(path, prefix)
            found = parse_external(rest)
            return found if found and found.iri == iri else None
    return None


def uniprot_iri(text: str) -> str | None:
    """Return the IRI of a protein in UniProt, None when the text is no UniProt accession (isoforms keep their number).

    >>> uniprot_iri("p0dtc2"), uniprot_iri("P0DTC2-1"), uniprot_iri("none")
    ('http://purl.uniprot.org/uniprot/P0DTC2', 'http://purl.uniprot.org/isoforms/P0DTC2-1', None)
    """
    name, dash, isoform = text.strip().upper().partition("-")
    if not name.isascii() or not UNIPROT.regex.fullmatch(name) or (dash and not isoform.isdigit()):
        return None
    return f"http://purl.uniprot.org/isoforms/{name}-{isoform}" if dash else UNIPROT_IRIS + name
