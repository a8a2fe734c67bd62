"""XML as text: escaped, without the characters that XML 1.0 cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROLOG: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*")


def cleaned(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold (section 2.2)."""
    return _NOT_IN_XML.sub("", text)


def element(name: str, content: str = "", /, **attributes: str) -> str:
    """Return an element with a text; an attribute that is a Python word is written with `_` after it.

    >>> element("error", "a < b", code="badVerb")
    '<error code="badVerb">a &lt; b</error>'
    """
    return around(name, [escape(cleaned(content), {"\r": "&#13;"})], **attributes)


def around(name: str, parts: Iterable[str], /, **attributes: str) -> str:
    """Return an element around what is XML already."""
    said = "".join(
        f" {key.rstrip('_').replace('__', ':')}={quoteattr(cleaned(value))}"
        for key, value in attributes.items()
    )
    inner = "".join(parts)
    return f"<{name}{said}>{inner}</{name}>" if inner else f"<{name}{said}/>"


def embedded(document: bytes) -> str:
    """Return an XML document as a part of another one: without its declaration."""
    return _PROLOG.sub(b"", document, count=1).decode("utf-8").rstrip()
