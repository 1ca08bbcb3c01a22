"""The end of a request: one that leaves it open is refused.

A server in front may go by the other of two lengths than this one, and take the rest for somebody else's next request.
The HTTP library refuses malformed requests; this module refuses those that it settles by itself.
"""

from __future__ import annotations

from starlette.datastructures import Headers

from alula.core.errors import InvalidInput

HEADERS_MAX = 500


def check_framing(headers: Headers, http_version: str, *, is_upload: bool) -> None:
    """Raises `InvalidInput` code `AmbiguousLength` or `TooManyHeaders`.

    Flyte's clients say of an empty file that it has no bytes, and that it is chunked, too. Nothing is read of such an
    upload, and its connection is closed.
    """
    if len(headers) > HEADERS_MAX:
        raise InvalidInput(
            "TooManyHeaders", f"the request has {len(headers)} headers", fix=f"send at most {HEADERS_MAX}"
        )
    if "transfer-encoding" not in headers:
        return
    lengths = headers.getlist("content-length")
    if (lengths and not (is_upload and lengths == ["0"])) or http_version < "1.1":
        raise InvalidInput(
            "AmbiguousLength",
            "the length of the request's body can be read in two ways",
            fix="send Content-Length, or Transfer-Encoding by HTTP/1.1",
        )
