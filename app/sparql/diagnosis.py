"""What is wrong with a query, in words.

The engine's message names the farthest character that any alternative of its grammar looked at, and lists
what it wished for there; a keyword counts as looked at up to its full length, so the place is late by up
to 15 characters. Set apart by more than that, the tokens cannot hide each other: the last token that
begins at or before the place named is the one that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from rembigraph.app.sparql.gate import shorten, syntax_error
from rembigraph.app.sparql.lexer import Token, read_tokens
from rembigraph.ontology.errors import QuerySyntaxError

_GAP: Final = " " * 20
_PLACE: Final = re.compile(r"error at (\d+):(\d+)")
_SCHEME: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*:")
_TRIPLE: Final = "In a pattern, each triple is a subject, a predicate and an object, and ends with a dot."
_TAKES: Final = {
    "LIMIT": ("LIMIT takes a whole number.", "Write LIMIT 100."),
    "OFFSET": ("OFFSET takes a whole number.", "Write OFFSET 100."),
    "IN": ("IN takes a list in brackets.", "Write IN (1, 2)."),
    "GRAPH": ("GRAPH does not say which graph.", "Write GRAPH ?graph { … }, or an IRI in its place."),
    "FROM": ("FROM takes the IRI of a graph.", "Write FROM <https://…>."),
}
"""What is wrong when something else follows a keyword."""
_AGGREGATES: Final = ("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT")

# A phrase in the engine's list of wishes, and what it means to the reader.
_MEANINGS: Final = (
    (
        "The SELECT contains a variable that is unbound",
        "With GROUP BY or an aggregate, every variable in SELECT must be grouped by or aggregated.",
        "Add the variable to GROUP BY, or wrap it, as in (SAMPLE(?x) AS ?anyX).",
    ),
    ("SELECT * is not authorized with GROUP BY", "SELECT * cannot go with GROUP BY.", "Name the variables."),
    ("Duplicated variable name in SELECT", "SELECT names the same variable twice.", "Rename one of them."),
    (
        "The SELECT overrides an existing variable",
        "An expression in SELECT is named as a variable that the pattern already has.",
        "Choose another name after AS.",
    ),
    (
        "BIND is overriding an existing variable",
        "BIND gives a value to a variable that the pattern already has.",
        "Choose another name after AS.",
    ),
)


def diagnose(text: str, message: str, parse: Callable[[str], object]) -> QuerySyntaxError:
    """Say where and why a query cannot be read.

    Args:
        text: the query; the gate admitted it, so its brackets match and its words are known.
        message: the engine's complaint about it.
        parse: reads a query, raising SyntaxError with the engine's complaint.
    """
    tokens = list(read_tokens(text))
    index, exact = _failing_token(tokens, parse)
    complaint = f"{message}\n{exact}"
    for phrase, meaning, fix in _MEANINGS:
        if phrase in complaint:
            return syntax_error(text, tokens[index].start, meaning, fix)
    sentence, fix = _explain(tokens, index, exact)
    return syntax_error(text, tokens[index].start, sentence, fix)


def _failing_token(tokens: Sequence[Token], parse: Callable[[str], object]) -> tuple[int, str]:
    spaced = ""
    starts: list[int] = []
    for before, token in zip((None, *tokens), tokens, strict=False):
        spaced += "" if before is None or _belongs(before, token) else _GAP
        starts.append(len(spaced))
        spaced += _on_one_line(token)
    try:
        parse(spaced + _GAP)
    except SyntaxError as error:
        place = _PLACE.match(str(error))
        offset = int(place[2]) - 1 if place and place[1] == "1" else 0
        return max(index for index, start in enumerate(starts) if start <= offset or index == 0), str(error)
    return len(tokens) - 1, ""  # spacing mended it: something is glued together that must not be


def _belongs(before: Token, token: Token) -> bool:
    """Whether two tokens must stay together to mean the same to the engine."""
    if before.end != token.start:
        return False
    return (
        token.kind == "language"
        or token.text == "^^"
        or before.text == "^^"
        or (before.kind == "sign" and token.kind in ("sign", "number"))
        or (before.text == "<" and token.kind == "iri")
    )


def _on_one_line(token: Token) -> str:
    if token.kind != "string":
        return token.text
    return token.text.replace("\r", " ").replace("\n", " ")


def _explain(tokens: Sequence[Token], index: int, complaint: str) -> tuple[str, str]:
    """Return a sentence and a proposal for the token that does not fit."""
    token = tokens[index]
    by_kind = {"iri": _about_iri, "string": _about_string, "blank": _about_blank, "name": _about_name}
    known = by_kind[token.kind](token) if token.kind in by_kind else None
    if known is None and index:
        known = _about_clause(tokens, index, complaint)
    if known is not None:
        return known
    if token.kind == "end":
        return "The query ends too early.", "Something is missing at its end."
    after = f" after “{shorten(tokens[index - 1].text)}”" if index else ""
    return f"“{shorten(token.text)}” does not fit here{after}.", _hint(tokens, index)


def _about_iri(token: Token) -> tuple[str, str] | None:
    shown = shorten(token.text)
    if _SCHEME.match(token.text):
        return f"{shown} does not fit here, or is no valid IRI.", _TRIPLE
    fix = "Write it in full, or begin with BASE <https://…/>."
    return f"The IRI {shown} is relative, and the query says not to what.", fix


def _about_string(token: Token) -> tuple[str, str] | None:
    if "\\" not in token.text:
        return None
    return "This string holds an escape that stands for no character.", "A \\u escape names one character."


def _about_blank(token: Token) -> tuple[str, str] | None:
    message = f"The blank node {shorten(token.text)} does not fit here, or is used in two groups."
    return message, "A blank node belongs to one group of triples: use a variable instead."


def _about_name(token: Token) -> tuple[str, str] | None:
    if token.text.rstrip(".").count(".") < 2:
        return None
    fix = "Write the IRI in full, in < and >."
    return f"The engine reads no prefixed name with two dots, as {shorten(token.text)} is.", fix


def _about_clause(tokens: Sequence[Token], index: int, complaint: str) -> tuple[str, str] | None:
    token, before = tokens[index], tokens[index - 1]
    shown = shorten(token.text)
    in_select = not any(earlier.text == "{" for earlier in tokens[:index])
    if before.kind == "word" and before.text.upper() in _TAKES:
        return _TAKES[before.text.upper()]
    if (before.text, token.text) == ("=", "="):
        return "SPARQL compares with a single =.", "Leave one = out."
    if before.is_word("ORDER", "GROUP"):
        return f"BY is missing after {before.text.upper()}.", f"Write {before.text.upper()} BY."
    if before.is_word("FILTER", "ASC", "DESC", "HAVING"):
        word = before.text.upper()
        return f"{word} takes an expression in brackets.", f"Write {word}(…)."
    if in_select and (token.is_word(*_AGGREGATES) or before.is_word(*_AGGREGATES)):
        return f"“{shown}” does not fit here.", "In SELECT, write an aggregate as (COUNT(?x) AS ?n)."
    if in_select and token.text == ",":
        return "Variables in SELECT are not separated by commas.", "Leave the comma out."
    if in_select and token.text == ")":
        return "This expression has no name.", "Put AS and a variable before the bracket: (… AS ?name)."
    if token.kind != "end" and re.search(r'expected "\{"', complaint):
        return f"A {{ is missing before “{shown}”.", "A pattern stands in braces: { … }."
    return None


def _hint(tokens: Sequence[Token], index: int) -> str:
    token, before = tokens[index], tokens[index - 1]
    bracket = _enclosing_bracket(tokens, index)
    if bracket is None:
        if any(earlier.is_word("HAVING") for earlier in tokens[:index]):
            return "Put all of it in brackets: HAVING(COUNT(?x) > 1)."
        return "Something before it is missing or out of place."
    opener = tokens[bracket]
    introduction = [word for word in tokens[:bracket] if word.kind == "word"][-1:]
    if introduction and introduction[0].is_word("VALUES"):
        return (
            "Each row of VALUES holds a value or UNDEF for each variable, in brackets if there are several."
        )
    if before.text == ")" and opener.text == "{":
        return "BIND may name only a variable that the group has not used before it."
    if introduction and introduction[0].is_word("BIND") and token.text == ")":
        return "Write BIND(… AS ?name)."
    if opener.text == "(":
        return "Look at the brackets, commas and operators of this expression."
    if token.text in ("}", "."):
        return "The triple before it is not complete: subject, predicate, object."
    return _TRIPLE if token.kind != "word" else "End the triple before it with a dot, or finish it."


def _enclosing_bracket(tokens: Sequence[Token], index: int) -> int | None:
    opened: list[int] = []
    for position in range(index):
        if tokens[position].kind == "sign" and tokens[position].text in ("{", "(", "["):
            opened.append(position)
        elif tokens[position].kind == "sign" and tokens[position].text in ("}", ")", "]"):
            opened.pop()
    return opened[-1] if opened else None
