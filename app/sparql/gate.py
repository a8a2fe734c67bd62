"""The gate: what a query may not be, decided by its words alone, before any worker sees it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, pairwise
from typing import Final, Literal, cast

from rembigraph.app.sparql.lexer import Token, line_and_column, read_tokens
from rembigraph.app.sparql.limits import QueryLimits
from rembigraph.app.sparql.prefixes import undeclared_prefix
from rembigraph.app.sparql.service_clause import is_ambiguous, service_offset
from rembigraph.ontology.errors import QueryRefused, QuerySyntaxError

Form = Literal["select", "ask", "construct", "describe"]

FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_UPDATES = "INSERT DELETE LOAD CLEAR DROP CREATE ADD MOVE COPY WITH"
_KEYWORDS = """
A ABS ADJUST AS ASC ASK AVG BASE BIND BNODE BOUND BY CEIL COALESCE CONCAT CONSTRUCT CONTAINS COUNT
DATATYPE DAY DESC DESCRIBE DISTINCT ENCODE_FOR_URI EXISTS FALSE FILTER FLOOR FROM GRAPH GROUP
GROUP_CONCAT HASLANG HASLANGDIR HAVING HOURS IF IN IRI ISBLANK ISIRI ISLITERAL ISNUMERIC ISTRIPLE ISURI
LANG LANGDIR LANGMATCHES LATERAL LCASE LIMIT MAX MD5 MIN MINUS MINUTES MONTH NAMED NOT NOW OBJECT OFFSET
OPTIONAL ORDER PREDICATE PREFIX RAND REDUCED REGEX REPLACE ROUND SAMETERM SAMEVALUE SAMPLE SECONDS SELECT
SEPARATOR SERVICE SHA1 SHA256 SHA384 SHA512 SILENT STR STRAFTER STRBEFORE STRDT STRENDS STRLANG STRLANGDIR
STRLEN STRSTARTS STRUUID SUBJECT SUBSTR SUM TIMEZONE TRIPLE TRUE TZ UCASE UNDEF UNION URI UUID VALUES
VERSION WHERE YEAR
"""
UPDATES: Final = frozenset(_UPDATES.split())
KEYWORDS: Final = frozenset(_KEYWORDS.split())

_BROKEN_IRI: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*:/[^<>\r\n?$]*>")
_OPENING: Final = {"{": "}", "(": ")", "[": "]", "{|": "|}"}
_CLOSING: Final = {closing: opening for opening, closing in _OPENING.items()}
_UNARY: Final = frozenset("!+-")
_MEANT: Final = {
    **dict.fromkeys("“”„«»", 'Put texts in straight quotes: "…".'),
    **dict.fromkeys(
        "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "Put texts in straight quotes: '…'."
    ),
    "&": "Write && for and.",
    "~": 'Write REGEX(?text, "pattern") to match a text.',
    "%": "SPARQL has no remainder of a division.",
    "\N{EN DASH}": "Write a minus sign: -.",
    "\N{MULTIPLICATION SIGN}": "Write *.",
    "≤": "Write <=.",
    "≥": "Write >=.",
    "≠": "Write !=.",
}
"""What a character that SPARQL does not know is likely to stand for."""


@dataclass(frozen=True, slots=True)
class ServiceClause:
    """A SERVICE clause that may be asked.

    Attributes:
        endpoint: IRI of the other endpoint.
        silent: whether the query goes on without it.
        start: position of the keyword among the tokens of the query.
        end: position after its closing bracket.
        where: place of the keyword, for people.
    """

    endpoint: str
    silent: bool
    start: int
    end: int
    where: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """A query text that passed the gate.

    Attributes:
        text: the query as given.
        form: its form, which decides the formats it can be answered in.
        prologue: the text before the form's keyword: PREFIX and BASE declarations, comments.
        default_graphs: the graphs after `FROM`, as written (`<iri>` or `prefix:name`), in order.
        named_graphs: the graphs after `FROM NAMED`, as written.
        prefixes: the declared prefixes, without the colon, and the IRIs they stand for, as written.
        normal: the text with each gap between words as short as it can be; texts alike in it mean the same.
        services: its SERVICE clauses, in order.
    """

    text: str
    form: Form
    prologue: str
    prefixes: dict[str, str]
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    normal: str = ""
    services: tuple[ServiceClause, ...] = ()

    @property
    def names_dataset(self) -> bool:
        """Whether the query itself says what its dataset is."""
        return bool(self.default_graphs or self.named_graphs)


def admit(text: str, limits: QueryLimits, peers: Collection[str] = ()) -> Admitted:
    """Let a query text pass, or say why not.

    Args:
        text: the query.
        limits: how long and deep it may be.
        peers: IRIs of the endpoints that SERVICE may name.

    Raises:
        QueryRefused: a rule forbids it; `rule` is `bytes`, `tokens`, `depth`, `unary`, `service`, `update`
            or `escape`.
        QuerySyntaxError: its words cannot be SPARQL; line and column are exact.
    """
    _check_bytes(text, limits)
    tokens = _bounded_tokens(text, limits)
    prefixes = _declared_prefixes(tokens)
    services = _services(text, tokens, prefixes, limits, peers)
    _refuse_stray(text, tokens)
    form_index = _find_form(text, tokens)
    _refuse_broken_iri(text, tokens)
    _refuse_unknown_words(text, tokens)
    _refuse_undeclared(text, tokens, prefixes)
    _check_nesting(text, tokens)
    form = tokens[form_index]
    default_graphs, named_graphs = _dataset_clauses(tokens)
    return Admitted(
        text=text,
        form=cast(Form, form.text.lower()),
        prologue=text[: form.start],
        prefixes=prefixes,
        default_graphs=tuple(default_graphs),
        named_graphs=tuple(named_graphs),
        normal=_normal(text, tokens, form_index),
        services=services,
    )


def _normal(text: str, tokens: Sequence[Token], form_index: int) -> str:
    """Leave out comments and needless space, unless the engine may see other comments than we do."""
    if any(is_ambiguous(token) for token in tokens[form_index:]):
        return text
    gaps = (" " if before.end < after.start else "" for before, after in pairwise(tokens))
    return "".join(chain.from_iterable(zip((token.text for token in tokens), gaps, strict=False))).strip()


def syntax_error(text: str, offset: int, message: str, fix: str = "") -> QuerySyntaxError:
    """Make a syntax error that points at an offset of the text."""
    line, column = line_and_column(text, offset)
    return QuerySyntaxError(message, line=line, column=column, fix=fix)


def _refusal(
    rule: str, message: str, text: str = "", offset: int | None = None, fix: str = ""
) -> QueryRefused:
    where = ""
    if offset is not None:
        line, column = line_and_column(text, offset)
        where = f"line {line}, column {column}"
    return QueryRefused(message, rule=rule, where=where, fix=fix)


def _check_bytes(text: str, limits: QueryLimits) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise syntax_error(
            text, error.start, "The query holds half of a surrogate pair: no character."
        ) from None
    if size > limits.max_query_bytes:
        raise _refusal("bytes", f"The query has {size} bytes; at most {limits.max_query_bytes} are taken.")


def _bounded_tokens(text: str, limits: QueryLimits) -> list[Token]:
    """Read the tokens as long as they stay in bounds: what is far too much or too deep is not read to its end."""
    tokens: list[Token] = []
    depth = unary = 0
    for token in read_tokens(text):
        if len(tokens) >= limits.max_tokens and token.kind != "end":
            message = f"The query has more than {limits.max_tokens} words and signs."
            raise _refusal("tokens", message, text, token.start)
        tokens.append(token)
        unary = unary + 1 if token.text in _UNARY else 0
        if token.kind == "sign":
            depth = max(0, depth + (token.text in _OPENING) - (token.text in _CLOSING))
        if unary > limits.max_consecutive_unary:
            message = f"More than {limits.max_consecutive_unary} of !, + and - follow one another."
            raise _refusal("unary", message, text, token.start)
        if depth > limits.max_depth:
            message = f"The query nests more than {limits.max_depth} brackets deep."
            raise _refusal("depth", message, text, token.start)
    return tokens


def _declared_prefixes(tokens: Sequence[Token]) -> dict[str, str]:
    return {
        name.text[:-1]: iri.text[1:-1]
        for word, name, iri in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if word.is_word("PREFIX") and name.kind == "name" and name.text.endswith(":")
    }


def _services(
    text: str,
    tokens: Sequence[Token],
    prefixes: Mapping[str, str],
    limits: QueryLimits,
    peers: Collection[str],
) -> tuple[ServiceClause, ...]:
    """Read the SERVICE clauses, and refuse each that may not be asked or that only the engine would see."""
    found = [
        _service(text, tokens, position, prefixes, peers)
        for position, token in enumerate(tokens)
        if peers and token.is_word("SERVICE")
    ]
    if len(found) > limits.service_clauses:
        raise _refusal("service", f"The query has more than {limits.service_clauses} SERVICE clauses.")
    rest, rest_tokens = text, tokens
    if found:  # what is left when they are taken out must hold no other
        rest = _blanked(text, tokens, found)
        rest_tokens = tuple(read_tokens(rest))
    offset = service_offset(rest, rest_tokens, prefixes)
    if offset is not None:
        raise _service_refused(text, offset, peers)
    return tuple(found)


def without_services(query: Admitted) -> str:
    """The query with each SERVICE clause as a plain group, everything else at its place."""
    return _blanked(query.text, tuple(read_tokens(query.text)), query.services)


def _blanked(text: str, tokens: Sequence[Token], clauses: Sequence[ServiceClause]) -> str:
    for clause in clauses:
        start, end = tokens[clause.start].start, tokens[clause.start + 1 + clause.silent].end
        blank = "".join(each if each in "\r\n" else " " for each in text[start:end])
        text = text[:start] + blank + text[end:]
    return text


def _service(
    text: str, tokens: Sequence[Token], position: int, prefixes: Mapping[str, str], peers: Collection[str]
) -> ServiceClause:
    token = tokens[position]
    silent = tokens[position + 1].is_word("SILENT")
    named = tokens[min(position + 1 + silent, len(tokens) - 1)]
    endpoint = _iri_of(named, prefixes)
    if endpoint not in peers:
        raise _service_refused(text, token.start, peers, named)
    end, depth = position + 2 + silent, 0
    while end < len(tokens) - 1:
        depth += (tokens[end].text == "{") - (tokens[end].text == "}")
        end += 1
        if depth <= 0:
            break
    line, column = line_and_column(text, token.start)
    return ServiceClause(endpoint, silent, position, end, f"line {line}, column {column}")


def _iri_of(token: Token, prefixes: Mapping[str, str]) -> str:
    """The IRI that a token stands for; empty for one that is no constant, or written with escapes."""
    if "\\" in token.text:
        return ""
    if token.kind == "iri":
        return token.text[1:-1]
    if token.kind == "name":
        prefix, _, local = token.text.partition(":")
        return prefixes.get(prefix, "") + local
    return ""


def _service_refused(
    text: str, offset: int, peers: Collection[str], named: Token | None = None
) -> QueryRefused:
    ask_it = "Ask the other endpoint for its part, and send what it answers here as a VALUES block."
    if not peers:
        message = "SERVICE is not allowed: this endpoint asks no other endpoint on your behalf."
    elif named is not None and named.kind == "variable":
        message = "SERVICE is allowed only with the address of an endpoint, not with a variable."
    else:
        which = f" {shorten(named.text, 120)}" if named is not None else ""
        message = f"SERVICE{which} is not allowed: this endpoint asks only those on its list."
        ask_it = f"Listed: {', '.join(f'<{peer}>' for peer in peers)}. {ask_it}"
    return _refusal("service", message, text, offset, ask_it)


# Words


def _refuse_stray(text: str, tokens: Sequence[Token]) -> None:
    stray = tokens[-1]
    if stray.kind != "stray":
        return
    if stray.text == "\\":
        raise _refusal(
            "escape",
            "A backslash may stand only inside an IRI, a string or a prefixed name.",
            text,
            stray.start,
        )
    if stray.text in "\"'":
        raise syntax_error(
            text,
            stray.start,
            "This string is never closed, or holds an escape that SPARQL does not know.",
            f"Close it with {stray.text} on the same line, or use three quotes for a text of several lines.",
        )
    fix = _MEANT.get(stray.text, "")
    raise syntax_error(text, stray.start, f"The character {stray.text!r} has no meaning here in SPARQL.", fix)


def _find_form(text: str, tokens: Sequence[Token]) -> int:
    position = 0
    while tokens[position].is_word("PREFIX", "BASE", "VERSION"):
        position = _skip_declaration(text, tokens, position)
    token = tokens[position]
    if token.is_word(*FORMS):
        return position
    if token.is_word(*UPDATES):
        raise _update_refused(text, token)
    if token.kind == "end":
        message = "The query is empty." if position == 0 else "The query ends after its declarations."
        raise syntax_error(text, token.start, message, "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE.")
    if token.kind == "word":
        raise _unknown_word(text, token, FORMS, "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE.")
    message = f"A query cannot begin with “{shorten(token.text)}”."
    raise syntax_error(text, token.start, message, "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE.")


def _skip_declaration(text: str, tokens: Sequence[Token], position: int) -> int:
    keyword = tokens[position].text.upper()
    wanted = {"PREFIX": ("name", "iri"), "BASE": ("iri",), "VERSION": ("string",)}[keyword]
    example = {
        "PREFIX": "PREFIX dcterms: <http://purl.org/dc/terms/>",
        "BASE": "BASE <https://example.org/>",
        "VERSION": 'VERSION "1.1"',
    }[keyword]
    for step, kind in enumerate(wanted, start=1):
        token = tokens[position + step]
        if token.kind != kind or (kind == "name" and not token.text.endswith(":")):
            raise syntax_error(
                text, token.start, f"This {keyword} declaration is not complete.", f"Write: {example}"
            )
    return position + len(wanted) + 1


def _update_refused(text: str, token: Token) -> QueryRefused:
    return _refusal(
        "update",
        f"{token.text.upper()} is an update, and this endpoint is read-only.",
        text,
        token.start,
        "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE.",
    )


def _unknown_word(text: str, token: Token, known: Sequence[str], otherwise: str) -> QuerySyntaxError:
    """Say that a word is not known; propose the one it resembles, or else `otherwise`."""
    close = get_close_matches(token.text.upper()[:40], known, n=1, cutoff=0.7)
    fix = f"Did you mean {close[0]}?" if close else otherwise
    return syntax_error(text, token.start, f"“{shorten(token.text)}” is no SPARQL keyword.", fix)


def shorten(text: str, length: int = 60) -> str:
    """Cut a token for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _refuse_broken_iri(text: str, tokens: Sequence[Token]) -> None:
    """Recognise an IRI that a forbidden character tears apart, before its parts are complained of."""
    for token in tokens:
        if token.text == "<" and (match := _BROKEN_IRI.match(text, token.start)):
            raise syntax_error(
                text,
                token.start,
                f'{shorten(match[0])} is no IRI: it holds a blank or one of " {{ }} | ^ ` \\.',
                "Write such a character as % and two hexadecimal digits.",
            )


def _refuse_unknown_words(text: str, tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.kind != "word" or token.text.upper() in KEYWORDS:
            continue
        if token.text.upper() in UPDATES:
            raise _update_refused(text, token)
        raise _unknown_word(
            text, token, sorted(KEYWORDS), "A variable begins with ?, a string stands in quotes."
        )


def _refuse_undeclared(text: str, tokens: Sequence[Token], prefixes: Mapping[str, str]) -> None:
    for token in tokens:
        if token.kind != "name":
            continue
        prefix = token.text[: token.text.index(":")]
        if prefix not in prefixes:
            message, fix = undeclared_prefix(prefix, prefixes.keys())
            raise syntax_error(text, token.start, message, fix)


# Nesting and dataset


def _check_nesting(text: str, tokens: Sequence[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind != "sign":
            continue
        if token.text in _OPENING:
            opened.append(token)
        elif token.text in _CLOSING:
            _close(text, token, opened)
    if opened:
        raise syntax_error(
            text,
            opened[-1].start,
            f"This {opened[-1].text} is never closed.",
            f"Add {_OPENING[opened[-1].text]}",
        )


def _close(text: str, token: Token, opened: list[Token]) -> None:
    if not opened:
        raise syntax_error(text, token.start, f"This {token.text} closes nothing.", "Leave it out.")
    opening = opened.pop()
    if _OPENING[opening.text] != token.text:
        line, column = line_and_column(text, opening.start)
        raise syntax_error(
            text,
            token.start,
            f"This {token.text} does not close the {opening.text} of line {line}, column {column}.",
            f"Put {_OPENING[opening.text]} before it.",
        )


def _dataset_clauses(tokens: Sequence[Token]) -> tuple[list[str], list[str]]:
    default_graphs: list[str] = []
    named_graphs: list[str] = []
    for position, token in enumerate(tokens):
        if not token.is_word("FROM"):
            continue
        named = tokens[position + 1].is_word("NAMED")
        graph = tokens[position + 1 + named]
        if graph.kind in ("iri", "name"):
            (named_graphs if named else default_graphs).append(graph.text)
    return default_graphs, named_graphs
