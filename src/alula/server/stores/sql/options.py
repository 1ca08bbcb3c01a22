"""The settings of the store."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from alula.server.secret import Secret


class StoreOptions(msgspec.Struct, frozen=True):
    """The database of the store, as an operator sets it."""

    url: Secret = ""
    """A PostgreSQL URL; empty for SQLite in the data folder."""
    password: Secret = ""
    """The password of the database's user, if it is not in the URL."""
    pooled: bool = False
    """The URL leads to a pooler that gives a connection for a transaction only, such as PgBouncer."""
    direct_url: Secret = ""
    """The URL of the same database without that pooler, for notes between processes; empty for none: then each process
    looks for itself."""

    @property
    def database(self) -> str:
        """The URL with the password."""
        return self._with_password(self.url)

    @property
    def direct(self) -> str:
        """The direct URL with the password."""
        return self._with_password(self.direct_url)

    def _with_password(self, url: str) -> str:
        if not self.password or not url:
            return url
        parts = urlsplit(url)
        user, _, place = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.password, safe='')}@{place}"))

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.pooled and not self.url:
            yield "pooled", "is of a PostgreSQL database: set `store.url`"
        if self.direct_url and not self.pooled:
            yield "direct_url", "is for a `store.url` that leads to a pooler: set `store.pooled`, or leave it out"
        if not self.password:
            return
        for url in filter(None, (self.url, self.direct_url)):
            user, _, _ = urlsplit(url).netloc.rpartition("@")
            if not user or ":" in user:
                yield "password", "wants a URL with a user and without a password, as postgresql://USER@HOST/DATABASE"
