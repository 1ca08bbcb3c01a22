"""The settings of triggers."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class WebhookSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys with which messages that start runs may be signed. Two are good at once while one takes the place of the
    other."""

    name: str
    """The name by which triggers refer to it."""
    keys: tuple[str, ...]
    """The places of the keys: `env:NAME` or `file:PATH`. Files are read anew for each message."""

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if not self.name:
            return "one has no name"
        if not self.keys:
            return f"`{self.name}` has no keys"
        if not all(key.startswith(("env:", "file:")) for key in self.keys):
            return f"a key of `{self.name}` stands there itself: say where it is, by env:NAME or file:PATH"
        return ""


class TriggerOptions(msgspec.Struct, frozen=True):
    """Settings for what starts runs beside people and the clock."""

    chain_max: int = 10
    """Most runs that may have started each other, one after the other."""
    tolerance_s: int = 300
    """The time by which a message that is to start a run may be older or newer than the clock says."""
    body_max_bytes: int = 1_048_576
    """The limit of the body of such a message."""
    objects_every_s: float = 5.0
    """The time between two looks at the objects that launch plans wait for."""
    objects_remember_days: float = 90.0
    """The time for which it is remembered of each object that it was dealt with. One that was last changed before that
    starts nothing, be it new or not."""
    secrets: tuple[WebhookSecret, ...] = ()

    def keys_of(self, secret: str) -> tuple[str, ...]:
        """The places of the keys of a secret; none if there is no such secret."""
        return next((each.keys for each in self.secrets if each.name == secret), ())

    def problems(self) -> Iterator[tuple[str, str]]:
        for name in ("chain_max", "tolerance_s", "body_max_bytes"):
            if getattr(self, name) < 1:
                yield name, f"must be at least 1, not {getattr(self, name)}"
        if not self.objects_every_s > 0:
            yield "objects_every_s", "must be more than 0"
        if not self.objects_remember_days >= 1:
            yield "objects_remember_days", f"must be at least 1, not {self.objects_remember_days:g}"
        for secret in self.secrets:
            if problem := secret.problem():
                yield "secrets", problem
        if len({secret.name for secret in self.secrets}) < len(self.secrets):
            yield "secrets", "has two of one name"
