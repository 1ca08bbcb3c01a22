"""Signed URLs: the holder of one may do one thing with one object until it expires. Pure.

The signature covers method, path, expiry and the MD5 of the content, each with its length, so that no two different
grants have the same text.
"""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from typing import NamedTuple

from alula.core.errors import PermissionDenied

OBJECTS_PATH = "/objects/"


class Grant(NamedTuple):
    """The right that a signed URL gives."""

    method: str
    """`GET` (also for HEAD) or `PUT`."""
    name: str
    """Path of the object in the store, without a leading slash."""
    expires_at: int
    """Microseconds since the epoch."""
    md5: bytes | None = None
    """With PUT: the only content that is taken."""


def sign(grant: Grant, key: bytes) -> str:
    """Path and query of the URL that carries the grant."""
    query = {"expires": str(grant.expires_at)}
    if grant.md5 is not None:
        query["md5"] = grant.md5.hex()
    query["signature"] = signature(grant, key)
    return OBJECTS_PATH + urllib.parse.quote(grant.name) + "?" + urllib.parse.urlencode(query)


def verify(method: str, path: str, query: Mapping[str, str], *, key: bytes, now: int) -> Grant:
    """The grant that a request carries; `path` is decoded, `now` in microseconds.

    Raises `PermissionDenied` with code `BadSignature` or `UrlExpired`.
    """
    refusal = PermissionDenied("BadSignature", "the URL is not one that this platform signed", fix="ask for a new one")
    if not path.startswith(OBJECTS_PATH):
        raise refusal
    try:
        md5 = bytes.fromhex(query["md5"]) if "md5" in query else None
        expires_at = int(query["expires"])
    except (KeyError, ValueError) as error:
        raise refusal from error
    grant = Grant("GET" if method == "HEAD" else method, path.removeprefix(OBJECTS_PATH), expires_at, md5)
    given = query.get("signature", "").encode(errors="replace")
    if not hmac.compare_digest(signature(grant, key).encode(), given):
        raise refusal
    if now >= expires_at:
        raise PermissionDenied("UrlExpired", "the URL has expired", fix="ask for a new one")
    return grant


def signature(grant: Grant, key: bytes) -> str:
    parts = (grant.method, grant.name, str(grant.expires_at), "" if grant.md5 is None else grant.md5.hex())
    encoded = [part.encode(errors="surrogatepass") for part in parts]
    text = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return hmac.new(key, text, hashlib.sha256).hexdigest()
