"""Requests to signed URLs and to the platform's HTTP side, with deadlines and Alula's errors.

The standard library's client is enough for it and costs no import at start.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from alula.core.errors import AlulaError, FailedPrecondition, Unavailable
from alula.core.statuses import BY_HTTP

if TYPE_CHECKING:
    from _typeshed import SupportsRead

TRANSFER_TIMEOUT_S = 60.0
PIECE_BYTES = 64 * 1024
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class _Told(msgspec.Struct):
    """An error of the platform as JSON."""

    code: str
    message: str
    fix: str = ""


def put(url: str, data: bytes, headers: Mapping[str, str]) -> None:
    """Upload to a signed URL. Raises an Alula error unless the answer is 200 or 201."""
    # Else urllib says that it is a form.
    typed = {"Content-Type": "application/octet-stream", **headers}
    request = urllib.request.Request(url, data=data, headers=typed, method="PUT")
    with _open(request, TRANSFER_TIMEOUT_S) as response:
        response.read()


def get(url: str, *, timeout_s: float = TRANSFER_TIMEOUT_S) -> bytes:
    """The body behind a URL."""
    with _open(urllib.request.Request(url), timeout_s) as response:
        return response.read()


def post(url: str, body: bytes) -> bytes:
    """Send JSON and give the body of the answer. Raises an Alula error unless it is one of success."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    with _open(request, TRANSFER_TIMEOUT_S) as response:
        return response.read()


def post_file(url: str, file: SupportsRead[bytes], size: int, *, timeout_s: float) -> bytes:
    """Send a file of so many bytes, which is read as it is sent, and give the body of the answer."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    request = urllib.request.Request(url, data=file, headers=headers, method="POST")
    with _open(request, timeout_s) as response:
        return response.read()


def delete(url: str) -> bytes:
    """Ask for the removal of something and give the body of the answer."""
    # The platform refuses what a foreign web page could send as well: all but reading says what its content is.
    request = urllib.request.Request(url, headers={"Content-Type": "application/json"}, method="DELETE")
    with _open(request, TRANSFER_TIMEOUT_S) as response:
        return response.read()


def stream_lines(url: str, *, timeout_s: float) -> Iterator[bytes]:
    """Lines of a streamed answer as they come. `timeout_s` is the longest silence; then `Unavailable`."""
    with _open(urllib.request.Request(url), timeout_s) as response:
        while line := _guarded(response.readline, url):
            yield line


def stream_pieces(url: str, *, timeout_s: float) -> Iterator[bytes]:
    """Pieces of a streamed answer as they come, none held back. `timeout_s` is the longest silence."""
    with _open(urllib.request.Request(url), timeout_s) as response:
        while piece := _guarded(lambda: response.read1(PIECE_BYTES), url):
            yield piece


def _open(request: urllib.request.Request, timeout_s: float) -> http.client.HTTPResponse:
    handlers: list[urllib.request.BaseHandler] = []
    if urlsplit(request.full_url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))  # a proxy can't reach this machine
    opener = urllib.request.build_opener(*handlers)
    try:
        return opener.open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(request.full_url, error.code, error.read(2000)) from error
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        raise _unreachable(request.full_url, error) from error


def _guarded(read: Callable[[], bytes], url: str) -> bytes:
    try:
        return read()
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error


def _refused(url: str, status: int, body: bytes) -> AlulaError:
    """The error that the platform told as JSON, or one made of the status."""
    kind = BY_HTTP.get(status, Unavailable if status >= 500 else FailedPrecondition)
    try:
        told = msgspec.json.decode(body, type=_Told)
        return kind(told.code, told.message, fix=told.fix)
    except (msgspec.DecodeError, UnicodeDecodeError):
        reason = http.client.responses.get(status, "")
    detail = body.decode(errors="replace").strip() or reason
    return kind(f"Http{status}", f"{_shown(url)} answered {status}: {detail}")


def _unreachable(url: str, error: Exception) -> Unavailable:
    reason = getattr(error, "reason", None) or error
    return Unavailable(
        "PlatformUnreachable", f"{_shown(url)} can't be reached: {reason}", fix="start it with `alula up`"
    )


def _shown(url: str) -> str:
    """The URL without its signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
