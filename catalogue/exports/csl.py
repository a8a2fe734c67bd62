"""CSL-JSON: a citation for citeproc, Zotero and Pandoc.

An array of one item, as the schema `csl-data.json` of Citation Style Language 1.0.2 asks for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rembigraph.catalogue.exports.citation import Name, cite
from rembigraph.catalogue.exports.kinds import Export

if TYPE_CHECKING:
    from rembigraph.catalogue.exports.described import Described


def _make(study: Described) -> bytes:
    cited = cite(study)
    item: dict[str, Any] = {
        "id": cited.accession,
        "type": "dataset",
        "title": cited.title,
        "author": [_name(name) for name in cited.names],
        "issued": {"date-parts": [list(cited.issued)]} if cited.issued else None,
        "publisher": cited.publisher,
        "number": cited.accession,
        "DOI": cited.doi,
        "URL": cited.url,
    }
    known = {name: value for name, value in item.items() if value}
    return (json.dumps([known], ensure_ascii=False, indent=2) + "\n").encode()


def _name(name: Name) -> dict[str, str]:
    return {"literal": name.literal} if name.literal else {"family": name.family, "given": name.given}


CSL: Final = Export("csl", "CSL-JSON", "csl.json", "application/vnd.citationstyles.csl+json", "", _make)
