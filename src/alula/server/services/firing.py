"""A firing: the cause of a trigger starts a run, once, or is refused for a reason that is kept.

The name of the run follows from plan and cause. It is launched in the transaction that notes the firing, so that a
cause starts one run at whichever point a process dies, and however often it is told.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, AlulaError, FailedPrecondition, ResourceExhausted
from alula.core.ids import EntityId, ExecutionId, triggered_name
from alula.core.policy.triggering import CAUSE, CHAIN, chain_in, chain_text, why_stopped
from alula.server import incidents
from alula.server.identity import Caller
from alula.server.services.executions import EAGER_LABEL
from alula.server.services.launch import create_execution, require_room, target_of
from alula.server.services.messages.names import identifier
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import FiringRecord, FiringState, TriggerRecord
from alula.server.store.triggers import Fired
from alula.server.trouble import passes

LAUNCHERS_MAX = 100
"""Most eager tasks inside each other that are looked at for the chain of a run."""
REASON_MAX_CHARS = 2_000
"""Of why nothing was started: what a client made up as the chain of a run may be long."""
INACTIVE = "TriggerInactive"

logger = logging.getLogger(__name__)


class Cause(msgspec.Struct, frozen=True):
    """The reason for which a trigger fires."""

    key: str
    """Tells it from all other causes of the trigger."""
    text: str
    chain: tuple[str, ...] = ()
    """The launch plans whose runs have led to it, each as `project/domain/name`."""
    run: ExecutionId | None = None
    seal: str = ""
    """As of a firing."""
    is_sent_again: bool = False
    """True if its sender tries again while there is no room for another run."""


async def fire(
    platform: Platform, trigger: TriggerRecord, cause: Cause, inputs: Callable[[], Awaitable[literals_pb2.LiteralMap]]
) -> FiringRecord:
    """Start the run of a cause, with inputs that can be made or are refused. Returns what became of it if it was dealt
    with before.

    Raises the refusal, which is noted then. Nothing is noted of trouble that passes, and of a plan that was deactivated
    meanwhile (`FailedPrecondition` code `TriggerInactive`).
    """
    plan = trigger.plan
    known = await platform.store.triggers.firing(*plan[:3], cause.key, seal=cause.seal)
    if known is not None:
        return known
    name = triggered_name(*plan[:3], cause.key)
    started = FiringRecord(
        plan, cause.key, cause.text, platform.clock(), FiringState.STARTED, run=name, by_run=cause.run, seal=cause.seal
    )

    async def keep(execution: ExecutionRecord, event: bytes, audit: Audit) -> bool:
        return await _note(platform, started, launch=Launch(execution, event, audit)) is Fired.DONE

    caller = Caller(trigger.principal)
    try:
        if stopped := why_stopped(cause.chain, _plan_text(plan), chain_max=platform.triggers.chain_max):
            raise FailedPrecondition("TriggerLoop", stopped)
        request = _request(plan, name, await inputs())
        await require_room(platform, await target_of(platform, caller, request.spec.launch_plan))
        marks = {CAUSE: cause.text, CHAIN: chain_text((*cause.chain, _plan_text(plan)))}
        await create_execution(platform, caller, request, keep=keep, marks=marks)
    except AlreadyExists:
        return await _dealt_with(platform, started)
    except AlulaError as error:
        may_pass = passes(error) or (cause.is_sent_again and isinstance(error, ResourceExhausted))
        if not may_pass and error.code != INACTIVE:
            await _refuse(platform, started, f"{error.code}: {error.message}")
        raise
    except Exception as error:
        id = incidents.report(error, f"at the trigger of launch plan {plan}")
        await _refuse(platform, started, f"{incidents.INTERNAL}: the platform failed; incident {id}")
        raise
    logger.info("launch plan %s was triggered: %s starts %s", plan, cause.text, name)
    return started


async def chain_of(platform: Platform, run: ExecutionRecord) -> tuple[str, ...]:
    """The launch plans whose runs have led to a run, its own at the end.

    A run that a node starts has the annotations of its parent. One that an eager task calls has its parent's name.
    """
    chain = list[str]()
    for _ in range(LAUNCHERS_MAX):
        spec = execution_pb2.ExecutionSpec.FromString(run.spec)
        chain[:0] = (*chain_in(spec.annotations.values), _plan_text(run.launch_plan))
        launcher = spec.labels.values.get(EAGER_LABEL)
        parent = await platform.store.executions.get(run.id._replace(name=launcher)) if launcher else None
        if parent is None:
            break
        run = parent
    return tuple(dict.fromkeys(chain))


def _request(plan: EntityId, name: str, inputs: literals_pb2.LiteralMap) -> execution_pb2.ExecutionCreateRequest:
    request = execution_pb2.ExecutionCreateRequest(project=plan.project, domain=plan.domain, name=name, inputs=inputs)
    request.spec.launch_plan.CopyFrom(identifier("launch_plan", plan))
    request.spec.metadata.mode = execution_pb2.ExecutionMetadata.TRIGGER
    return request


async def _dealt_with(platform: Platform, started: FiringRecord) -> FiringRecord:
    """What another process has noted meanwhile. A run that an earlier firing has started, which is kept no more, is
    noted again."""
    if await _note(platform, started) is Fired.SEEN:
        known = await platform.store.triggers.firing(*started.plan[:3], started.cause, seal=started.seal)
        return known or started
    return started


async def _refuse(platform: Platform, started: FiringRecord, why: str) -> None:
    refused = msgspec.structs.replace(started, state=FiringState.REFUSED, run="", detail=why[:REASON_MAX_CHARS])
    logger.warning("trigger of launch plan %s: %s starts nothing: %s", started.plan, started.told, why)
    await _note(platform, refused)


async def _note(platform: Platform, firing: FiringRecord, *, launch: Launch | None = None) -> Fired:
    """Keep a firing. Raises `TriggerInactive`."""
    outcome = await platform.store.triggers.fire(firing, launch=launch)
    if outcome is Fired.INACTIVE:
        raise FailedPrecondition(INACTIVE, f"the trigger of launch plan `{firing.plan}` is not active any more")
    return outcome


def _plan_text(plan: EntityId) -> str:
    return "/".join(plan[:3])
