"""The settings of the object store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from alula.server.secret import Secret, resolved

SCHEMES = ("s3", "gs", "az")
WATCHED_TIMEOUT_S, WATCHED_RETRY_S = 15.0, 5.0
_ENCRYPTION = ("", "AES256", "aws:kms", "aws:kms:dsse")
_PREFIX = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9!_.*'()-]+)*/?")


class WatchedObjects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects elsewhere that triggers may wait for."""

    url: str
    """`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`."""
    projects: tuple[str, ...] = ()
    """The projects whose launch plans may wait for them; empty for all."""
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    """The place of the secret: `env:NAME` or `file:PATH`."""

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if self.secret_key and not self.secret_key.startswith(("env:", "file:")):
            return f"`secret_key` of `{self.url}` is a secret: say where it is, by env:NAME or file:PATH"
        if not self.url:
            return "one has no `url`"
        faults = (f"`{name}` of `{self.url}` {text}" for name, text in self._options(self.secret_key).problems())
        return next(faults, "")

    def connection(self, environment: Mapping[str, str]) -> ObjectOptions:
        """The way to them, with short waits: a look comes again. Raises `LookupError` if the secret can't be had."""
        return self._options(resolved(self.secret_key, environment))

    def _options(self, secret_key: str) -> ObjectOptions:
        return ObjectOptions(
            url=self.url,
            endpoint=self.endpoint,
            region=self.region,
            access_key=self.access_key,
            secret_key=secret_key,
            timeout_s=WATCHED_TIMEOUT_S,
            retry_s=WATCHED_RETRY_S,
        )


class ObjectOptions(msgspec.Struct, frozen=True):
    """The settings of the object store."""

    url: str = ""
    """`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`; empty for a folder of the data folder."""
    endpoint: str = ""
    """The address of a store that is not that of its cloud, as `http://localhost:9000`."""
    region: str = ""
    """The region of an S3 bucket."""
    access_key: Secret = ""
    """The access key id of S3, or the account name of Azure."""
    secret_key: Secret = ""
    """The secret access key of S3, the account key of Azure, or the JSON of a service account of Google."""
    session_token: Secret = ""
    """The session token that belongs to temporary keys of S3."""
    encryption: str = ""
    """Server-side encryption of S3: `AES256`, `aws:kms` or `aws:kms:dsse`; empty for that of the bucket."""
    kms_key: str = ""
    """The KMS key of that encryption."""
    hand_on: bool = True
    """Give tasks the credentials by which the platform reaches the store."""
    timeout_s: float = 60.0
    """The time without a byte after which a request has failed."""
    retry_s: float = 30.0
    """The time for which a failing request is made again, with growing pauses."""
    watched: tuple[WatchedObjects, ...] = ()
    """Objects elsewhere that triggers may wait for."""

    @property
    def scheme(self) -> str:
        """`s3`, `gs` or `az`; empty for a folder."""
        return urlsplit(self.url).scheme

    @property
    def bucket(self) -> str:
        return urlsplit(self.url).netloc

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.encryption not in _ENCRYPTION:
            yield "encryption", f"must be one of {', '.join(_ENCRYPTION[1:])}, not `{self.encryption}`"
        for name in ("timeout_s", "retry_s"):
            if not getattr(self, name) > 0:
                yield name, "must be more than 0"
        for each in self.watched:
            if problem := each.problem():
                yield "watched", problem
        if not self.url:
            return
        parts = urlsplit(self.url)
        if parts.scheme not in SCHEMES or not parts.netloc or not _PREFIX.fullmatch(parts.path):
            yield "url", f"wants s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX, not `{self.url}`"
        if self.endpoint and urlsplit(self.endpoint).scheme not in ("http", "https"):
            yield "endpoint", f"wants http://HOST or https://HOST, not `{self.endpoint}`"
        if self.scheme != "gs" and bool(self.access_key) != bool(self.secret_key):
            yield "secret_key", "and `access_key` are given together, or both are left to the environment"
