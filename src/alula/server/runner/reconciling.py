"""The agreement of an executor with the attempts that should run, also if it fails at one of them.

It does not say at which, and it stops those that it is not told of. So it is asked for ever fewer at a time, with all
others spared, until the one is found that it fails at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.executor import AttemptSpec, Executor
from alula.server.runner.again import RETRY_S
from alula.server.trouble import passes

TRIES = 5

Reconcile = Callable[[Sequence[AttemptSpec]], Awaitable[None]]
Broke = Callable[[AttemptSpec, Exception], None]


async def reconcile(
    executor: Executor,
    expected: Sequence[AttemptSpec],
    *,
    owner: str,
    later: Sequence[AttemptId] = (),
    broke: Broke,
) -> None:
    """Tell the executor of all attempts that should run, and `broke` of those that it fails at. Those that are
    submitted `later` go on if they run.

    Raises the executor's own errors, which come up whichever attempts it is told of, after some tries.
    """
    spared = [*later, *(spec.id for spec in expected)]

    async def of_some(specs: Sequence[AttemptSpec]) -> None:
        await executor.reconcile(specs, owner=owner, spared=spared)

    try:
        await executor.reconcile(expected, owner=owner, spared=later)
    except Exception as error:  # noqa: BLE001  (whatever it is, the executor may do better with fewer)
        incidents.report(error, "while the executor was told of all attempts; it is told of fewer at a time now")
        await _tried(of_some)
        await _narrowed(of_some, expected, broke)


async def _tried(of_some: Reconcile) -> None:
    """Make sure that the executor works at all, without any attempt to fail at."""
    for left in reversed(range(TRIES)):
        try:
            await of_some([])
        except Exception as error:
            if not left:
                raise
            incidents.report(error, "while the executor was told of no attempt; it is asked again")
            await asyncio.sleep(RETRY_S)
        else:
            return


async def _narrowed(of_some: Reconcile, specs: Sequence[AttemptSpec], broke: Broke) -> None:
    try:
        await of_some(specs)
    except Exception as error:
        if passes(error):
            raise
        if len(specs) == 1:
            broke(specs[0], error)
            return
        middle = len(specs) // 2
        await _narrowed(of_some, specs[:middle], broke)
        await _narrowed(of_some, specs[middle:], broke)
