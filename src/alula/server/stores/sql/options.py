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

    @property
    def database(self) -> str:
        """The URL with the password."""
        if not self.password:
            return self.url
        parts = urlsplit(self.url)
        user, _, place = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.password, safe='')}@{place}"))

    def problems(self) -> Iterator[tuple[str, str]]:
        if not self.password:
            return
        user, _, _ = urlsplit(self.url).netloc.rpartition("@")
        if not user or ":" in user:
            yield "password", "wants a URL with a user and without a password, as postgresql://USER@HOST/DATABASE"
