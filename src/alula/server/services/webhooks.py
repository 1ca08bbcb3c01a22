"""Signed messages over HTTP that start runs.

A message is signed as those that the platform sends: an HMAC over its time and its body. The signature is the right to
start the launch plan, so whoever sends one without it learns nothing, not even whether there is such a plan. Each
message counts once: one with an id or a signature that was there before is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, InvalidInput, Unauthenticated, Unavailable
from alula.core.ids import ExecutionId
from alula.core.policy.signing import ID, SIGNATURE, TIMESTAMP, is_signed
from alula.core.policy.triggering import Message, WebhookTrigger, inputs_of_message, trigger_of
from alula.server.secret import resolved
from alula.server.services.firing import Cause, fire
from alula.server.services.platform import Platform
from alula.server.store.trigger_records import FiringRecord, FiringState, TriggerRecord

ID_MAX_CHARS = 200
_TIME = re.compile(r"[0-9]{1,12}")

logger = logging.getLogger(__name__)


class Envelope(msgspec.Struct, frozen=True):
    """The headers of a message by which it is judged before its body is read."""

    id: str
    """Empty if its sender gives it none."""
    timestamp: int
    signature: str


def envelope_of(platform: Platform, headers: Mapping[str, str]) -> Envelope:
    """Read the headers of a message; their names are in lower case.

    Raises `InvalidInput` if one is missing or malformed, and `Unauthenticated` code `WebhookExpired` for a message of
    another time.
    """
    said, signature, id = (headers.get(name.lower(), "") for name in (TIMESTAMP, SIGNATURE, ID))
    if not said or not signature:
        missing = SIGNATURE if said else TIMESTAMP
        raise InvalidInput("WebhookUnsigned", f"the message has no header `{missing}`", fix="sign it")
    if not _TIME.fullmatch(said):
        raise InvalidInput("WebhookUnsigned", f"`{TIMESTAMP}` is not a whole number of seconds since the epoch")
    if len(id) > ID_MAX_CHARS or not id.isprintable():
        raise InvalidInput("WebhookUnsigned", f"`{ID}` has more than {ID_MAX_CHARS} characters, or ones without print")
    off_s = int(said) - platform.clock() // 1_000_000
    if abs(off_s) > platform.triggers.tolerance_s:
        raise Unauthenticated(
            "WebhookExpired",
            f"the message is of {abs(off_s)} s {'ahead' if off_s > 0 else 'ago'}, by `{TIMESTAMP}`",
            fix="sign it anew when it is sent again, and set the clock of its sender",
        )
    return Envelope(id, int(said), signature)


async def receive(platform: Platform, plan: tuple[str, str, str], envelope: Envelope, body: bytes) -> ExecutionId:
    """Start a run of a launch plan for a message.

    Raises `Unauthenticated` code `BadSignature` also if there is no such trigger, `AlreadyExists` for a message that
    was there before, `InvalidInput` for a body that does not fit, and what a launch raises.
    """
    record = await platform.store.triggers.of(*plan)
    keys = await _keys(platform, record)
    if not is_signed(envelope.signature, keys, envelope.timestamp, body) or record is None:
        raise Unauthenticated(
            "BadSignature",
            f"the message is not signed with the secret of an active trigger `{'/'.join(plan)}`",
            fix="sign the time, a point and the body with the secret that the trigger names",
        )
    seal = hashlib.sha256(envelope.signature.encode()).hexdigest()
    key = f"message {envelope.id}" if envelope.id else f"signature {seal}"
    told = f"message {envelope.id}" if envelope.id else "a message"

    async def inputs() -> literals_pb2.LiteralMap:
        return await _inputs(platform, record, envelope, body)

    known = await platform.store.triggers.firing(*record.plan[:3], key, seal=seal)
    firing = known or await fire(platform, record, Cause(key, told, seal=seal, is_sent_again=True), inputs)
    if firing.seal != seal:
        await _remember(platform, firing, seal)
    if known is not None or firing.seal != seal or firing.state is FiringState.REFUSED:
        raise _seen(firing)
    return ExecutionId(*plan[:2], firing.run)


async def _remember(platform: Platform, known: FiringRecord, seal: str) -> None:
    """Note that a message was sent again, so that this copy of it is known under another id as well."""
    again = msgspec.structs.replace(
        known,
        cause=f"signature {seal}",
        at=platform.clock(),
        state=FiringState.REFUSED,
        run="",
        detail="WebhookSeen: it was sent again",
        seal=seal,
    )
    await platform.store.triggers.fire(again)


async def _keys(platform: Platform, record: TriggerRecord | None) -> list[str]:
    """The keys with which a message may be signed; none if there is no such trigger. Raises `Unavailable` if there
    should be some, and none can be read."""
    if record is None or record.kind != "webhook":
        return []
    references = platform.triggers.keys_of(record.watched.removeprefix("webhook "))
    keys = list[str]()
    for reference in references:
        try:
            keys.append(await asyncio.to_thread(resolved, reference, os.environ))
        except LookupError as error:
            logger.warning("a key of the trigger of launch plan %s is missing: %s", record.plan, error)
    if not any(keys):
        raise Unavailable("WebhookSecretMissing", "the platform has no key for this now", fix="ask its operator")
    return [key for key in keys if key]


async def _inputs(
    platform: Platform, record: TriggerRecord, envelope: Envelope, body: bytes
) -> literals_pb2.LiteralMap:
    entity = await platform.store.entities.get("launch_plan", record.plan)
    assert entity is not None, "the launch plan of a trigger is registered"
    trigger = trigger_of(launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec))
    assert isinstance(trigger, WebhookTrigger), "it waits for messages"
    expected = launch_plan_pb2.LaunchPlanClosure.FromString(entity.closure).expected_inputs
    message = Message(envelope.id, _decoded(body) if trigger.reads_body else None)
    return await asyncio.to_thread(inputs_of_message, trigger, message, expected)


def _decoded(body: bytes) -> Any:  # `Any`: whatever JSON holds
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # `ValueError`: not UTF-8
        raise InvalidInput("InvalidBody", f"the body is not JSON: {error}", fix="send JSON") from error


def _seen(known: FiringRecord) -> AlreadyExists:
    became = f"it has started {known.run}" if known.state is FiringState.STARTED else f"it was refused: {known.detail}"
    return AlreadyExists("WebhookSeen", f"this message was here before, and {became}", fix="send another one")
