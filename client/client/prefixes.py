"""Prefixes that need no declaration: the client declares the usual ones for a query that leaves them out."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from rembigraph.app.sparql.lexer import read_tokens
from rembigraph.app.sparql.prefixes import WELL_KNOWN

_LINE: Final = re.compile(r"\bline (\d+)(?=, column)")


def with_prefixes(query: str) -> str:
    """Return a query with the well-known prefixes declared that it uses and does not declare, in a line of their own.

    The table is the one from which the endpoint proposes what to add. A query that lacks none is returned as it is.
    """
    tokens = list(read_tokens(query))
    declared = {
        name.text[:-1] for word, name in pairwise(tokens) if word.is_word("PREFIX") and name.kind == "name"
    }
    used = {token.text.partition(":")[0] for token in tokens if token.kind == "name"}
    missing = sorted(prefix for prefix in used - declared if prefix in WELL_KNOWN)
    head = " ".join(f"PREFIX {prefix}: <{WELL_KNOWN[prefix]}>" for prefix in missing)
    return f"{head}\n{query}" if head else query


def as_in_query(message: str, query: str, sent: str) -> str:
    """Return a message about the query that was sent with the line numbers of the query as it was written."""
    added = sent.count("\n") - query.count("\n")
    return _LINE.sub(lambda found: f"line {max(int(found[1]) - added, 1)}", message)
