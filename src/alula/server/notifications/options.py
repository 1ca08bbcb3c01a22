"""The settings of notifications: channels, rules, and the way of mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from alula.core.policy.notifying import Rule
from alula.server.secret import Secret


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to some receivers. `url` and `key` name a secret by `env:NAME` or `file:PATH`."""

    name: str
    kind: Literal["email", "webhook", "cloudevents", "apprise"]
    to: tuple[str, ...] = ()
    """The addresses of mail."""
    url: str = ""
    """Of a webhook, or as apprise has it."""
    key: str = ""
    """Signs what goes to a webhook."""

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if self.kind == "email":
            return "" if self.to else f"channel `{self.name}` has no addresses in `to`"
        if not self.url:
            return f"channel `{self.name}` has no `url`"
        for name, secret in (("url", self.url), ("key", self.key)):
            is_open = name == "url" and self.kind != "apprise"
            if secret and not is_open and not secret.startswith(("env:", "file:")):
                return f"`{name}` of channel `{self.name}` is a secret: say where it is, by env:NAME or file:PATH"
        return ""


class NotificationOptions(msgspec.Struct, frozen=True):
    """Settings of what is told to whom."""

    smtp_host: str = ""
    """The server that takes mail; without one no mail is sent."""
    smtp_port: int = 587
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: Secret = ""
    sender: str = "alula@localhost"
    channels: tuple[Channel, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def is_used(self) -> bool:
        """True if there may be anything to tell."""
        return bool(self.rules or self.smtp_host)

    def problems(self) -> Iterator[tuple[str, str]]:
        names = [channel.name for channel in self.channels]
        for channel in self.channels:
            if problem := channel.problem():
                yield "channels", problem
            if channel.kind == "email" and not self.smtp_host:
                yield "smtp_host", f"is empty, and channel `{channel.name}` sends mail"
        for what, given in (("channels", names), ("rules", [rule.name for rule in self.rules])):
            if len(set(given)) < len(given):
                yield what, "has two of one name"
        for rule in self.rules:
            for name in rule.channels:
                if name not in names:
                    yield "rules", f"rule `{rule.name}` names channel `{name}`; there is {', '.join(names) or 'none'}"
