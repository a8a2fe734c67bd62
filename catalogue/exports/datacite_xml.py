"""DataCite metadata in XML: what `datacite` makes, in the namespace of kernel 4.

Written with the standard library: the tests compare it with what the `datacite` package makes of the same metadata and
validate it against the schema of DataCite. The XML asks for an identifier; a study without a DOI gets the address that
its citation gives, of type `URL`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rembigraph.catalogue.exports.citation import web_address_of
from rembigraph.catalogue.exports.datacite import PROFILE, has_year, metadata
from rembigraph.catalogue.exports.kinds import Export

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described

_SCHEMA: Final = "http://schema.datacite.org/meta/kernel-4.5/metadata.xsd"
_ROOT: Final = {
    "xmlns": PROFILE,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": f"{PROFILE} {_SCHEMA}",
}
_ITEMS: Final = {
    "titles": ("title", "title"),
    "subjects": ("subject", "subject"),
    "dates": ("date", "date"),
    "alternateIdentifiers": ("alternateIdentifier", "alternateIdentifier"),
    "relatedIdentifiers": ("relatedIdentifier", "relatedIdentifier"),
    "rightsList": ("rights", "rights"),
    "descriptions": ("description", "description"),
    "nameIdentifiers": ("nameIdentifier", "nameIdentifier"),
    "affiliation": ("affiliation", "name"),
}
"""Property of the JSON -> element of each value, and which key of the value is its text; other keys are attributes."""
_FUNDING: Final = (
    ("funderName", ()),
    ("funderIdentifier", ("funderIdentifierType",)),
    ("awardNumber", ()),
    ("awardTitle", ()),
)

Entry = Mapping[str, Any]


def _make(study: Described) -> bytes:
    said = metadata(study)
    root = Element("resource", _ROOT)
    _element(root, "identifier", *_identifier(study, said))
    for entry in said["creators"]:
        _creator(_within(root, "creators"), entry)
    _list(root, "titles", said)
    _element(root, "publisher", said["publisher"]["name"])
    _element(root, "publicationYear", said["publicationYear"])
    kind = said["types"]
    _element(root, "resourceType", kind.get("resourceType", ""), kind, ("resourceTypeGeneral",))
    for name in ("subjects", "dates", "alternateIdentifiers", "relatedIdentifiers"):
        _list(root, name, said)
    for plural in ("sizes", "formats"):
        for text in said.get(plural, ()):
            _element(_within(root, plural), plural.removesuffix("s"), text)
    for name in ("rightsList", "descriptions"):
        _list(root, name, said)
    for entry in said.get("fundingReferences", ()):
        _funding(_within(root, "fundingReferences"), entry)
    for entry in said.get("relatedItems", ()):
        _related_item(_within(root, "relatedItems"), entry)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def _identifier(study: Described, said: Entry) -> tuple[str, Entry, Sequence[str]]:
    kind = "DOI" if "doi" in said else "URL"
    return said.get("doi") or web_address_of(study), {"identifierType": kind}, ("identifierType",)


def _element(
    parent: Element, name: str, text: str, entry: Entry | None = None, keys: Sequence[str] = ()
) -> None:
    """Add an element with a text, and those of the keys as attributes that an entry has."""
    attributes = {key.replace("Uri", "URI"): entry[key] for key in keys if key in entry} if entry else {}
    SubElement(parent, name, attributes).text = text


def _within(root: Element, name: str) -> Element:
    """Return the child of this name; made when it is not there."""
    found = root.find(name)
    return SubElement(root, name) if found is None else found


def _list(root: Element, name: str, said: Entry) -> None:
    """Add a list of values in an element of its own."""
    if name in said:
        _values(SubElement(root, name), name, said)


def _values(parent: Element, name: str, said: Entry) -> None:
    item, text = _ITEMS[name]
    for entry in said.get(name, ()):
        _element(parent, item, entry.get(text, ""), entry, [key for key in entry if key != text])


def _creator(parent: Element, entry: Entry) -> None:
    creator = SubElement(parent, "creator")
    _element(creator, "creatorName", entry["name"], entry, ("nameType",))
    for name in ("givenName", "familyName"):
        if name in entry:
            _element(creator, name, entry[name])
    for name in ("nameIdentifiers", "affiliation"):
        _values(creator, name, entry)


def _funding(parent: Element, entry: Entry) -> None:
    funding = SubElement(parent, "fundingReference")
    for name, attributes in _FUNDING:
        if name in entry:
            _element(funding, name, entry[name], entry, attributes)


def _related_item(parent: Element, entry: Entry) -> None:
    kinds = {key: entry[key] for key in ("relatedItemType", "relationType")}
    item = SubElement(parent, "relatedItem", kinds)
    _list(item, "titles", entry)
    if "publicationYear" in entry:
        _element(item, "publicationYear", entry["publicationYear"])


DATACITE_XML: Final = Export(
    "datacite-xml",
    "DataCite XML",
    "datacite.xml",
    "application/vnd.datacite.datacite+xml",
    PROFILE,
    _make,
    has_year,
)
