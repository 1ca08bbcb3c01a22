"""Signed URLs of Azure by an account's key, as Azure describes them. Pure.

The library signs the escaped form of a name, and Azure the name itself: names with spaces would be refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, urlencode

from alula.server.blobs.options import ObjectOptions

VERSION = "2021-08-06"
Permission = Literal["r", "c", "cw"]
"""Reading; creating what is not there; writing."""


def signed_url(options: ObjectOptions, key: str, permission: Permission, expires_at: int) -> str:
    """The URL of one blob. `expires_at` in microseconds since the epoch."""
    expiry = datetime.fromtimestamp(expires_at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    resource = f"/blob/{options.access_key}/{options.bucket}/{key}"
    # Permission, start, expiry, resource, identifier, addresses, protocol, version, kind, and seven of no concern.
    signed = "\n".join((permission, "", expiry, resource, "", "", "", VERSION, "b", "", "", "", "", "", "", ""))
    digest = hmac.new(base64.b64decode(options.secret_key), signed.encode(), hashlib.sha256).digest()
    query = {"sp": permission, "se": expiry, "sv": VERSION, "sr": "b", "sig": base64.b64encode(digest).decode()}
    endpoint = options.endpoint.rstrip("/") or f"https://{options.access_key}.blob.core.windows.net"
    return f"{endpoint}/{options.bucket}/{quote(key)}?{urlencode(query)}"
