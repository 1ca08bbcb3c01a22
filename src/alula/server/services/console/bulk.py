"""One action on many runs: each is done or refused by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.errors import AlulaError, InvalidInput
from alula.core.ids import ExecutionId, Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.abort import terminate_execution
from alula.server.services.executions import update_execution
from alula.server.services.launch import relaunch_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform

RUNS_MAX = 1_000
BulkAction = Literal["abort", "archive", "unarchive", "relaunch"]
_RIGHTS = {"abort": Action.STEER, "archive": Action.STEER, "unarchive": Action.STEER, "relaunch": Action.LAUNCH}


class Bulk(msgspec.Struct, forbid_unknown_fields=True):
    """An action on runs of one domain."""

    action: BulkAction
    names: list[str]
    cause: str = ""
    """The reason of an abort."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the action on one run."""

    name: str
    code: str = ""
    """Empty if it was done."""
    message: str = ""
    launched: str = ""
    """The name of the run that a relaunch has launched."""


class Outcomes(msgspec.Struct, frozen=True):
    """In the order in which the runs were named."""

    outcomes: list[Outcome]


async def act_on_runs(platform: Platform, caller: Caller, place: Place, bulk: Bulk) -> Outcomes:
    """Each run is asked for its own right; so is the domain, at once."""
    await platform.require(caller, place, _RIGHTS[bulk.action])
    if not 1 <= len(bulk.names) <= RUNS_MAX:
        raise InvalidInput("InvalidParameter", f"`names` must be 1 to {RUNS_MAX} runs, not {len(bulk.names)}")
    act = _ACTS[bulk.action]
    outcomes = list[Outcome]()
    for name in dict.fromkeys(bulk.names):
        try:
            outcomes.append(await act(platform, caller, ExecutionId(*place, name), bulk.cause))
        except AlulaError as error:
            outcomes.append(Outcome(name, error.code, error.message))
    return Outcomes(outcomes)


async def _abort(platform: Platform, caller: Caller, id: ExecutionId, cause: str) -> Outcome:
    request = execution_pb2.ExecutionTerminateRequest(id=execution_identifier(id), cause=cause)
    await terminate_execution(platform, caller, request)
    return Outcome(id.name)


async def _archive(platform: Platform, caller: Caller, id: ExecutionId, _: str) -> Outcome:
    return await _put(platform, caller, id, execution_pb2.EXECUTION_ARCHIVED)


async def _unarchive(platform: Platform, caller: Caller, id: ExecutionId, _: str) -> Outcome:
    return await _put(platform, caller, id, execution_pb2.EXECUTION_ACTIVE)


async def _put(platform: Platform, caller: Caller, id: ExecutionId, state: execution_pb2.ExecutionState) -> Outcome:
    request = execution_pb2.ExecutionUpdateRequest(id=execution_identifier(id), state=state)
    await update_execution(platform, caller, request)
    return Outcome(id.name)


async def _relaunch(platform: Platform, caller: Caller, id: ExecutionId, _: str) -> Outcome:
    launched = await relaunch_execution(
        platform, caller, execution_pb2.ExecutionRelaunchRequest(id=execution_identifier(id))
    )
    return Outcome(id.name, launched=launched.name)


_ACTS: dict[BulkAction, Callable[[Platform, Caller, ExecutionId, str], Awaitable[Outcome]]] = {
    "abort": _abort,
    "archive": _archive,
    "unarchive": _unarchive,
    "relaunch": _relaunch,
}
