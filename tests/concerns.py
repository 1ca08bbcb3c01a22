"""The concerns of a store, for what stands between a store and its callers in a test."""

from __future__ import annotations

from alula.server.store import Store

CONCERNS = frozenset(name for name, value in vars(Store).items() if isinstance(value, property))
"""`executions`, `log` ..."""
