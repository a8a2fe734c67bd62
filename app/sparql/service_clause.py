"""Finding SERVICE clauses.

The engine evaluates SERVICE over HTTP and has no switch for it, so the keyword is looked for here; the
workers' socket filter is the second wall. The engine's grammar reads characters, not tokens, and accepts
texts that SPARQL's rule of the longest token forbids: `SERVICE:x {…}` is a SERVICE clause to it,
`?a<?b)#>` a comparison with a comment after it, and `a:b.c.SERVICE<…>` a name that ends at its second dot.
Such a text is read in every way the engine may read it, and refused if one of them holds the clause.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from functools import cache
from typing import Final

from rembigraph.app.sparql.lexer import IRI, NAME, SEPARATOR, VARIABLE, Token, read_tokens

_SERVICE: Final = re.compile("service", re.IGNORECASE | re.ASCII)
_OPENS_GROUP: Final = re.compile(rf"{SEPARATOR}\{{")
_UNICODE_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


@cache
def _clause() -> re.Pattern[str]:
    """The pattern of what makes a clause of the word before it; made for the first query, like that of a token."""
    return re.compile(rf"{SEPARATOR}(?:(?i:silent){SEPARATOR})?(?:{IRI}|{VARIABLE}|{NAME}){SEPARATOR}\{{")


def service_offset(text: str, tokens: Sequence[Token], prefixes: Container[str]) -> int | None:
    """Find where a query has a SERVICE clause, in any reading that the engine may make of it.

    Args:
        text: the query.
        tokens: its tokens; the last may be of kind `stray`.
        prefixes: the prefixes it declares, without the colon.
    """
    if tokens[-1].text == "\\" and _spells_service(text):
        return tokens[-1].start
    if not _SERVICE.search(text):
        return None
    for token in tokens:
        # Keywords may be glued to the engine (`SERVICESILENT`), and no other keyword holds this word.
        if token.kind == "word" and _SERVICE.search(token.text):
            return token.start
    for reading in (tuple(tokens), *_other_readings(text, tokens, prefixes)):
        for before, token in zip((None, *reading), reading, strict=False):
            if _hides_service(text, token, before, prefixes):
                return token.start
    return None


def _other_readings(
    text: str, tokens: Sequence[Token], prefixes: Container[str]
) -> Iterator[tuple[Token, ...]]:
    """Read on after each `<` that opens an IRI here but may be a comparison to the engine.

    Only an IRI with `#` or `'` in it matters: elsewhere both readings meet again at its `>`. A reading ends
    where an earlier one has been, so all of them together stay linear in the length of the text; and where
    it can be no SPARQL, as at the `//` or the undeclared prefix that most IRIs begin with.
    """
    seen = {token.start for token in tokens}
    pending = [token for token in tokens if is_ambiguous(token)]
    while pending:
        reading: list[Token] = []
        for token in read_tokens(text, pending.pop().start + 1):
            doubled = token.text == "/" and reading and reading[-1].text == "/"
            reading.append(token)
            if token.start in seen or doubled:
                break
            seen.add(token.start)
            if is_ambiguous(token):
                pending.append(token)
            if token.kind == "name" and token.text[: token.text.index(":")] not in prefixes:
                break
        yield tuple(reading)


def is_ambiguous(token: Token) -> bool:
    """Whether the engine may see a comment or a string begin in what is an IRI here."""
    return token.kind == "iri" and ("#" in token.text or "'" in token.text)


def _hides_service(text: str, token: Token, before: Token | None, prefixes: Container[str]) -> bool:
    if token.kind not in ("word", "name", "blank"):
        return False
    for match in _SERVICE.finditer(token.text):
        start, end = match.span()
        if token.kind == "word":
            return bool(_clause().match(text, token.start + end))
        if token.kind == "name" and end <= token.text.index(":"):
            if _glued_to_default_prefix(text, token, before, prefixes):
                return True
        elif _after_second_dot(token.text[:start]) and _clause().match(text, token.start + end):
            return True
    return False


def _glued_to_default_prefix(text: str, token: Token, before: Token | None, prefixes: Container[str]) -> bool:
    """Whether `SERVICE:x {` may be the keyword and `:x`, rather than a name of the prefix `SERVICE:`."""
    if "" not in prefixes or not _OPENS_GROUP.match(text, token.end):
        return False
    declared = token.text[: token.text.index(":")] in prefixes
    takes_name = before is not None and (
        before.is_word("GRAPH", "FROM", "NAMED", "DESCRIBE") or before.text == "^^"
    )
    return not (declared and takes_name)


def _after_second_dot(name: str) -> bool:
    return name.endswith(".") and "." in name.rstrip(".")


def _spells_service(text: str) -> bool:
    """Whether an escaped keyword would be SERVICE: no SPARQL, but meant so, and refused by that name."""

    def character(match: re.Match[str]) -> str:
        code = int(match[1] or match[2], 16)
        return chr(code) if code < 0x110000 else " "

    plain = _UNICODE_ESCAPE.sub(character, text)
    return any(token.is_word("SERVICE") for token in read_tokens(plain))
