"""The results that an attempt left among the objects of the platform, and the outcome that follows from them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from alula.core.errors import AlulaError, InvalidInput, NotFound, TaskError
from alula.core.policy.outcome import Outcome, OutcomeCode
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.back_off import back_off_s
from alula.server.executors.command import renames_results
from alula.server.executors.progress import Ended
from alula.server.executors.raw.task import is_raw
from alula.server.executors.results import (
    DECK,
    ERROR,
    ERROR_MAX_BYTES,
    FUTURES,
    FUTURES_MAX_BYTES,
    OUTPUTS,
    Results,
    interpreted,
)
from alula.server.log_subject import about
from alula.server.trouble import passes

STORE_RETRY_MAX_S = 30.0
_log = logging.getLogger(__name__)


class Unreadable(Exception):
    """A result is larger than it may be, or something else stands in its place."""


async def end_of(blobs: Blobs, spec: AttemptSpec, ended: Ended, *, limit_bytes: int) -> AttemptUpdate:
    """The update of an attempt that has ended, by its results among the objects. Raises as `patiently_read`."""
    return await patiently_read(spec, ended, partial(outcome_of, blobs, spec, ended, limit_bytes=limit_bytes), blobs)


async def patiently_read(
    spec: AttemptSpec, ended: Ended, read: Callable[[], Awaitable[Outcome]], decks: Blobs | None = None
) -> AttemptUpdate:
    """The update of an attempt that has ended, with the outcome that is read, and a deck if it has one. A store that is
    away is waited for; its other errors are raised."""
    failures = 0
    while True:
        try:
            outcome = await read()
            deck = await deck_of(decks, spec) if decks is not None and ended.runs is not None else ""
            return update_of(spec, outcome, at=ended.at, deck_uri=deck)
        except AlulaError as error:
            if not passes(error):
                raise
            failures += 1
            _log.warning("the results of %s can't be read now: %s", spec.id, error, extra=about(spec.id))
            await asyncio.sleep(back_off_s(failures, STORE_RETRY_MAX_S))


def update_of(spec: AttemptSpec, outcome: Outcome, *, at: int, deck_uri: str = "") -> AttemptUpdate:
    """The update that tells an outcome."""
    if isinstance(outcome, TaskError):
        return AttemptUpdate(spec.id, at, "FAILED", error=outcome, deck_uri=deck_uri)
    return AttemptUpdate(
        spec.id,
        at,
        "SUCCEEDED",
        outputs=outcome.outputs if outcome.futures is None else None,
        asides=outcome.asides,
        futures=outcome.futures,
        deck_uri=deck_uri,
    )


async def outcome_of(blobs: Blobs, spec: AttemptSpec, ended: Ended, *, limit_bytes: int) -> Outcome:
    """The outcome of an attempt that has ended. Raises the errors of the store.

    Whatever took its object away, an attempt whose results are whole has done its work.
    """
    are_whole = renames_results(spec) or is_raw(spec.task)
    if ended.error is not None and (ended.runs is None or not are_whole):
        return ended.error
    try:
        document, outputs, futures = await asyncio.gather(
            _read(blobs, spec, ERROR, ERROR_MAX_BYTES),
            _read(blobs, spec, OUTPUTS, limit_bytes),
            _read(blobs, spec, FUTURES, min(FUTURES_MAX_BYTES, limit_bytes)),
        )
    except Unreadable as unreadable:
        message = f"the task's results can't be read: {unreadable}"
        return ended.error or TaskError(OutcomeCode.OUTPUTS_NOT_READABLE, message, recoverable=True)
    if ended.error is not None and document is outputs is futures is None:
        return ended.error
    size = sum(len(each) for each in (document, outputs, futures) if each is not None)
    return await done_beside(size, _interpreted, spec, ended, document, outputs, futures)


def _interpreted(
    spec: AttemptSpec, ended: Ended, document: bytes | None, outputs: bytes | None, futures: bytes | None
) -> Outcome:
    # Of more memory than it may have the task noticed only that one of its processes was gone, or got over it.
    out_of_memory = ended.out_of_memory and (ended.exit_code != 0 or document is not None)
    results = Results(None if out_of_memory else document, outputs, futures)
    return interpreted(
        spec,
        results,
        exit_code=ended.exit_code if ended.error is None else 0,
        out_of_memory=out_of_memory,
        last_log_line=ended.last_line,
    )


async def deck_of(blobs: Blobs, spec: AttemptSpec) -> str:
    """The URI of the page that the attempt shows; empty if there is none, or something else in its place."""
    uri = f"{spec.output_prefix}/{DECK}"
    try:
        return uri if await blobs.size(uri) is not None else ""
    except InvalidInput:
        return ""


async def _read(blobs: Blobs, spec: AttemptSpec, name: str, limit_bytes: int) -> bytes | None:
    """A result; None if there is none."""
    uri = f"{spec.output_prefix}/{name}"
    try:
        return await blobs.get(uri, limit_bytes=limit_bytes)
    except NotFound:
        return None
    except InvalidInput as error:
        raise Unreadable(str(error)) from error
