"""Requests of OAI-PMH 2.0: arguments, dates and resumption tokens, read strictly; what is wrong is its own error.

Sections are those of the specification (http://www.openarchives.org/OAI/openarchivesprotocol.html).
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from rembigraph.catalogue.changes import TIME_FORMAT, is_date

TOKEN_DAYS: Final = 7
"""How long a resumption token is taken."""
_MAX_PAIRS: Final = 50
_MAX_VALUE: Final = 2000
_SET: Final = re.compile(r"[A-Za-z0-9_.!~*'()-]+(?::[A-Za-z0-9_.!~*'()-]+)*", re.ASCII)
_CHECK: Final = 8


class OaiError(Exception):
    """An error that the protocol has a word for (section 3.6).

    Args:
        code: that word.
        message: what is wrong, for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Arguments:
    """What a verb takes: required, optional, and `resumptionToken` alone.

    Attributes:
        required: arguments that must be there, unless a token is.
        optional: arguments that may be there.
        resumes: whether it takes a token.
    """

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumes: bool = False


_RANGE: Final = frozenset({"from", "until", "set"})
VERBS: Final[Mapping[str, Arguments]] = {
    "Identify": Arguments(),
    "ListMetadataFormats": Arguments(optional=frozenset({"identifier"})),
    "ListSets": Arguments(resumes=True),
    "GetRecord": Arguments(required=frozenset({"identifier", "metadataPrefix"})),
    "ListIdentifiers": Arguments(frozenset({"metadataPrefix"}), _RANGE, resumes=True),
    "ListRecords": Arguments(frozenset({"metadataPrefix"}), _RANGE, resumes=True),
}
"""The six verbs (section 4)."""


@dataclass(frozen=True)
class Position:
    """Where a list goes on, and what list it is: what a resumption token holds.

    Attributes:
        verb: the verb.
        prefix: metadata format; empty for sets.
        category: spec of the set; empty for all.
        since, until: bounds of the datestamps as they count, in seconds; empty for none.
        time, name: datestamp and accession of the last record that was given; of a set, `name` is its spec.
        given: how many were given before.
    """

    verb: str
    prefix: str = ""
    category: str = ""
    since: str = ""
    until: str = ""
    time: str = ""
    name: str = ""
    given: int = 0

    def token(self, expires: str) -> str:
        """Return it as a resumption token."""
        body = json.dumps([expires, *asdict(self).values()], separators=(",", ":")).encode()
        return urlsafe_b64encode(_check(body) + body).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str, verb: str, now: str) -> Position:
        """Read a resumption token.

        Raises:
            OaiError: it is none of ours, of another verb, or out of date.
        """
        expires, position = cls._read(token)
        if position.verb != verb:
            raise OaiError("badResumptionToken", f"this token is of {position.verb}, not of {verb}")
        if expires < now:
            raise OaiError("badResumptionToken", f"this token was good until {expires}; begin the list again")
        return position

    @classmethod
    def _read(cls, token: str) -> tuple[str, Position]:
        wrong = OaiError("badResumptionToken", "this is no resumption token of this repository")
        try:
            content = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (ValueError, binascii.Error) as error:
            raise wrong from error
        check, body = content[:_CHECK], content[_CHECK:]
        if check != _check(body):
            raise wrong
        expires, *values = json.loads(body)
        return expires, cls(*values)


def _check(body: bytes) -> bytes:
    """Return what tells a token of ours from a mangled one. It keeps no secret: tokens give no rights."""
    return sha256(b"resumption token" + body).digest()[:_CHECK]


@dataclass(frozen=True)
class Asked:
    """A request that can be answered.

    Attributes:
        verb: the verb.
        arguments: the other arguments, as they were given.
    """

    verb: str
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, query: bytes) -> Asked:
        """Read the arguments of a request, percent-encoded as in a query or a form.

        Raises:
            OaiError: badVerb or badArgument.
        """
        pairs = _pairs(query)
        verbs = [value for name, value in pairs if name == "verb"]
        if len(verbs) != 1:
            raise OaiError("badVerb", "the verb is missing" if not verbs else "the verb is repeated")
        if verbs[0] not in VERBS:
            raise OaiError("badVerb", f"there is no such verb; there are {', '.join(VERBS)}")
        taken = VERBS[verbs[0]]
        arguments = [(name, value) for name, value in pairs if name != "verb"]
        _check_names([name for name, _ in arguments], taken)
        asked = cls(verbs[0], dict(arguments))
        asked._check_values()
        return asked

    @property
    def token(self) -> str:
        """The resumption token, or empty."""
        return self.arguments.get("resumptionToken", "")

    def position(self, now: str) -> Position:
        """Return where the list that is asked for begins or goes on.

        Raises:
            OaiError: badResumptionToken, or badArgument for dates that do not go together.
        """
        if self.token:
            return Position.of_token(self.token, self.verb, now)
        since, until = self.arguments.get("from", ""), self.arguments.get("until", "")
        if since and until and len(since) != len(until):
            raise OaiError("badArgument", "from and until must both be days or both be times")
        position = Position(
            self.verb,
            self.arguments.get("metadataPrefix", ""),
            self.arguments.get("set", ""),
            _moment(since, "T00:00:00Z"),
            _moment(until, "T23:59:59Z"),
        )
        if since and until and position.since > position.until:
            raise OaiError("badArgument", "from is later than until")
        return position

    def _check_values(self) -> None:
        for name, value in self.arguments.items():
            if not value:
                raise OaiError("badArgument", f"the argument {name} is empty")
            if len(value) > _MAX_VALUE:
                raise OaiError("badArgument", f"the argument {name} is longer than {_MAX_VALUE} characters")
        for name in ("from", "until"):
            if name in self.arguments and not is_date(self.arguments[name]):
                raise OaiError("badArgument", f"{name} must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")
        if "set" in self.arguments and not _SET.fullmatch(self.arguments["set"]):
            raise OaiError("badArgument", "that is no setSpec; ListSets names the sets")


def utc_now() -> str:
    """Return the time, in whole seconds."""
    return datetime.now(UTC).strftime(TIME_FORMAT)


def expiry(now: str) -> str:
    """Return until when a token made now is taken."""
    moment = datetime.strptime(now, TIME_FORMAT).replace(tzinfo=UTC)
    return (moment + timedelta(days=TOKEN_DAYS)).strftime(TIME_FORMAT)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=_MAX_PAIRS,
        )
    except ValueError as error:
        raise OaiError("badArgument", f"more than {_MAX_PAIRS} arguments") from error


def _check_names(names: Sequence[str], taken: Arguments) -> None:
    repeated = next((name for name, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        raise OaiError("badArgument", f"the argument {repeated[:80]} is repeated")
    if "resumptionToken" in names and taken.resumes:
        if len(names) > 1:
            raise OaiError("badArgument", "resumptionToken is an exclusive argument")
        return
    unknown = [name for name in names if name not in taken.required | taken.optional]
    if unknown:
        raise OaiError("badArgument", f"this verb takes no argument {unknown[0][:80]!r}")
    missing = sorted(taken.required - set(names))
    if missing:
        raise OaiError("badArgument", f"the argument {missing[0]} is missing")


def _moment(date: str, time: str) -> str:
    return date + time if date and "T" not in date else date
