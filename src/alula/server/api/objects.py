"""Signed uploads and downloads of the embedded object store. Who holds a signed URL needs no other right."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alula.core.errors import InvalidInput, NotFound

Grant = TypeVar("Grant")


class SignedObjects(Protocol[Grant]):
    """The part of a blob store that answers the URLs that it signed."""

    def verify(self, method: str, path: str, query: Mapping[str, str], now: int) -> Grant:
        """What a request may do. Raises `PermissionDenied`."""
        ...

    def uri_of(self, grant: Grant) -> str: ...

    async def write(self, grant: Grant, pieces: AsyncIterator[bytes], *, md5: bytes | None = None) -> int: ...

    async def size(self, uri: str) -> int | None: ...

    def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]: ...


def object_routes(objects: SignedObjects[Grant], clock: Callable[[], int]) -> list[Route]:
    """`PUT` and `GET` of `/objects/...`."""

    async def put(request: Request) -> Response:
        grant = objects.verify("PUT", _path(request), request.query_params, clock())
        try:
            await objects.write(grant, request.stream(), md5=_content_md5(request))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it; nothing was kept
        return Response(status_code=200)  # Flyte clients take no other success

    async def get(request: Request) -> Response:
        grant = objects.verify(request.method, _path(request), request.query_params, clock())
        uri = objects.uri_of(grant)
        size = await objects.size(uri)
        if size is None:
            raise NotFound("ObjectNotFound", "there is no such object")
        headers = {"Content-Length": str(size), "X-Content-Type-Options": "nosniff"}
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(_exactly(size, objects.read(uri)), headers=headers, media_type=_media_type(uri))

    return [
        Route("/objects/{path:path}", put, methods=["PUT"]),
        Route("/objects/{path:path}", get, methods=["GET"]),
    ]


def _path(request: Request) -> str:
    return f"/objects/{request.path_params['path']}"


def _content_md5(request: Request) -> bytes | None:
    text = request.headers.get("content-md5")
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise InvalidInput("InvalidContentMd5", f"Content-MD5 `{text}` is not base64") from None


async def _exactly(size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """At most what was announced: a log may grow while it is read."""
    left = size
    async for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _media_type(uri: str) -> str:
    """Decks are shown by a browser; all else is only saved."""
    return "text/html; charset=utf-8" if uri.endswith(".html") else "application/octet-stream"
