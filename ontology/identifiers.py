"""Accessions, IRIs and named graphs: the one place that knows how they are spelt.

An *accession* names a study in its archive. Inside the code everything that belongs to a study is written
relative to the data base IRI (`S-BSST429/specimen/fish-3`), so records do not depend on where they are served;
`Iris` makes absolute IRIs of them. `docs/decisions/0003-identifiers.md` says why.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from urllib.parse import quote, urlsplit

VOCABULARY = "https://w3id.org/rembigraph/ns#"
SHAPES = "https://w3id.org/rembigraph/shapes#"
DEFAULT_DATA_BASE = "https://w3id.org/rembigraph/id/"

OBO = "http://purl.obolibrary.org/obo/"
DOI = "https://doi.org/"

PREFIXES: dict[str, str] = {
    "rembi": VOCABULARY,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "prov": "http://www.w3.org/ns/prov#",
    "schema": "http://schema.org/",
    "qudt": "http://qudt.org/schema/qudt/",
    "unit": "http://qudt.org/vocab/unit/",
    "sh": "http://www.w3.org/ns/shacl#",
    "obo": OBO,
}

CURIES: dict[str, str] = {
    **PREFIXES,
    "NCBITaxon": OBO + "NCBITaxon_",
    "FBbi": OBO + "FBbi_",
    "CLO": OBO + "CLO_",
    "CL": OBO + "CL_",
    "GO": OBO + "GO_",
    "UBERON": OBO + "UBERON_",
    "BTO": OBO + "BTO_",
    "UO": OBO + "UO_",
    "CHEBI": OBO + "CHEBI_",
    "EFO": "http://www.ebi.ac.uk/efo/EFO_",
    "ORCID": "https://orcid.org/",
    "orcid": "https://orcid.org/",
    "ROR": "https://ror.org/",
    "ror": "https://ror.org/",
    "doi": DOI,
    "DOI": DOI,
}

RESERVED_PATHS = frozenset(
    [
        "studies",
        "sparql",
        "health",
        "status",
        "ns",
        "shapes",
        "context.jsonld",
        "transform",
        "search",
        "query",
        "oai",
        "sitemap.xml",
        "robots.txt",
        "dcat",
        "dumps",
        "changes",
        "static",
        "graph",
        "docs",
        "openapi.json",
        "favicon.ico",
        "about",
        "correlations",
        "feeds",
        "fdp",
        "data",
        ".well-known",
        "link",
        "links",
    ]
)

_ILLEGAL_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_AUTHORITY = re.compile(r"([^@\[\]]*@)?[^@:\[\]]*(:[0-9]*)?")  # user, host, port
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_IRI_CHARACTERS = re.compile(  # RFC 3987 without IPv6 hosts; a fragment may hold no second "#"
    r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
    r"|[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd])+"
)
_SHORT = 400  # characters of an IRI that is worth remembering
_SCHEMES = frozenset({"http", "https", "urn", "ftp", "ftps", "s3", "gs", "doi", "mailto", "swh", "info"})


class NotAnAccession(ValueError):
    """The text is not an accession of any archive of the archive table."""


@dataclass(frozen=True)
class Archive:
    """An archive whose studies this catalogue holds.

    Attributes:
        key: the value of the `archive` field; also the local name of its IRI (`rembi:EMPIAR`).
        label: its name for people.
        pattern: what its accessions look like in canonical spelling (full match).
        home: its own home page.
        landing_page: `str.format` pattern of its page for an accession; empty when the page can't be derived.
        identifiers_org: `str.format` pattern of the identifiers.org IRI; empty where there is none.
        default_license: licence of records that state none; empty when the archive has no such rule.
        modality: what it holds, in a few words, for badges.
        files: `str.format` pattern of the folder of all files of a study, of the number in its accession; empty where
            there is none that can be derived.
        doi: `str.format` pattern of the DOI that the archive gives every study; empty where not every study has one.
    """

    key: str
    label: str
    pattern: str
    home: str
    landing_page: str = ""
    identifiers_org: str = ""
    default_license: str = ""
    modality: str = ""
    files: str = ""
    doi: str = ""

    @property
    def iri(self) -> str:
        """IRI of the archive in the vocabulary."""
        return VOCABULARY + self.key

    @property
    def is_of_statements(self) -> bool:
        """Whether its records are no studies, but documents that state links between records."""
        return self.key == "Statements"

    @property
    def is_of_drafts(self) -> bool:
        """Whether its records were not released: drafts, and archives' own test records."""
        return self.key == "Draft"

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern, case-insensitive."""
        return re.compile(self.pattern, re.IGNORECASE)


ARCHIVES: tuple[Archive, ...] = (
    Archive(
        "EMPIAR",
        "EMPIAR",
        r"EMPIAR-\d{5,9}",
        "https://www.ebi.ac.uk/empiar/",
        "https://www.ebi.ac.uk/empiar/{0}/",
        "https://identifiers.org/empiar:{0}",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "electron and X-ray microscopy",
        "https://ftp.ebi.ac.uk/empiar/world_availability/{0}/",
        "10.6019/{0}",
    ),
    Archive(
        "BioImageArchive",
        "BioImage Archive",
        r"S-[A-Z]{4}\d{1,9}|EXT-[A-Z0-9]{1,24}|PRE-[A-Z0-9]{1,24}",
        "https://www.ebi.ac.uk/bioimage-archive/",
        "https://www.ebi.ac.uk/biostudies/bioimages/studies/{0}",
        "https://identifiers.org/biostudies:{0}",
        modality="light microscopy and other bioimaging",
    ),
    Archive(
        "IDR",
        "Image Data Resource",
        r"idr\d{4}",
        "https://idr.openmicroscopy.org/",
        "https://idr.openmicroscopy.org/study/{0}/",
        "https://identifiers.org/idr:{0}",
        modality="reference image data",
    ),
    Archive(
        "SSBD",
        "SSBD",
        r"ssbd-repos-\d{6}|ssbd-db-[A-Za-z0-9][A-Za-z0-9-]{0,79}",
        "https://ssbd.riken.jp/",
        modality="quantitative biological dynamics",
    ),
    Archive(
        "Example",
        "made-up example",
        r"EXAMPLE-\d{4,7}",
        "https://w3id.org/rembigraph/",
        modality="made-up records that explain the model",
    ),
    Archive(
        "Statements",
        "set of links",
        r"LINKS-[A-Z0-9][A-Z0-9-]{0,79}",
        "https://w3id.org/rembigraph/",
        modality="documents that state links between records",
    ),
    Archive(
        "Draft",
        "draft or test record",
        # what an archive writes in tests and drafts: letters where its accessions have digits; and drafts without any
        r"DRAFT-[0-9A-F]{10}|EMPIAR-(?=[0-9_-]*[A-Z])[A-Z0-9_-]{3,80}"
        r"|S-(?:BIAD|BSST|BSMS|TEST)(?=[0-9_-]*[A-Z_])[A-Z0-9_-]{1,80}",
        "https://w3id.org/rembigraph/",
        modality="records that no archive has released under an accession",
    ),
)
_BY_KEY = {archive.key: archive for archive in ARCHIVES}
_SECOND_HYPHEN = re.compile(r"(?<=^S-[A-Z]{4})-(?=\d+$)", re.IGNORECASE)
_ANY_ACCESSION = re.compile("|".join(f"(?P<{one.key}>{one.pattern})" for one in ARCHIVES), re.IGNORECASE)
_KEEPS_CASE = re.compile(r"ssbd-db-", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Accession:
    """An accession in its canonical spelling, with its archive."""

    text: str
    archive_key: str

    @property
    def archive(self) -> Archive:
        """The archive that issued it."""
        return _BY_KEY[self.archive_key]

    @property
    def landing_page(self) -> str:
        """The archive's own page for it; empty when the page can't be derived from the accession."""
        if self.text.startswith("ssbd-repos-"):
            return f"https://ssbd.riken.jp/repository/{self.text}/"
        return self.archive.landing_page.format(self.text)

    @property
    def files(self) -> str:
        """Address of the folder with all of its files, as its archive publishes them; empty when there is none."""
        return self.archive.files.format(self.text.rpartition("-")[2])

    @property
    def doi(self) -> str:
        """Its DOI without resolver; empty where the archive does not give every study one."""
        return self.archive.doi.format(self.text)

    @property
    def identifiers_org(self) -> str:
        """Its identifiers.org IRI, or an empty string."""
        return self.archive.identifiers_org.format(self.text)

    def __str__(self) -> str:
        return self.text


def archive_by_key(key: str) -> Archive:
    """Return the archive with this key; raises KeyError for an unknown one."""
    return _BY_KEY[key]


def parse_accession(text: str) -> Accession:
    """Read an accession in any usual spelling and return it in the canonical one.

    Case does not matter, `S-BIAD-23` is `S-BIAD23`. File-name suffixes are not part of an accession.

    Raises:
        NotAnAccession: it fits no pattern of the archive table.

    >>> parse_accession("empiar-10310").text
    'EMPIAR-10310'
    """
    cleaned = _SECOND_HYPHEN.sub("", text.strip())
    found = _ANY_ACCESSION.fullmatch(cleaned)
    if found and found.lastgroup and cleaned.isascii():
        return Accession(_canonical(cleaned, _BY_KEY[found.lastgroup]), found.lastgroup)
    raise NotAnAccession(f"{text[:80]!r} is not an accession of EMPIAR, BioImage Archive, IDR or SSBD")


def draft_accession(title: str) -> Accession:
    """Return an accession for a submission draft that has none yet; the same title gives the same one.

    >>> draft_accession("Fish 3").text
    'DRAFT-8D80B5D8EC'
    """
    return parse_accession(f"DRAFT-{sha256(title.strip().encode()).hexdigest()[:10].upper()}")


def link_set_accession(kind: str, name: str) -> Accession:
    """Return the accession of a document that states links: its kind and its name in that kind.

    >>> link_set_accession("BIA", "correlative").text
    'LINKS-BIA-CORRELATIVE'
    """
    return parse_accession(f"LINKS-{kind}-{slug(name, 60) or sha256(name.encode()).hexdigest()[:10]}")


def is_accession(text: str) -> bool:
    """Whether the text is an accession in its canonical spelling."""
    try:
        return parse_accession(text).text == text
    except NotAnAccession:
        return False


def _canonical(text: str, archive: Archive) -> str:
    if archive.key == "IDR":
        return text.lower()
    if archive.key == "SSBD":
        prefix, rest = text[:8].lower(), text[8:]
        return prefix + rest if _KEEPS_CASE.match(text) else text.lower()
    return text.upper()


def slug(text: str, limit: int = 60) -> str:
    """Make a readable key of a title: ASCII lower case, words joined by hyphens; empty if nothing is left.

    >>> slug("Fish 3, hindbrain (Tg)")
    'fish-3-hindbrain-tg'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", ascii_text).strip("-").lower()
    return words if len(words) <= limit else words[:limit].rsplit("-", 1)[0]


def safe_key(text: str) -> str:
    """Make a path segment of a source's own id, keeping it recognisable (percent-encoded where needed)."""
    return quote(text.strip().lstrip("#"), safe="-._~:@+,=") or "_"


def is_iri(text: str) -> bool:
    """Whether the text is an absolute IRI of a usual scheme, legal in RDF."""
    return _is_short_iri(text) if len(text) <= _SHORT else _is_iri(text)


def _is_iri(text: str) -> bool:
    if not _SCHEME.match(text) or text.split(":", 1)[0].lower() not in _SCHEMES:
        return False
    body, _, fragment = text.partition("#")
    try:
        authority = urlsplit(text).netloc
    except ValueError:
        return False
    return bool(_AUTHORITY.fullmatch(authority)) and all(
        _IRI_CHARACTERS.fullmatch(part) for part in (body, fragment) if part
    )


_is_short_iri = lru_cache(maxsize=8192)(_is_iri)  # a page asks it of the same few addresses


def is_web_address(text: str) -> bool:
    """Whether the text is an http(s) IRI: the only kind that a page may link to."""
    return is_iri(text) and text.split(":", 1)[0].lower() in {"http", "https"} and len(text) > len("https://")


def expand_curie(text: str) -> str:
    """Expand `FBbi:00000246` and the like; other text is returned unchanged."""
    prefix, colon, rest = text.partition(":")
    if colon and not rest.startswith("//") and prefix in CURIES and rest:
        return CURIES[prefix] + rest.strip()
    return text


def resolve_reference(text: str, study: str) -> str:
    """Resolve a reference written in a record of `study` (a canonical accession).

    Absolute IRIs and known CURIEs stay what they are; `EMPIAR-10460/image/1` (first segment an accession) is
    relative to the data base; `specimen/fish-3` is relative to the study.
    """
    expanded = expand_curie(text.strip())
    if is_iri(expanded):
        return expanded
    first = expanded.split("/", 1)[0]
    if is_accession(first):
        return expanded
    return f"{study}/{expanded}"


@dataclass(frozen=True)
class Iris:
    """Makes and reads absolute IRIs for one data base IRI."""

    data_base: str = DEFAULT_DATA_BASE

    def absolute(self, reference: str) -> str:
        """Return the absolute IRI of a data-base-relative reference; absolute IRIs pass unchanged.

        Raises:
            ValueError: the result would not be a legal IRI.
        """
        iri = reference if is_iri(reference) else self.data_base + reference
        if _ILLEGAL_IN_IRI.search(iri):
            raise ValueError(f"not a legal IRI: {iri[:120]!r}")
        return iri

    def relative(self, iri: str) -> str | None:
        """Return the path below the data base, or None when the IRI lies elsewhere."""
        return iri.removeprefix(self.data_base) if iri.startswith(self.data_base) else None

    def accession_of(self, iri: str) -> str | None:
        """Return the accession of the study that this IRI is or belongs to, if any."""
        first = (self.relative(iri) or "").split("/", 1)[0]
        return first if first and is_accession(first) else None

    def study(self, accession: str) -> str:
        """IRI of a study."""
        return self.data_base + accession

    def graph(self, name: str) -> str:
        """IRI of a shared named graph: provenance, links, terms, inferred, validation."""
        return f"{self.data_base}graph/{name}"

    def record_graph(self, accession: str, source: str) -> str:
        """IRI of the named graph of one source record of one accession."""
        return f"{self.data_base}graph/{accession}/{source}"
