"""Foreign YAML within bounds: UTF-8, at most 64 levels deep, no aliases (they make small files explode).

Nodes come without tags being obeyed: nothing of a document is ever constructed as a Python object.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from rembigraph.loaders.json_bounds import JsonFloat
from rembigraph.loaders.reading import Document
from rembigraph.loaders.values import without_email
from rembigraph.ontology.errors import SourceMalformed

MAX_DEPTH = 64
MAX_DOCUMENTS = 100_000
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
MAX_EVENTS = 500_000  # a node takes about a kilobyte of memory

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset(
    {None, "!"}
    | {
        f"tag:yaml.org,2002:{name}"
        for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")
    }
)
_DEEP = re.compile("nesting|too deep|depth", re.IGNORECASE)  # of libyaml's own bound
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,2})?")


def composed(document: Document) -> tuple[str, list[yaml.Node]]:
    """Return the text and the root nodes of a document, empty YAML documents left out.

    Raises:
        SourceMalformed: it is not YAML or breaks a bound; `pointer` is `line:column`.
    """
    try:
        text = document.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        where = f"{document.data.count(bytes([10]), 0, error.start) + 1}:1"
        raise SourceMalformed(
            message, source=document.place, pointer=where, code="encoding", fix="Save it as UTF-8."
        ) from None
    try:
        _check_bounds(text)
        nodes = [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _syntax_error(document, error) from None
    return text, nodes


def _check_bounds(text: str) -> None:
    """Walk the events first: they come without recursion, so depth and aliases are seen before anything is built.

    libyaml looks ahead of its events, and some versions have a bound of their own there, which they may meet first.
    """
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if count > MAX_EVENTS:
            raise _out_of_bounds(f"more than {MAX_EVENTS} values in one file", event, "too-large")
        if isinstance(event, yaml.AliasEvent):
            raise _out_of_bounds("aliases (*name) are not allowed", event)
        if getattr(event, "tag", None) not in _PLAIN_TAGS:
            raise _out_of_bounds("tags of programming languages (!!python/...) are not allowed", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > MAX_DEPTH:
            raise _out_of_bounds(_TOO_DEEP, event, "too-deep")
        if documents > MAX_DOCUMENTS:
            raise _out_of_bounds(f"more than {MAX_DOCUMENTS} documents in one file", event, "too-large")


class _OutOfBoundsError(yaml.MarkedYAMLError):
    code = "syntax"


def _out_of_bounds(problem: str, event: Any, code: str = "syntax") -> _OutOfBoundsError:
    error = _OutOfBoundsError(problem=problem, problem_mark=event.start_mark)
    error.code = code
    return error


def _syntax_error(document: Document, error: Exception) -> SourceMalformed:
    mark = getattr(error, "problem_mark", None)
    problem = without_email(getattr(error, "problem", None) or str(error))
    code = error.code if isinstance(error, _OutOfBoundsError) else "syntax"
    message, fix = f"this is not YAML: {problem}", "Check indentation and quotes there."
    if code != "syntax" or isinstance(error, RecursionError) or _DEEP.search(problem):
        code = "too-large" if code == "too-large" else "too-deep"
        message = problem if code == "too-large" else f"values are {_TOO_DEEP}"
        fix = "Split it, or flatten it; a study is not written that large or deep."
    place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    return SourceMalformed(message, source=document.place, pointer=place, code=code, fix=fix)


def as_json(node: yaml.Node, document: Document) -> Any:
    """Return a node as JSON values; what JSON can't write as YAML does (`no`, `2024-01-01`, `007`) stays text.

    Raises:
        SourceMalformed: a key is no text, or stands twice in one mapping; `pointer` is `line:column`.
    """
    if isinstance(node, yaml.MappingNode):
        members: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _bad_key(key, document, "a key is no text", "Write a word.")
            if key.value in members:
                what = f"the key {without_email(key.value[:80])!r} stands twice in one mapping"
                raise _bad_key(key, document, what, "Keep one of them, or make it a list.")
            members[key.value] = as_json(value, document)
        return members
    if isinstance(node, yaml.SequenceNode):
        return [as_json(item, document) for item in node.value]
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return JsonFloat(text) if _FRACTION.fullmatch(text) else text


def _bad_key(node: yaml.Node, document: Document, message: str, fix: str) -> SourceMalformed:
    place = f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    return SourceMalformed(message, source=document.place, pointer=place, code="duplicate-key", fix=fix)
