"""What an answer must be to count: JSON of the record asked for, or a file list that can be read to its end."""

from __future__ import annotations

import re
from typing import Any

from rembigraph.loaders import file_lists
from rembigraph.loaders.empiar_entry import accession_of
from rembigraph.loaders.fetch import Answer, Failed, Why
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.identifiers import Accession, NotAnAccession, parse_accession

_UNSTATED = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
_JSON = frozenset({"application/json", "text/json"})
_TABLES = frozenset({"text/tab-separated-values", "text/tsv", "text/csv"})
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_SNIFFED_BYTES = 4096
_LINK = "ftpHttp_link"
_SAID = ("errorMessage", "error", "message", "detail")


def submission_or_link(answer: Answer, accession: Accession) -> dict[str, Any]:
    """Return the answer of BioStudies: a submission, or an object that says where it is.

    Raises:
        Failed: it is neither, or of another record.
    """
    found = _object(answer, "BioStudies")
    return found if link_of(found) else _own_submission(found, accession)


def submission(answer: Answer, accession: Accession) -> dict[str, Any]:
    """Return a submission.

    Raises:
        Failed: it is none, or of another record.
    """
    return _own_submission(_object(answer, "BioStudies"), accession)


def link_of(found: dict[str, Any]) -> str:
    """Return the folder that an answer of BioStudies says a submission lies in; empty when it is the submission."""
    link = found.get(_LINK)
    return link.strip() if isinstance(link, str) and "section" not in found else ""


def _own_submission(found: dict[str, Any], accession: Accession) -> dict[str, Any]:
    if "section" not in found:
        raise Failed(Why.WRONG, f"gave no submission{_said(found)}")
    stated = found.get("accno", found.get("accNo"))
    if not _names(stated, accession):
        raise Failed(Why.WRONG, f"gave {_quoted(stated)} for it")
    return found


def _names(stated: Any, accession: Accession) -> bool:
    try:
        return isinstance(stated, str) and parse_accession(stated) == accession
    except NotAnAccession:
        return False


def entry(answer: Answer, accession: Accession) -> dict[str, Any]:
    """Return the answer of EMPIAR: an entry in its envelope.

    Raises:
        Failed: there is no entry in it, or another one.
    """
    found = _object(answer, "EMPIAR")
    own = [name for name in found if accession_of(name) == accession]
    if len(own) == len(found) == 1 and isinstance(found[own[0]], dict) and found[own[0]]:
        return found
    if not found or (len(found) == 1 and own and not found[own[0]]):
        raise Failed(Why.NOT_FOUND, "does not have it (the answer is empty)")
    said = _said(found)
    raise Failed(Why.WRONG, f"gave no entry{said}" if said else f"gave {_quoted(next(iter(found)))} for it")


def file_list(answer: Answer, name: str) -> None:
    """Read a file list to its end.

    Raises:
        Failed: it is none, or cannot be read.
    """
    _check_type(answer, _JSON | _TABLES, "a file list")
    document = Document(name, "", answer.body)
    if not file_lists.recognises(document):
        raise Failed(Why.WRONG, "gave something that is no file list")
    try:
        for _ in file_lists.rows(document):
            pass
    except SourceMalformed as error:
        raise _unreadable(error) from None


def _object(answer: Answer, name: str) -> dict[str, Any]:
    _check_type(answer, _JSON, "JSON")
    try:
        found = parse_json(Document(name, "", answer.body))
    except SourceMalformed as error:
        raise _unreadable(error) from None
    if not isinstance(found, dict):
        raise Failed(Why.WRONG, "gave JSON that is no object")
    return found


def _unreadable(error: SourceMalformed) -> Failed:
    where = f" ({error.pointer})" if error.pointer else ""
    return Failed(Why.WRONG, f"gave something that cannot be read: {error.message}{where}")


def _check_type(answer: Answer, wanted: frozenset[str], name: str) -> None:
    """Refuse a page: servers in trouble send one with status 200."""
    head = answer.body[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = answer.content_type
    is_wanted = kind in wanted or kind in _UNSTATED or (kind.endswith("+json") and wanted == _JSON)
    if head.startswith(b"<") or "html" in kind:
        title = _TITLE.search(answer.body[: 16 * _SNIFFED_BYTES])
        called = f" ({_quoted(title[1].decode('utf-8', 'replace'))})" if title else ""
        raise Failed(Why.WRONG, f"answered with a page{called} instead of {name}")
    if not is_wanted:
        raise Failed(Why.WRONG, f"answered with {_quoted(kind)} instead of {name}")


def _said(found: dict[str, Any]) -> str:
    words = next((found[name] for name in _SAID if isinstance(found.get(name), str)), "")
    return f" (it says: {_quoted(words)})" if words else ""


def _quoted(value: Any) -> str:
    """Return foreign text as it may stand in a message: short, on one line, without addresses of people."""
    text = without_email(value) if isinstance(value, str) else "a record without an accession"
    return repr(" ".join(text.split())[:80]) if isinstance(value, str) else text
