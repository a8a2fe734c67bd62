"""Value rules that all loaders share: dates, identifiers, licences, placeholders, e-mail addresses.

Each rule is exact: it accepts the spellings that archives really use, and gives None for anything that it
would have to guess at. Nothing is looked up.
"""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote, unquote

from rembigraph.ontology.identifiers import DOI, OBO, expand_curie, is_iri, is_web_address

E_MAIL_REMOVED = "[e-mail removed]"

_FIRST_YEAR, _LAST_YEAR = 1000, 2999
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T _][0-9]{2}:[0-9]{2}.*)?)?)?", re.DOTALL)
_DOI_PREFIX = re.compile(r"doi\s*:\s*|(?:(?:https?:\s*)?//\s*)?(?:dx\.|www\.)?doi\.org/\s*", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s]+")
_ORCID = re.compile(
    r"(?:(?:https?://)?(?:www\.)?orcid\.org/|orcid:\s*)?([0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X])/?",
    re.IGNORECASE,
)
_ROR = re.compile(r"(?:https?://)?(?:www\.)?ror\.org/(0[a-z0-9]{6}[0-9]{2})/?", re.IGNORECASE)
_TAXON_ID = "([1-9][0-9]{0,9})"
_TAXON = re.compile(
    r"(?:(?:https?://purl\.obolibrary\.org/obo/|obo:)?NCBITaxon[_:]"
    r"|NCBI:txid|NCBI:taxid:?|txid"
    r"|https?://(?:www\.)?ncbi\.nlm\.nih\.gov/datasets/taxonomy/"
    r"|https?://(?:www\.)?ncbi\.nlm\.nih\.gov/Taxonomy/Browser/wwwtax\.cgi\?(?:mode=Info&)?id="
    r"|https?://identifiers\.org/(?:taxonomy:|taxonomy/)"
    rf"|https?://purl\.uniprot\.org/taxonomy/)\s*{_TAXON_ID}/?",
    re.IGNORECASE,
)
_METHOD = re.compile(r"(?:https?://purl\.obolibrary\.org/obo/|obo:)?FBbi[_:]\s*([0-9]{8})", re.IGNORECASE)
_HTTPS_OBO = "https://purl.obolibrary.org/obo/"
_PUBMED = re.compile(
    r"(?:https?://(?:www\.)?ncbi\.nlm\.nih\.gov/pubmed/|https?://pubmed\.ncbi\.nlm\.nih\.gov/"
    r"|https?://identifiers\.org/pubmed[:/]|pmid:\s*|pubmed:)([1-9][0-9]{0,8})/?",
    re.IGNORECASE,
)
_CC_KIND = "by(?:-nc)?(?:-sa|-nd)?"
_CC_VERSION = r"[1-4]\.[05]"
_CC_IRI = re.compile(
    rf"https?://(?:www\.)?creativecommons\.org/(licenses/{_CC_KIND}/{_CC_VERSION}(?:/(?!legalcode|deed)[a-z-]{{2,10}})?"
    r"|publicdomain/(?:zero|mark)/1\.0)(?:/(?:legalcode|deed)(?:\.[a-z-]+)?)?/?",
    re.IGNORECASE,
)
_CC_WORDS = re.compile(rf"cc-?({_CC_KIND})-?({_CC_VERSION})(?:-international|-unported)?")
_CC0_WORDS = re.compile(r"cc-?0(?:-1\.0)?(?:-universal)?")
_SPDX = re.compile(r"https?://(?:www\.)?spdx\.org/licenses/", re.IGNORECASE)
# Characters that show nothing: writers of addresses hide them in there, on purpose or not.
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_AT = r"@|\uff20|%40|&commat;|&#0*64;|&#x0*40;"
_BRACKETED_AT = r"[\[({<]\s?(?i:at)\s?[\])}>]"  # EMPIAR writes " [at] "
_DOT = r"(?:\.|\s?[\[({<]\s?(?i:dot)\s?[\])}>]\s?)"
_HOST = rf"(?:[\w{_UNSEEN}-]{{1,63}}+{_DOT}){{1,8}}(?:xn--[\w-]{{2,59}}|[^\W\d_][^\W\d_{_UNSEEN}]{{1,62}})"
_SPELT_HOST = r"(?:[\w-]{1,63} dot ){1,4}(?:com|org|net|edu|gov|eu|uk|de|fr|ch|jp)\b"
_E_MAIL = re.compile(
    rf"(?:[\w.+'{_UNSEEN}-]{{1,64}}+|\"[^\"@\n]{{1,64}}\")"
    rf"(?:(?:(?:{_AT})\s?|\s(?:{_AT})\s|\s?{_BRACKETED_AT}\s?){_HOST}|(?i: at {_SPELT_HOST}))"
)
_MAY_BE_E_MAIL = re.compile(rf"{_AT}|{_BRACKETED_AT}|\sdot\s", re.IGNORECASE)
_NOT_FOR_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML could not carry these
_PLACEHOLDERS = frozenset(
    {"", "-", "--", ".", "?", "n.a", "n.a.", "n/a", "na", "nan", "none", "null", "tbd", "unknown", "unsure"}
    | {"not applicable", "not available", "not specified", "unspecified"}
)


def partial_date(text: str) -> str | None:
    """Return a date as exact as it is given: YYYY, YYYY-MM or YYYY-MM-DD; nothing is guessed.

    >>> partial_date("2019-03-02 00:00:00.000"), partial_date("2024"), partial_date("9/2/2021")
    ('2019-03-02', '2024', None)
    """
    match = _DATE.fullmatch(text.strip())
    if not match:
        return None
    year, month, day = match.groups()
    try:
        dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        return None
    return "-".join(part for part in (year, month, day) if part)


def doi(text: str) -> str | None:
    """Return a DOI in lower case and without resolver.

    >>> doi("DOI: https://doi.org/10.1016/J.DEVCEL.2014.09.005."), doi("https://doi.org/1038/s41467-023-43855-2")
    ('10.1016/j.devcel.2014.09.005', None)
    """
    rest = text.strip()
    resolver = False
    while match := _DOI_PREFIX.match(rest):
        resolver = resolver or "/" in match.group()
        rest = rest[match.end() :]
    rest = (unquote(rest) if resolver else rest).rstrip(".,;")
    if rest.endswith(")") and rest.count(")") > rest.count("("):
        rest = rest[:-1]
    return rest.lower() if _DOI.fullmatch(rest) else None


def doi_iri(name: str) -> str:
    """Return the IRI of a DOI, with what an IRI can't hold percent-encoded.

    >>> doi_iri("10.1002/(sici)1<2::aid>3.0")
    'https://doi.org/10.1002/(sici)1%3C2::aid%3E3.0'
    """
    return DOI + quote(name, safe="/:;()._-,+=@!$&'*~")


def orcid_iri(text: str) -> str | None:
    """Return the https IRI of an ORCID whose check digit is right.

    >>> orcid_iri("orcid.org/0000-0002-1825-0097"), orcid_iri("0000-0002-1825-0098")
    ('https://orcid.org/0000-0002-1825-0097', None)
    """
    match = _ORCID.fullmatch(text.strip())
    if not match:
        return None
    digits = match.group(1).upper()
    total = 0
    for digit in digits[:-1].replace("-", ""):
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return f"https://orcid.org/{digits}" if digits[-1] == ("X" if check == 10 else str(check)) else None


def ror_iri(text: str) -> str | None:
    """Return the https IRI of a ROR identifier.

    >>> ror_iri("http://ror.org/00XY44N04")
    'https://ror.org/00xy44n04'
    """
    match = _ROR.fullmatch(text.strip())
    return f"https://ror.org/{match.group(1).lower()}" if match else None


def taxon_iri(text: str, *, bare: bool = False) -> str | None:
    """Return the NCBITaxon IRI of a taxon in any usual spelling.

    Args:
        text: CURIE, OBO PURL, NCBI page and so on.
        bare: whether a number alone counts; only where the field is made for taxon numbers.

    >>> taxon_iri("NCBI:txid9534"), taxon_iri("9606")
    ('http://purl.obolibrary.org/obo/NCBITaxon_9534', None)
    >>> taxon_iri("9606", bare=True) == taxon_iri("obo:NCBITaxon_9606")
    True
    """
    match = _TAXON.fullmatch(text.strip()) or (bare and re.fullmatch(_TAXON_ID, text.strip()))
    return f"{OBO}NCBITaxon_{match.group(1)}" if match else None


def method_iri(text: str) -> str | None:
    """Return the IRI of an FBbi term; a space after the prefix is mended, nothing else.

    >>> method_iri("FBbi_ 00000246"), method_iri("FBbi:246")
    ('http://purl.obolibrary.org/obo/FBbi_00000246', None)
    """
    match = _METHOD.fullmatch(text.strip())
    return f"{OBO}FBbi_{match.group(1)}" if match else None


def term_iri(text: str) -> str | None:
    """Return the IRI of a term of any vocabulary: known CURIEs expanded, FBbi and NCBITaxon in one spelling.

    >>> term_iri("GO:0034613"), term_iri("http://purl.obolibrary.org/obo/BTO_1, http://purl.obolibrary.org/obo/CLO_2")
    ('http://purl.obolibrary.org/obo/GO_0034613', None)
    """
    known = method_iri(text) or taxon_iri(text)
    if known:
        return known
    expanded = absolute_iri(expand_curie(text.strip()))
    if expanded is None:
        return None
    return OBO + expanded.removeprefix(_HTTPS_OBO) if expanded.startswith(_HTTPS_OBO) else expanded


def pubmed_id(text: str) -> str | None:
    """Return a PubMed number from its page or CURIE; a number alone doesn't say that it is one.

    >>> pubmed_id("https://pubmed.ncbi.nlm.nih.gov/38052804/"), pubmed_id("38052804")
    ('38052804', None)
    """
    match = _PUBMED.fullmatch(text.strip())
    return match.group(1) if match else None


def pubmed_iri(number: str) -> str:
    """Return the page of a PubMed number, in one spelling."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{number}/"


def licence_iri(text: str) -> str | None:
    """Return the canonical https IRI of a Creative Commons licence; a version is never guessed.

    >>> licence_iri("CC_BY_4.0"), licence_iri("http://creativecommons.org/licenses/by/3.0/us/legalcode")
    ('https://creativecommons.org/licenses/by/4.0/', 'https://creativecommons.org/licenses/by/3.0/us/')
    """
    given = text.strip()
    if match := _CC_IRI.fullmatch(given):
        return f"https://creativecommons.org/{match.group(1).lower()}/"
    words = re.sub(r"[\s_-]+", "-", _SPDX.sub("", given)).lower().removesuffix(".html")
    if _CC0_WORDS.fullmatch(words):
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    match = _CC_WORDS.fullmatch(words)
    return f"https://creativecommons.org/licenses/{match.group(1)}/{match.group(2)}/" if match else None


def is_placeholder(text: str) -> bool:
    """Whether the text only says that there is no value.

    >>> is_placeholder(" N/A "), is_placeholder("UNSURE"), is_placeholder("not stained")
    (True, True, False)
    """
    return text.strip().lower() in _PLACEHOLDERS


def has_email(text: str) -> bool:
    """Whether the text holds an e-mail address."""
    return bool(_MAY_BE_E_MAIL.search(text)) and bool(_E_MAIL.search(text))


def without_email(text: str) -> str:
    """Replace every e-mail address.

    >>> without_email("Ask <jane@example.org> or bob(at)example.org, imaged @10x")
    'Ask <[e-mail removed]> or [e-mail removed], imaged @10x'
    """
    return _E_MAIL.sub(E_MAIL_REMOVED, text) if _MAY_BE_E_MAIL.search(text) else text


def prose(text: str) -> str:
    """Clean running text for a record: no blanks at the ends, no control characters, no e-mail addresses."""
    return without_email(_NOT_FOR_TEXT.sub("", text)).strip()


def absolute_iri(text: str) -> str | None:
    """Return an IRI that RDF can hold and that holds no e-mail address.

    >>> absolute_iri(" urn:x:1 "), absolute_iri("http://a/%zz"), absolute_iri("mailto:jane@example.org")
    ('urn:x:1', None, None)
    """
    given = text.strip()
    return given if is_iri(given) and not has_email(given) else None


def web_address(text: str) -> str | None:
    """Return an http(s) address that a page may link to and that holds no e-mail address."""
    given = absolute_iri(text)
    return given if given and is_web_address(given) else None
