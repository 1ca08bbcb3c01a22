"""The engine's events for an update of the executor."""

from __future__ import annotations

from alula.core.engine import events as facts
from alula.core.engine.events import Event
from alula.server.executor import AttemptUpdate


def event_of(update: AttemptUpdate, place: tuple[int, int]) -> Event | None:
    """The engine's event for the end of an attempt, or None if the update tells of none."""
    scope, node = place
    attempt, usage = update.id.attempt, update.usage
    match update.phase:
        case "SUCCEEDED":
            outputs = update.outputs or b""
            return facts.AttemptSucceeded(update.at, scope, node, attempt, outputs, update.deck_uri, update.at, usage)
        case "FAILED":
            assert update.error is not None, "a failed attempt says why"
            return facts.AttemptFailed(update.at, scope, node, attempt, update.error, update.deck_uri, update.at, usage)
        case _:
            return None


def progress_of(update: AttemptUpdate, place: tuple[int, int]) -> facts.AttemptProgressed | None:
    """The engine's event for the news of an update beside an end, or None if there is none."""
    scope, node = place
    phase = "" if update.phase in ("SUCCEEDED", "FAILED", "TAKEN") else update.phase
    is_end = phase != update.phase
    says_little = is_end or (phase in ("", "QUEUED") and not update.reason and not update.handle)
    if says_little and update.logs is None and update.info is None:
        return None
    return facts.AttemptProgressed(
        update.at,
        scope,
        node,
        update.id.attempt,
        phase,
        update.where or update.reason,
        update.executor,
        update.handle,
        update.logs,
        update.info,
        update.at if phase else 0,
    )
