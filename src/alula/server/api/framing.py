"""The end of a request: one that leaves it open is refused.

A server in front may go by the other of two lengths than this one, and take the rest for somebody else's next request.
The HTTP library refuses malformed requests; this module refuses those that it settles by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from alula.core.errors import InvalidInput

HEADERS_MAX = 500
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Names, lower-case, and values, in the order in which they came."""


def values_of(headers: Headers, name: bytes) -> list[str]:
    """Each value of the headers of this name."""
    return [value.decode("latin-1") for key, value in headers if key == name]


def texts_of(headers: Headers) -> dict[str, str]:
    """The headers by their names; of several with one name the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def has_body(headers: Headers) -> bool:
    """True if something comes behind the headers of this request."""
    return any(
        (name == b"content-length" and value.strip(b"0") != b"") or name == b"transfer-encoding"
        for name, value in headers
    )


def check_framing(headers: Headers, http_version: str, *, is_upload: bool) -> None:
    """Raises `InvalidInput` code `AmbiguousLength` or `TooManyHeaders`.

    Flyte's clients say of an empty file that it has no bytes, and that it is chunked, too. Nothing is read of such an
    upload, and its connection is closed.
    """
    if len(headers) > HEADERS_MAX:
        raise InvalidInput(
            "TooManyHeaders", f"the request has {len(headers)} headers", fix=f"send at most {HEADERS_MAX}"
        )
    if not values_of(headers, b"transfer-encoding"):
        return
    lengths = values_of(headers, b"content-length")
    if (lengths and not (is_upload and lengths == ["0"])) or http_version < "1.1":
        raise InvalidInput(
            "AmbiguousLength",
            "the length of the request's body can be read in two ways",
            fix="send Content-Length, or Transfer-Encoding by HTTP/1.1",
        )
