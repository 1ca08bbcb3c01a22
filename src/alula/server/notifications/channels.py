"""Delivering a message: mail (in `mail.py`), signed webhooks, CloudEvents, and what apprise knows. Each call blocks its
thread."""

from __future__ import annotations

import json
import os
import smtplib
import urllib.request
from collections.abc import Mapping

from alula.core.errors import FailedPrecondition
from alula.core.policy.signing import ID, SIGNATURE, TIMESTAMP, signature
from alula.server.notifications.cloud_events import cloud_event
from alula.server.notifications.mail import TIMEOUT_S, Refused, send_mail
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.notifications.writing import Message
from alula.server.secret import resolved


class Undelivered(Exception):
    """A receiver did not take a message. Another try may do better."""


def deliver(options: NotificationOptions, channel: Channel, message: Message, *, now_s: int) -> None:
    """Hand a message to its receivers. Raises `Undelivered`."""
    try:
        match channel.kind:
            case "email":
                send_mail(options, message.to or channel.to, message)
            case "webhook":
                _post(channel, message.id, {**message.facts, "subject": message.subject, "text": message.text}, now_s)
            case "cloudevents":
                _post(channel, message.id, cloud_event(message), now_s, "application/cloudevents+json")
            case "apprise":
                _apprise(channel, message)
    except Refused as error:
        raise Undelivered(str(error)[:500]) from error
    except LookupError as error:
        raise Undelivered(f"a secret of channel `{channel.name}` can't be had: {error}"[:500]) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}"[:500]) from error


def _post(channel: Channel, id: str, content: object, now_s: int, media: str = "application/json") -> None:
    body = json.dumps(content).encode()
    headers = {"Content-Type": media, ID: id, TIMESTAMP: str(now_s)}
    if channel.key:
        headers[SIGNATURE] = signature(resolved(channel.key, os.environ), now_s, body)
    url = resolved(channel.url, os.environ)
    if not url.startswith(("http://", "https://")):
        raise Undelivered("the URL is neither http nor https")
    request = urllib.request.Request(url, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        answer.read(1)


def _apprise(channel: Channel, message: Message) -> None:
    try:
        import apprise  # lazy: an extra  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise Undelivered("apprise is not installed: pip install 'alula[apprise]'") from error
    sender = apprise.Apprise()  # pyright: ignore
    if not sender.add(resolved(channel.url, os.environ)):  # pyright: ignore
        raise Undelivered("apprise does not understand the URL")
    if not sender.notify(title=message.subject, body=message.text):  # pyright: ignore
        raise Undelivered("apprise could not deliver it")


def require_usable(options: NotificationOptions, environment: Mapping[str, str]) -> None:
    """Raises `FailedPrecondition` if a channel needs what is not there: code `AppriseNotInstalled`, or
    `ChannelSecretMissing`."""
    import importlib.util

    for channel in options.channels:
        for name, secret in (("url", channel.url), ("key", channel.key)):
            try:
                resolved(secret, environment)
            except LookupError as error:
                raise FailedPrecondition(
                    "ChannelSecretMissing",
                    f"the `{name}` of channel `{channel.name}` is {secret}, which can't be had: {error}",
                    fix="set the variable or write the file before the platform starts, or remove the channel",
                ) from error
    if any(each.kind == "apprise" for each in options.channels) and importlib.util.find_spec("apprise") is None:
        raise FailedPrecondition(
            "AppriseNotInstalled",
            "a channel is delivered by apprise, which is not installed",
            fix="pip install 'alula[apprise]'",
        )
