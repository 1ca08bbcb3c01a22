"""Requests to Alula's own operations of a platform, those that no RPC of Flyte stands behind."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from alula.core.errors import Unavailable
from alula.sdk.client import http
from alula.sdk.client.connection import Connection


# `Any`: whatever the answer is in JSON.
def ask(connection: Connection, *path: str, **given: str) -> Any:
    """The answer to a request that changes nothing; parameters that are empty are left out."""
    return json.loads(http.get(own_url(connection, *path, **given)))


def tell(connection: Connection, *path: str, body: object = None) -> Any:
    """The answer to a request that changes something."""
    return json.loads(http.post(own_url(connection, *path), json.dumps(body or {}).encode()))


def own_url(connection: Connection, *path: str, **given: str) -> str:
    """The URL of an operation. Raises `Unavailable` if the platform answers no HTTP."""
    base = connection.http_endpoint()
    if not base:
        raise Unavailable("HttpNotOffered", f"this platform does not offer its {path[0]}", fix="ask its administrator")
    escaped = "/".join(quote(part, safe="") for part in path)
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{base}/api/v1/alula/{escaped}" + (f"?{query}" if query else "")
