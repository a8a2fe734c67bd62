"""One polite request over the network: the only module that opens connections.

What comes back is within bounds (bytes as sent and inflated, time, redirects, hosts) or is refused in words. Whether
to ask again is decided in `live_retry`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit
from weakref import WeakSet

import requests
from rembigraph.loaders.documents import MAX_DOCUMENT_BYTES, MIB
from rembigraph.loaders.live_addresses import AddressRefused, Sites, is_loopback, is_public
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

MAX_REDIRECTS = 4
MAX_WAIT_SECONDS = 10.0**9  # no server means longer; more digits are not read

_CHUNK_BYTES = 64 * 1024
_GZIP = 31  # zlib's number for a gzip header with the largest window
_TOO_SLOW = "took longer than its deadline"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ABSENT = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})
_ACCEPT = "application/json, text/tab-separated-values, */*;q=0.1"


class Why(StrEnum):
    """Why a document could not be had; also the code in the report."""

    NOT_FOUND = "not-found"
    REFUSED = "refused-by-source"  # not public, or an address or certificate that is not trusted
    OFFLINE = "offline"  # no connection came about
    BUSY = "source-busy"  # 429 or 5xx
    BROKEN = "broken-off"  # connection lost, too slow, or less than announced
    WRONG = "wrong-answer"  # something else than what was asked for
    LARGE = "too-large"


class Failed(Exception):
    """A request did not give what was asked for.

    Args:
        why: kind of failure.
        message: what happened, as the end of a sentence that begins with the host.
        retry_after: seconds that the server asks to wait; None when it does not say.
    """

    def __init__(self, why: Why, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.why, self.message, self.retry_after = why, message, retry_after


@dataclass(frozen=True)
class Manners:
    """How sources are asked.

    Attributes:
        user_agent: who asks.
        pause_seconds: least time between two requests to one host.
        connect_seconds: longest time until a connection is made.
        read_seconds: longest silence of a server.
        deadline_seconds: longest time for one document, repeats and waiting included.
        tries: how often one document is asked for at most.
        first_wait_seconds: wait before the first repeat; it doubles from there, with jitter.
        longest_wait_seconds: longest wait before a repeat; a server that asks for more is left alone.
        most_bytes: of one document, inflated.
    """

    user_agent: str
    pause_seconds: float = 0.2
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    deadline_seconds: float = 300.0
    tries: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    most_bytes: int = MAX_DOCUMENT_BYTES


@dataclass(frozen=True)
class Answer:
    """What a server gave.

    Attributes:
        body: the document, inflated; empty when it is not modified.
        content_type: media type in lower case, without parameters.
        etag: the server's name for this version, or empty.
        last_modified: its date in the server's words, or empty.
        not_modified: whether the server says that the version we have is the current one.
    """

    body: bytes
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


class Client:
    """Asks one request after the other; connections are kept open between them.

    Args:
        manners: how sources are asked.
        sites: addresses that may be asked.
    """

    def __init__(self, manners: Manners, sites: Sites) -> None:
        self._manners = manners
        self._sites = sites
        self._guard = _Guard()
        self._session = _session(manners.user_agent, self._guard, direct=sites.are_loopback)
        self._next: dict[str, float] = {}

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def get(self, url: str, known: Answer | None, until: float) -> Answer:
        """Ask for a document, following redirects within the sites.

        Args:
            url: its address.
            known: the version we have, to be told only whether it is still the current one.
            until: moment (`time.monotonic`) at which to give up.

        Raises:
            Failed: it was not given; `why` says how.
        """
        headers = _conditions(known)
        with self._guard.ending_at(until), _in_words(self._guard):
            address = self._admitted(url)
            seen: set[str] = set()
            while True:
                if address in seen or len(seen) > MAX_REDIRECTS:
                    raise Failed(Why.WRONG, "redirects in a circle, or too often")
                seen.add(address)
                found = self._ask(address, headers)
                if self._guard.is_over:
                    raise TimeoutError  # what was ended may look like a short answer
                if isinstance(found, Answer):
                    return found
                address = self._admitted(found)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], until: float) -> Answer:
        """Send a document and return what comes back; a redirect is not followed.

        Args:
            url: where to.
            body: the document.
            headers: its media type, and what else to say.
            until: moment (`time.monotonic`) at which to give up.

        Raises:
            Failed: there is no answer.
        """
        manners = self._manners
        with self._guard.ending_at(until), _in_words(self._guard):
            response = self._session.post(
                self._admitted(url),
                data=body,
                headers=headers,
                timeout=(manners.connect_seconds, manners.read_seconds),
                stream=True,
                allow_redirects=False,
            )
            with closing(response):
                if response.status_code in _REDIRECTS:
                    raise Failed(Why.REFUSED, "sends us to another address, which is not followed")
                is_empty = response.status_code == 204
                answer = Answer(b"") if is_empty else _answer(response, manners.most_bytes, conditional=False)
            if self._guard.is_over:
                raise TimeoutError  # what was ended may look like a short answer
            return answer

    def _admitted(self, url: str) -> str:
        try:
            return self._sites.admitted(url)
        except AddressRefused as error:
            raise Failed(Why.WRONG, str(error)) from None

    def _ask(self, address: str, headers: Mapping[str, str]) -> Answer | str:
        """Ask once; return the answer, or where it is."""
        self._pause(urlsplit(address).netloc)
        manners = self._manners
        response = self._session.get(
            address,
            headers=headers,
            timeout=(manners.connect_seconds, manners.read_seconds),
            stream=True,
            allow_redirects=False,
        )
        with closing(response):
            location = response.headers.get("Location", "")
            if response.status_code in _REDIRECTS and location:
                return urljoin(address, location)
            return _answer(response, manners.most_bytes, conditional=bool(headers))

    def _pause(self, host: str) -> None:
        now = time.monotonic()
        wait = self._next.get(host, now) - now
        if wait > 0:
            time.sleep(wait)
        self._next[host] = time.monotonic() + self._manners.pause_seconds


def _conditions(known: Answer | None) -> dict[str, str]:
    if known is None:
        return {}
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in conditions.items() if value}


# --- the session


def _session(user_agent: str, guard: _Guard, *, direct: bool) -> requests.Session:
    """Return a session without credentials and cookies; proxies of the environment are used unless `direct`."""
    session = requests.Session()
    session.trust_env = not direct
    session.auth = _without_credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(guard))
    return session


def _without_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """With a function here, `requests` does not look for passwords in `.netrc`."""
    return request


class _Adapter(HTTPAdapter):
    """Makes connections that the guard sees."""

    def __init__(self, guard: _Guard) -> None:
        self._pools = _pools(guard)
        super().__init__(max_retries=0, pool_connections=4, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        super().init_poolmanager(*args, **settings)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _pools(guard: _Guard) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            guard.admit(self)

    class Encrypted(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            guard.admit(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


class _Guard:
    """Sees each direct connection when it is made, and ends all of them when time is over.

    A limit on silence alone lets a server send a byte now and then for ever.

    Attributes:
        is_over: whether the time is over.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def admit(self, connection: HTTPConnection) -> None:
        """Take a connection, unless a public name leads to an address that is not public."""
        made = connection.sock
        if made is None:
            return
        peer = str(made.getpeername()[0])
        if not (is_public(peer) or (is_loopback(connection.host) and is_loopback(peer))):
            connection.close()
            raise Failed(Why.REFUSED, f"has the address {peer}, which is not public")
        with self._lock:
            self._sockets.add(made)
        if self.is_over:
            connection.close()
            raise TimeoutError

    @contextmanager
    def ending_at(self, until: float) -> Iterator[None]:
        """End all connections at a moment (`time.monotonic`), if the work is not done by then."""
        self.is_over = False
        timer = threading.Timer(max(0.0, until - time.monotonic()), self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        with self._lock:
            alive = list(self._sockets)
        for one in alive:
            with suppress(OSError, ValueError):
                one.shutdown(socket.SHUT_RDWR)


# --- what came back


def _answer(response: requests.Response, most_bytes: int, *, conditional: bool) -> Answer:
    _check_status(response, conditional=conditional)
    headers = response.headers
    return Answer(
        body=b"" if response.status_code == 304 else _body(response, most_bytes),
        content_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        etag=headers.get("ETag", ""),
        last_modified=headers.get("Last-Modified", ""),
        not_modified=response.status_code == 304,
    )


def _check_status(response: requests.Response, *, conditional: bool) -> None:
    status = response.status_code
    said = f"{status} {_reason(status)}".strip()
    if status == 200 or (status == 304 and conditional):
        return
    if status in _ABSENT:
        raise Failed(Why.NOT_FOUND, f"does not have it ({said})")
    if status in _LATER or status >= 500:
        raise Failed(Why.BUSY, f"answered {said}", seconds_of(response.headers.get("Retry-After", "")))
    if status in {401, 403}:
        raise Failed(Why.REFUSED, f"does not give it to the public ({said})")
    raise Failed(Why.REFUSED if status >= 400 else Why.WRONG, f"answered {said}")


def _reason(status: int) -> str:
    return http.client.responses.get(status, "")


def seconds_of(retry_after: str) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None when it can't be read.

    >>> seconds_of("120"), seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), seconds_of("soon")
    (120.0, 0.0, None)
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else MAX_WAIT_SECONDS
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _body(response: requests.Response, most_bytes: int) -> bytes:
    """Read and inflate within bounds; the announced length is a claim, and is only ever used against the server."""
    length = response.headers.get("Content-Length", "")
    announced = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
    if announced is not None and announced > most_bytes:
        raise _too_large(most_bytes)
    body = _Body(response.headers.get("Content-Encoding", ""), most_bytes)
    for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
        body.take(chunk)
    if announced is None and not body.received and "Transfer-Encoding" not in response.headers:
        raise Failed(Why.BROKEN, "sent nothing")
    if announced is not None and body.received != announced:
        raise Failed(Why.BROKEN, f"sent {body.received} of {announced} bytes")
    return body.whole()


def _too_large(most_bytes: int) -> Failed:
    return Failed(Why.LARGE, f"sent a document of more than {most_bytes // MIB or most_bytes / MIB:g} MiB")


class _Body:
    """The bytes of an answer as they come, inflated where needed.

    Attributes:
        received: bytes as sent.
    """

    def __init__(self, encoding: str, most_bytes: int) -> None:
        kind = encoding.strip().lower()
        if kind not in {"", "identity", "gzip", "x-gzip"}:
            raise Failed(Why.WRONG, f"packed the answer in a way that was not asked for ({kind[:40]!r})")
        self.received = 0
        self._most = most_bytes
        self._parts = bytearray()
        self._inflating = zlib.decompressobj(_GZIP) if "gzip" in kind else None

    def take(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self._inflating is None:
            self._parts += chunk
        else:
            self._inflate(chunk)
        if max(self.received, len(self._parts)) > self._most:
            raise _too_large(self._most)

    def _inflate(self, chunk: bytes) -> None:
        """Inflate; a gzip file may be several, one after the other."""
        while chunk and self._inflating and len(self._parts) <= self._most:
            if self._inflating.eof:
                self._inflating = zlib.decompressobj(_GZIP)
            self._parts += self._inflating.decompress(chunk, self._most - len(self._parts) + 1)
            chunk = self._inflating.unused_data or self._inflating.unconsumed_tail

    def whole(self) -> bytes:
        if self._inflating is not None and not self._inflating.eof:
            raise Failed(Why.BROKEN, "sent a packed answer that ends too early")
        return bytes(self._parts)


# --- what went wrong


@contextmanager
def _in_words(guard: _Guard) -> Iterator[None]:
    try:
        yield
    except Failed as failed:
        raise (Failed(Why.BROKEN, _TOO_SLOW) if guard.is_over else failed) from failed.__cause__
    except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, zlib.error) as error:
        if guard.is_over:
            raise Failed(Why.BROKEN, _TOO_SLOW) from error
        raise _failure(error) from error


def _failure(error: BaseException) -> Failed:
    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes):
        return Failed(Why.REFUSED, "has a certificate that is not trusted")
    if any(isinstance(one, NewConnectionError | socket.gaierror) for one in causes):
        return Failed(Why.OFFLINE, "can't be reached (no connection)")
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return Failed(Why.OFFLINE, "can't be reached (no connection in time, or none through the proxy)")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Failed(Why.WRONG, "gave an address that can't be asked")
    if isinstance(error, requests.Timeout) or any(isinstance(one, TimeoutError) for one in causes):
        return Failed(Why.BROKEN, "stopped answering")
    if isinstance(error, zlib.error):
        return Failed(Why.BROKEN, "sent a packed answer that is damaged")
    return Failed(Why.BROKEN, f"broke the connection ({type(causes[-1]).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those in it: libraries wrap them as causes and as arguments."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
