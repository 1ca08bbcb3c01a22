"""Signed uploads and downloads of the embedded object store. A signed URL is all the right that its holder needs.

Objects were written by tasks and clients, so a browser never takes one for a page of the platform: decks are shown in a
sandbox, with an origin of their own, and all else is only saved.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.errors import InvalidInput, NotFound
from alula.server.api.ranges import NotSatisfiable, span_of
from alula.server.api.refusals import told
from alula.server.pieces import first_bytes

Grant = TypeVar("Grant")
PREFIX = "/objects/"
_DECK = "/deck.html"
_DECK_POLICY = "sandbox allow-scripts allow-popups allow-downloads; frame-ancestors 'self'"
"""Scripts of a deck run, those of its plots too. They can't ask the platform: their origin is none. Only the console
may show it in a frame."""


class SignedObjects(Protocol[Grant]):
    """The part of a blob store that answers the URLs that it signed."""

    def verify(self, method: str, path: str, query: Mapping[str, str], now: int) -> Grant:
        """The grant of a request. Raises `PermissionDenied`."""
        ...

    def uri_of(self, grant: Grant) -> str: ...

    async def write(self, grant: Grant, pieces: AsyncIterator[bytes], *, md5: bytes | None = None) -> int: ...

    async def size(self, uri: str) -> int | None: ...

    def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]: ...


def object_routes(objects: SignedObjects[Grant], clock: Callable[[], int]) -> list[Route]:
    """`PUT` and `GET` of `/objects/...`."""

    async def put(request: Request) -> Response:
        grant = objects.verify("PUT", _path(request), request.query_params, clock())
        pieces = _nothing() if _is_empty(request) else request.stream()
        await objects.write(grant, pieces, md5=_content_md5(request))
        return Response(status_code=200)  # Flyte clients take no other success

    async def get(request: Request) -> Response:
        grant = objects.verify(request.method, _path(request), request.query_params, clock())
        uri = objects.uri_of(grant)
        size = await objects.size(uri)
        if size is None:
            raise NotFound("ObjectNotFound", "there is no such object")
        headers = {"Content-Length": str(size), "Accept-Ranges": "bytes", **_presentation(uri)}
        if request.method == "HEAD":
            return Response(headers=headers)
        try:
            span = None if "if-range" in request.headers else span_of(request.headers.get("range", ""), size)
        except NotSatisfiable:
            refused = told(416, "RangeNotSatisfiable", f"the object has {size} bytes, and not those that are asked for")
            refused.headers["Content-Range"] = f"bytes */{size}"
            return refused
        if span is None:
            return StreamingResponse(first_bytes(size, objects.read(uri)), headers=headers)
        headers["Content-Length"] = str(span.end - span.start)
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
        pieces = first_bytes(span.end - span.start, objects.read(uri, offset=span.start))
        return StreamingResponse(pieces, status_code=206, headers=headers)

    return [_ObjectRoute(put, "PUT"), _ObjectRoute(get, "GET")]


class _ObjectRoute(Route):
    """Takes the name of any object. Tasks may use each character that a file's name may hold, and a path of Starlette's
    holds no line end."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]], method: str) -> None:
        super().__init__(f"{PREFIX}{{path:path}}", answer, methods=[method])
        self.path_regex = re.compile(rf"{re.escape(PREFIX)}(?P<path>.*)\Z", re.DOTALL)


def _path(request: Request) -> str:
    return f"{PREFIX}{request.path_params['path']}"


def _is_empty(request: Request) -> bool:
    """True if the body is announced as empty. Flyte's clients announce that of an empty file as chunked too, and then
    send no chunk, not even the last."""
    return request.headers.getlist("content-length") == ["0"]


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def _content_md5(request: Request) -> bytes | None:
    text = request.headers.get("content-md5")
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also of characters that are not ASCII
        raise InvalidInput("InvalidContentMd5", f"Content-MD5 `{text}` is not base64") from None


def _presentation(uri: str) -> dict[str, str]:
    """The headers that limit a browser's use of an object."""
    if uri.endswith(_DECK):
        return {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _DECK_POLICY}
    name = quote(uri.rpartition("/")[2], safe="", errors="replace")
    return {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
