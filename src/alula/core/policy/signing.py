"""Signed messages over HTTP: the headers and the signature by which receivers know their sender. Pure.

Both ways alike: webhooks that the platform sends, and those that start runs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

ID, TIMESTAMP, SIGNATURE = "Alula-Id", "Alula-Timestamp", "Alula-Signature"
"""Headers: what tells a message from others, also when it is sent again; seconds since the epoch; the signature."""


def signature(key: str, timestamp: int, body: bytes) -> str:
    """What a receiver compares with `Alula-Signature`: HMAC-SHA256 over the time, a point and the body."""
    digest = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def is_signed(said: str, keys: Iterable[str], timestamp: int, body: bytes) -> bool:
    """True if a signature was made with one of some keys. Each is tried, in a time that tells nothing."""
    matches = [hmac.compare_digest(signature(key, timestamp, body).encode(), said.encode()) for key in keys]
    return any(matches)
